#include "frugal/io/json_parsers.h"

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

TEST(Json, BothParsersReadTheSame) {
  for (const char* text :
       {"null", " [1, -2, 0, -0, 0.0, -0.0, 1e3, 2.5e-310, 0.1, 123456789012345678901e-5]",
        "[9223372036854775807, 9223372036854775808, 18446744073709551615, -9223372036854775808]",
        "{\"\": {}, \"b\": [[], {\"a\": [true, false]}], \"a\\u0000b\\n\": \"\\ud83d\\ude00\\/\\\\\"}"}) {
    const auto quick = parse_json_quickly(text, nullptr, {});
    ASSERT_TRUE(quick) << text;
    const Json careful = parse_json_carefully(text, "f", {});
    EXPECT_EQ(quick->json, careful);
    EXPECT_EQ(to_text(quick->json), to_text(careful));
  }
}

TEST(Json, TheQuickParserLeavesTheRestToTheOther) {
  for (const char* text :
       {"", "{", "[1, ]", "{\"a\": 1, \"a\": 1}", "[1] 2", "\"\xFF\"", "\"\\ud800\"", "\"\\udc00\"", "\"\n\"",
        "01", "1e999", "\xEF\xBB\xBF[]", "[18446744073709551616]"})
    EXPECT_FALSE(parse_json_quickly(text, nullptr, {})) << text;
  EXPECT_TRUE(parse_json_quickly("[[{}]]", nullptr, {.depth = 3}));
  EXPECT_FALSE(parse_json_quickly("[[{}]]", nullptr, {.depth = 2}));
  EXPECT_EQ(parse_json("[18446744073709551616]", "f"), Json({18446744073709551616.0}));
}

TEST(Json, KeepsMembersApart) {
  const std::string text = R"({"m": {"v": {"b": 1, "a": [2], "c": {"v": 3}}, "w": 4}, "v": {"c": 5}})";
  const auto [json, members] = parse_json_apart(text, "f", {"m", "v"});
  EXPECT_EQ(json, parse_json(R"({"m": {"v": {}, "w": 4}, "v": {"c": 5}})", "f"));
  EXPECT_EQ(members, (JsonMembers{{"b", 1}, {"a", Json::array({2})}, {"c", {{"v", 3}}}}));
  EXPECT_EQ(parse_json_apart(R"({"b": 1, "a": 2})", "f", {}).members, (JsonMembers{{"b", 1}, {"a", 2}}));
  for (const char* without : {"[]", "{}", R"({"m": {"v": [1]}})", R"({"m": [{"v": {"a": 1}}]})"}) {
    EXPECT_EQ(parse_json_apart(without, "f", {"m", "v"}).json, parse_json(without, "f"));
    EXPECT_TRUE(parse_json_apart(without, "f", {"m", "v"}).members.empty());
  }
  EXPECT_ERROR(parse_json_apart(R"({"m": {"v": {"a": {"x": 1, "x": 2}}}})", "f", {"m", "v"}),
               "\"x\" is given twice");
  EXPECT_ERROR(parse_json_apart(R"({"a": 1, "b": 2, "\u0061": 3})", "f", {}),
               "f:1:25: the key \"a\" is given twice");
  // A text that only the careful parser takes.
  const auto careful = parse_json_apart("\xEF\xBB\xBF{\"m\": {\"b\": 1, \"a\": 2}}", "f", {"m"});
  EXPECT_EQ(careful.json, parse_json(R"({"m": {}})", "f"));
  EXPECT_EQ(careful.members, (JsonMembers{{"a", 2}, {"b", 1}}));
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
