#include "frugal/data/table_examples.h"

#include <gtest/gtest.h>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

using Texts = std::vector<std::string>;

Examples read(const std::string& name, const std::string& text, const ColumnOptions& options = {},
              bool labels_required = true) {
  const test::TempFolder folder;
  write_file(folder / name, text);
  return read_examples(folder / name, options, labels_required);
}

TEST(Examples, OneText) {
  const Examples examples = read("a.tsv", "sentence\tlabel\nHi there\t greet \n\tbye\n");
  EXPECT_EQ(examples.text, (Texts{"Hi there", ""}));  // an empty text is one
  EXPECT_EQ(examples.label, (Texts{"greet", "bye"}));
  EXPECT_EQ(examples.line, (std::vector<int64_t>{2, 3}));
  EXPECT_FALSE(examples.has_pair);
  EXPECT_TRUE(examples.text_pair.empty());
}

TEST(Examples, Pairs) {
  const Examples examples =
      read("a.jsonl", "{\"premise\":\"p\",\"hypothesis\":\"h\",\"label\":1,\"idx\":0}\n");
  EXPECT_TRUE(examples.has_pair);
  EXPECT_EQ(examples.text, (Texts{"p"}));
  EXPECT_EQ(examples.text_pair, (Texts{"h"}));
  EXPECT_EQ(examples.label, (Texts{"1"}));
}

TEST(Examples, WithoutLabels) {
  EXPECT_TRUE(read("a.tsv", "text\na\nb\n", {}, false).label.empty());
  EXPECT_EQ(read("a.txt", "hello\nworld\n", {}, false).text, (Texts{"hello", "world"}));
  EXPECT_EQ(read("a.tsv", "text\tlabel\na\tx\n", {}, false).label, (Texts{"x"}));
  EXPECT_ERROR(read("a.tsv", "text\na\nb\n"), "a.tsv: there is no label column; the columns: \"text\"");
  EXPECT_ERROR(read("a.tsv", "text\na\nb\n"), "--label-column");
}

TEST(Examples, ErrorsNameTheLine) {
  EXPECT_ERROR(read("a.tsv", "text\tlabel\na\tx\nb\t \n"), "a.tsv:3: the label is empty");
  EXPECT_ERROR(read("a.tsv", "text\tlabel\na\tx\nb\n"), "a.tsv:3: has 1 column");
  EXPECT_ERROR(read("a.jsonl", "{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\"}\n"),
               "a.jsonl:2: has no text at \"label\"");
  EXPECT_ERROR(read("a.tsv", "text\tlabel\n"), "a.tsv: holds a header and no rows");
  EXPECT_ERROR(read("a.tsv", "label\ttext\na\tx\n" + std::string(1001, 'y') + "\tb\n"),
               "a.tsv:3: the label has 1001 bytes, the limit is 1000");
}

// The data of the demo, whole: 10,003 questions of 77 intents.
TEST(Examples, Banking77) {
  const std::string path = std::string(FRUGAL_SOURCE_DIR) + "/examples/banking77/train.tsv";
  const Examples examples = read_examples(path, {}, true);
  EXPECT_EQ(examples.size(), 10003);
  EXPECT_EQ(examples.label[0], "card_arrival");
  EXPECT_EQ(examples.text[0], "I am still waiting on my card?");
  EXPECT_EQ(examples.line.back(), 10004);
}

}  // namespace
}  // namespace frugal
