#include "frugal/data/table.h"

#include <gtest/gtest.h>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

using Cells = std::vector<Cell>;

Table tsv(std::string_view text, const TableLimits& limits = {}) {
  return parse_table(text, TableFormat::tsv, "f.tsv", limits);
}
Table csv(std::string_view text, const TableLimits& limits = {}) {
  return parse_table(text, TableFormat::csv, "f.csv", limits);
}
Table json(std::string_view text) { return parse_table(text, TableFormat::json_lines, "f.jsonl"); }

TEST(Table, TsvTakesQuotesAsText) {
  const Table table =
      tsv("\xEF\xBB\xBF"
          "a\t\"b\r\n\n\"c, d\t\n\t\xC3\xA9");
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].cells, (Cells{"a", "\"b"}));
  EXPECT_EQ(table.rows[1].cells, (Cells{"\"c, d", ""}));
  EXPECT_EQ(table.rows[2].cells, (Cells{"", "\xC3\xA9"}));
  EXPECT_EQ(table.rows[1].line, 3);
  EXPECT_EQ(table.rows[2].line, 4);
}

TEST(Table, CsvQuotes) {
  const Table table = csv("a,b,c\r\n\"x, y\",\"say \"\"hi\"\"\",\r\n\"two\nlines\",,\"\"\n1,2,3");
  ASSERT_EQ(table.rows.size(), 4u);
  EXPECT_EQ(table.rows[1].cells, (Cells{"x, y", "say \"hi\"", ""}));
  EXPECT_EQ(table.rows[2].cells, (Cells{"two\nlines", "", ""}));
  EXPECT_EQ(table.rows[3].line, 5);
  EXPECT_ERROR(csv("a,b\n\"x,y\nz,1\n"), "f.csv:2: a quotation mark is not closed within the file");
  EXPECT_ERROR(csv("a,b\nx\"y,1\n,\",2\n"),
               "f.csv:2: column 1 has a quotation mark but does not start with one");
  EXPECT_ERROR(csv("a,b\n\"x\"y,1"), "f.csv:2: column 1 goes on behind its closing quotation mark");
}

TEST(Table, JsonLines) {
  const Table table = json(
      "{\"b\": \"x\", \"a\": 1}\n\n{\"a\": 2.5, \"c\": 0}\n{\"a\": true, \"b\": "
      "[1]}\n{\"b\":\"\\n\",\"a\":null}\n");
  EXPECT_EQ(table.keys, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(table.rows.size(), 4u);
  EXPECT_EQ(table.rows[0].cells, (Cells{"1", "x"}));
  EXPECT_EQ(table.rows[1].cells, (Cells{"2.5", std::nullopt}));
  EXPECT_EQ(table.rows[2].cells, (Cells{"true", std::nullopt}));
  EXPECT_EQ(table.rows[3].cells, (Cells{std::nullopt, "\n"}));
  EXPECT_EQ(table.rows[3].line, 5);
  EXPECT_ERROR(json("{\"a\": 1}\n{\"a\" 1}"), "f.jsonl:2: is not valid JSON");
  EXPECT_ERROR(json("{\"a\": 1}\n{\"a\" 1}"), "(column 6)");
  EXPECT_ERROR(json("[{\"a\": 1}]"), "jq -c");
  EXPECT_ERROR(json("{\"a\": 1}\n7\n"), "f.jsonl:2: is no JSON object");
  EXPECT_ERROR(json("{}"), "f.jsonl:1: is an empty JSON object");
  EXPECT_ERROR(json("{\"a\": 1, \"a\": 2}"), "given twice");
  EXPECT_ERROR(json("{\"a\": \"x\\u0000y\"}"), "f.jsonl:1: holds a NUL character");
}

TEST(Table, RefusesBadBytesByLine) {
  EXPECT_ERROR(tsv(""), "f.tsv: is empty");
  EXPECT_ERROR(tsv("\n\r\n\n"), "f.tsv: holds no rows");
  EXPECT_ERROR(tsv("a\tb\nc\td\ne\n"), "f.tsv:3: has 1 column, the first row has 2");
  EXPECT_ERROR(tsv("a\tb\nc\td\te\n"), "f.tsv:2: has 3 columns, the first row has 2");
  EXPECT_ERROR(tsv("a\tb\nc\xFF\td\n"), "f.tsv:2: is not valid UTF-8 (byte 2 of the row, 0xff)");
  EXPECT_ERROR(tsv("a\tb\nc\td\xE2\x82"), "f.tsv:2: is not valid UTF-8");
  EXPECT_ERROR(csv("a,b\n\"x\n\xC0\xAF\",d\n"), "f.csv:3: is not valid UTF-8");
  EXPECT_ERROR(tsv(std::string_view("a\tb\nc\0\td\n", 9)), "f.tsv:2: holds a NUL byte (byte 2 of the row)");
  EXPECT_ERROR(tsv(std::string_view("\xFF\xFE"
                                    "a\0",
                                    4)),
               "is UTF-16");
}

TEST(Table, KeepsTheLimits) {
  EXPECT_ERROR(tsv("a\tb\n" + std::string(10'000'000, 'x') + "\tb\n"),
               "f.tsv:2: the line is longer than 1,048,576 bytes");
  EXPECT_ERROR(tsv(std::string(10'000'000, 'x')), "f.tsv:1: the line is longer than");
  const std::string longest(size_t{1} << 20, 'x');
  EXPECT_EQ(tsv(longest + "\r\n" + longest).rows.size(), 2u);
  EXPECT_ERROR(tsv(longest + "x\n"), "longer than");
  EXPECT_ERROR(csv("\"" + std::string(10'000'000, '\n')),
               "f.csv:1: a quotation mark is not closed within 1,048,578 bytes");
  EXPECT_ERROR(csv(longest + "\nx,\n", {.line_bytes = 100}), "f.csv:1: the line is longer than 100 bytes");
  EXPECT_ERROR(tsv("abc", {.bytes = 2}), "f.tsv: has 3 B, the limit is 2 B");
  EXPECT_ERROR(tsv(std::string(1000, '\t')), "f.tsv:1: has 1001 columns, the limit is 1000");
  EXPECT_ERROR(tsv("a\tb\nc\td\n", {.cells = 3}), "f.tsv:2: there are more than 3 cells");
}

TEST(Table, FormatByNameElseContent) {
  EXPECT_EQ(table_format("x/A.TSV", "a,b"), TableFormat::tsv);
  EXPECT_EQ(table_format("a.csv", "a\tb"), TableFormat::csv);
  EXPECT_EQ(table_format("a.jsonl", ""), TableFormat::json_lines);
  EXPECT_EQ(table_format("a.json", ""), TableFormat::json_lines);
  EXPECT_EQ(table_format("a.csv/data", "{\"a\": 1}"), TableFormat::json_lines);
  EXPECT_EQ(table_format("data.txt", "one, two\tx\n"), TableFormat::tsv);
  EXPECT_EQ(table_format("data.txt", "a,b\nc\td"), TableFormat::csv);
  EXPECT_EQ(table_format("data.txt", "words"), TableFormat::tsv);
}

TEST(Table, ReadsFiles) {
  const test::TempFolder folder;
  write_file(folder / "a.csv", "a,b\n\"c\",d\n");
  EXPECT_EQ(read_table(folder / "a.csv").rows[1].cells, (Cells{"c", "d"}));
  EXPECT_ERROR(read_table(folder / "none.tsv"), "none.tsv");
  EXPECT_ERROR(read_table(folder.path()), folder.path());
}

}  // namespace
}  // namespace frugal
