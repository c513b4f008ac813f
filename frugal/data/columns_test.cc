#include "frugal/data/columns.h"

#include <gtest/gtest.h>

#include "frugal/io/testing.h"

namespace frugal {
namespace {

// "header text pair label", columns from 1, 0 for none.
std::string chosen(const std::string& text, const ColumnOptions& options = {}, bool labels_required = true) {
  const Columns c = choose_columns(parse_table(text, TableFormat::tsv, "f"), options, labels_required, "f");
  return std::string(c.header ? "header" : "rows") + " " + std::to_string(c.text + 1) + " " +
         std::to_string(c.text_pair.value_or(-1) + 1) + " " + std::to_string(c.label.value_or(-1) + 1);
}

TEST(Columns, GuessesByName) {
  EXPECT_EQ(chosen("sentence\tlabel\na\tx\n"), "header 1 0 2");
  EXPECT_EQ(chosen("Intent\tUtterance\nx\ta\n"), "header 2 0 1");
  EXPECT_EQ(chosen("idx\tsentence1\tsentence2\tlabel\n0\ta\tb\tx\n"), "header 2 3 4");
  EXPECT_EQ(chosen("label\thypothesis\tpremise\nx\ta\tb\n"), "header 3 2 1");
  EXPECT_EQ(chosen("id\tqid1\tquestion1\tquestion2\tis_duplicate\n0\t1\ta\tb\t1\n"), "header 3 4 5");
  EXPECT_EQ(chosen("index\tquestion\tsentence\tlabel\n0\ta\tb\tentailment\n"), "header 2 3 4");
  EXPECT_EQ(chosen("text\tscore\tlabel\na\t1\tx\n"), "header 1 0 3");  // label goes before score
  EXPECT_EQ(chosen("id\tfoo\tlabel\n1\ta\tx\n"), "header 2 0 3");      // the one that is left is the text
  EXPECT_EQ(chosen("text\tkind\na\tx\n"), "header 1 0 2");             // ... or the label
  EXPECT_EQ(chosen("\ttext\tlabel\n0\ta\tx\n"), "header 2 0 3");       // pandas' row numbers
}

TEST(Columns, OptionsGoFirst) {
  EXPECT_EQ(chosen("text\tlabel\tfine\na\tx\ty\n", {.label = "fine"}), "header 1 0 3");
  EXPECT_EQ(chosen("s1\ts2\ty\na\tb\tx\n", {.text = "s1", .text_pair = "s2", .label = "y"}), "header 1 2 3");
  EXPECT_EQ(chosen("a b\tc d\tx y\n", {.text = "2", .text_pair = "1", .label = "3"}), "rows 2 1 3");
  EXPECT_EQ(chosen("foo\tbar\na b\tc d\n", {.text = "bar", .label = "foo"}), "header 2 0 1");
  EXPECT_EQ(chosen("text\tlabel\na\tx\n", {.header = false}), "rows 2 0 1");
  EXPECT_ERROR(chosen("text\tlabel\na\tx\n", {.label = "intent"}),
               "f: there is no column \"intent\" for --label-column; the columns: \"text\", \"label\"");
  EXPECT_ERROR(chosen("text\tlabel\na\tx\n", {.text = "9"}), "no column \"9\"");
  EXPECT_ERROR(chosen("text\tlabel\na\tx\n", {.text = "label", .label = "label"}), "one column cannot");
}

TEST(Columns, WithoutHeader) {
  EXPECT_EQ(chosen("where is it\tcard\nmy card\tcard\nhow much\tfee\n"), "rows 1 0 2");
  EXPECT_EQ(chosen("0\tbad film\n1\tgood film\n0\tdull\n"), "rows 2 0 1");
  EXPECT_EQ(chosen("a long text\tx\n"), "rows 1 0 2");  // all distinct: the shorter
  EXPECT_EQ(chosen("hello\nworld\n", {}, false), "rows 1 0 0");
  EXPECT_ERROR(chosen("a b\tc d\tx\ne f\tg h\ty\n"),
               "cannot tell which column is the text; the columns, by number: \"1\"");
}

TEST(Columns, HeaderOrNot) {
  EXPECT_EQ(chosen("utterance_de\tkategorie\na\tx\nb\tx\n", {.text = "1"}), "header 1 0 2");
  // A first row that looks like names, but its words come again below.
  EXPECT_EQ(chosen("What?\tquestion\nSo.\tstatement\nWho?\tquestion\n"), "rows 1 0 2");
  EXPECT_EQ(chosen("hello\tgreeting\nbye\tfarewell\nhi\tgreeting\nciao\tfarewell\n"), "rows 1 0 2");
  EXPECT_EQ(chosen("great\t1\nbad\t0\ngood\t1\n"), "rows 1 0 2");
}

TEST(Columns, AsksWhereItIsUnclear) {
  EXPECT_ERROR(chosen("foo\tbar\tlabel\na\tb\tx\n"),
               "cannot tell which column is the text; the columns: \"foo\"");
  EXPECT_ERROR(chosen("text\tfoo\tbar\na\tb\tx\n"),
               "there is no label column; the columns: \"text\", \"foo\", \"bar\"");
}

}  // namespace
}  // namespace frugal
