#include "frugal/io/json.h"

#include <gtest/gtest.h>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

using test::TempFolder;

TEST(Json, ParsesAndWrites) {
  const TempFolder folder;
  const Json json = parse_json(
      "\xEF\xBB\xBF {\"b\": [1, -2, 2.5, null, true], \"a\": {\"\\u00e9\": \"\\ud83d\\ude00\"}} \n", "x");
  EXPECT_EQ(json["a"]["\xC3\xA9"], "\xF0\x9F\x98\x80");
  write_json(folder / "a.json", json);
  EXPECT_EQ(load_json(folder / "a.json"), json);
  EXPECT_EQ(to_text(Json{{"b", 1}, {"a", "\xFF"}}, -1), "{\"a\":\"\xEF\xBF\xBD\",\"b\":1}");
}

TEST(Json, ErrorsNameThePlace) {
  EXPECT_ERROR(parse_json("", "f.json"), "f.json:1:1: is not valid JSON");
  EXPECT_ERROR(parse_json("{\"a\": 1,\n  \"b\": x}", "f.json"), "f.json:2:8: is not valid JSON");
  EXPECT_ERROR(parse_json("{\"a\": 1} {", "f.json"), "f.json:1:10");
  EXPECT_ERROR(parse_json("[1e999]", "f.json"), "number overflow");
  EXPECT_ERROR(parse_json("\"\xFF\"", "f.json"), "f.json:1:2: is not valid JSON");
  EXPECT_ERROR(parse_json("\"\\ud800\"", "f.json"), "f.json:1:8");
  EXPECT_ERROR(parse_json("[NaN]", "f.json"), "f.json:1:2");
  EXPECT_ERROR(load_json("/no/such.json"), "/no/such.json: cannot read");
}

TEST(Json, RefusesWhatTheLibraryLetsThrough) {
  EXPECT_ERROR(parse_json("{\"a\": 1,\n \"a\": 2}", "f"), "f:2:4: the key \"a\" is given twice");
  EXPECT_ERROR(parse_json("{\"x\": {\"a\": 1, \"\\u0061\": 2}}", "f"), "the key \"a\" is given twice");
  EXPECT_NO_THROW(parse_json("{\"a\": {\"a\": [{\"a\": 1}, {\"a\": 1}]}, \"b\": {\"a\": 1}}", "f"));
  EXPECT_ERROR(parse_json(std::string_view("{}\0{]", 5), "f"), "f:1:3: is not valid JSON: it holds a NUL");
}

TEST(Json, KeepsTheLimits) {
  EXPECT_ERROR(parse_json("[1, 2]", "f", {.bytes = 5}), "f: has 6 bytes of JSON, the limit is 5");
  EXPECT_NO_THROW(parse_json("[{\"a\": 1}]", "f", {.depth = 2}));
  EXPECT_ERROR(parse_json("[{\"a\": []}]", "f", {.depth = 2}),
               "f:1:8: arrays and objects are nested deeper than 2");
  EXPECT_ERROR(parse_json(std::string(1000000, '['), "f"),
               "f:1:65: arrays and objects are nested deeper than 64");
}

TEST(Json, TypedAccess) {
  const Json json = parse_json(
      R"({"i": 12, "n": -3, "d": 0.5, "b": false, "s": "text", "l": ["a", "b"], "m": ["a", 1], "z": null,
          "w": 12.0, "big": 9223372036854775808, "o": {}})",
      "f");
  EXPECT_EQ(get_int(json, "i", "f"), 12);
  EXPECT_EQ(get_int(json, "n", "f", {-3, -3}), -3);
  EXPECT_ERROR(get_int(json, "n", "f", {1, 9}), "f: \"n\" must be between 1 and 9, got -3");
  EXPECT_ERROR(get_int(json, "big", "f"), "got 9223372036854775808");
  EXPECT_ERROR(get_int(json, "w", "f"), "\"w\" must be an integer, got number 12.0");
  EXPECT_ERROR(get_int(json, "s", "f"), "\"s\" must be an integer, got string \"text\"");
  EXPECT_ERROR(get_int(json, "z", "f"), "got null");
  EXPECT_ERROR(get_int(json, "none", "f"), "f: \"none\" is missing");
  EXPECT_ERROR(get_int(json["l"], "i", "f"), "expected an object, got array");
  EXPECT_EQ(get_double(json, "d", "f"), 0.5);
  EXPECT_EQ(get_double(json, "i", "f"), 12.0);
  EXPECT_ERROR(get_double(json, "b", "f"), "must be a number");
  EXPECT_FALSE(get_bool(json, "b", "f"));
  EXPECT_ERROR(get_bool(json, "i", "f"), "must be true or false");
  EXPECT_EQ(get_string(json, "s", "f"), "text");
  EXPECT_ERROR(get_string(json, "i", "f"), "must be a string");
  EXPECT_EQ(get_strings(json, "l", "f"), (std::vector<std::string>{"a", "b"}));
  EXPECT_ERROR(get_strings(json, "m", "f"), "must be a list of strings");
  EXPECT_TRUE(get_object(json, "o", "f").empty());
  EXPECT_ERROR(get_object(json, "l", "f"), "must be an object");
}

TEST(Json, FallbacksOnlyWhereNothingIsSaid) {
  const Json json = parse_json(R"({"z": null, "s": "text", "i": 1})", "f");
  EXPECT_EQ(get_int_or(json, "none", "f", 7), 7);
  EXPECT_EQ(get_int_or(json, "z", "f", 7), 7);
  EXPECT_EQ(get_int_or(json, "i", "f", 7), 1);
  EXPECT_ERROR(get_int_or(json, "s", "f", 7), "must be an integer");
  EXPECT_EQ(get_double_or(json, "none", "f", 0.25), 0.25);
  EXPECT_TRUE(get_bool_or(json, "none", "f", true));
  EXPECT_ERROR(get_bool_or(json, "s", "f", true), "must be true or false");
  EXPECT_EQ(get_string_or(json, "none", "f", "gelu"), "gelu");
  EXPECT_EQ(get_string_or(json, "s", "f", "gelu"), "text");
}

TEST(Json, QuotesNamesForTheTerminal) {
  EXPECT_EQ(in_quotes("a\x1b[31m\n"), "\"a\\u001b[31m\\n\"");
  EXPECT_EQ(in_quotes("\x7f"), "\"\\u007f\"");
  EXPECT_LT(in_quotes(std::string(10000, 'x')).size(), 110u);
}

}  // namespace
}  // namespace frugal
