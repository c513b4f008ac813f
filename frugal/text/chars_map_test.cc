#include "frugal/text/chars_map.h"

#include <gtest/gtest.h>

#include "frugal/io/testing.h"
#include "frugal/text/testing.h"

namespace frugal {
namespace {

std::string little_endian(uint32_t value) {
  std::string bytes(4, '\0');
  for (int i = 0; i < 4; ++i) bytes[static_cast<size_t>(i)] = static_cast<char>(value >> (8 * i));
  return bytes;
}

// A double array by hand: rules "a" -> "x" and "ab" -> "yz".
constexpr uint32_t kChildren = 256;
std::string map_of(std::vector<std::pair<uint32_t, uint32_t>> changes = {},
                   std::string replacements = std::string("x\0yz\0", 5)) {
  std::vector<uint32_t> units(3 * 256);
  const auto node = [](uint32_t at, uint8_t byte, uint32_t children, bool ends) {
    return (at ^ children) << 10 | uint32_t{ends} << 8 | byte;
  };
  units[0] = kChildren << 10;
  units[kChildren ^ 'a'] = node(kChildren ^ 'a', 'a', 512, true);
  units[512] = 1u << 31 | 0;  // "x"
  units[512 ^ 'b'] = node(512 ^ 'b', 'b', 513, true);
  units[513] = 1u << 31 | 2;  // "yz"
  for (const auto& [at, unit] : changes) units[at] = unit;
  std::string compiled = little_endian(static_cast<uint32_t>(units.size() * 4));
  for (const uint32_t unit : units) compiled += little_endian(unit);
  return compiled + replacements;
}

TEST(CharsMap, TheLongestRuleCounts) {
  const CharsMap map(map_of(), "m");
  EXPECT_EQ(map.longest("ab").replacement, "yz");
  EXPECT_EQ(map.longest("abc").size, 2u);
  EXPECT_EQ(map.longest("ac").replacement, "x");
  EXPECT_EQ(map.longest("ac").size, 1u);
  EXPECT_EQ(map.longest("b").size, 0u);
  EXPECT_EQ(map.longest("").size, 0u);
  EXPECT_TRUE(map.goes_on('a', 'b'));
  EXPECT_FALSE(map.goes_on('a', 'a'));
  EXPECT_FALSE(map.goes_on('b', 'a'));
  EXPECT_EQ(CharsMap().longest("a").size, 0u);
  EXPECT_TRUE(CharsMap("", "m").empty());
}

void expect_refusal(const std::string& compiled, const char* message) {
  const std::string error = test::error_of([&] { CharsMap(compiled, "m.model"); });
  EXPECT_NE(error.find("m.model: the map of characters is damaged: "), std::string::npos) << error;
  EXPECT_NE(error.find(message), std::string::npos) << error;
}

TEST(CharsMap, RefusesDamage) {
  const std::string good = map_of();
  expect_refusal("abc", "cut short");
  expect_refusal(good.substr(0, 1000), "3072 bytes of rules, 996 are there");
  expect_refusal(little_endian(0) + good.substr(4), "0 bytes");
  expect_refusal(little_endian(7) + good.substr(4), "7 bytes");
  expect_refusal(little_endian(0xffffffff) + good.substr(4), "4294967295 bytes");
  expect_refusal(good.substr(0, good.size() - 1), "no end");
  expect_refusal(map_of({}, std::string("x\0", 2) + std::string(300, 'y') + '\0'), "more than 256 bytes");
  expect_refusal(map_of({}, std::string("\xff\0\0\0", 4)), "not UTF-8");
  expect_refusal(map_of({{513, 2}}), "has no replacement");                                  // a node
  expect_refusal(map_of({{513, 1u << 31 | 5}}), "has no replacement");                       // beyond the end
  expect_refusal(map_of({{512 ^ 'b', 5000u << 10 | 1u << 8 | 'b'}}), "has no replacement");  // number outside
  expect_refusal(map_of({{513, 1u << 31 | 3}}, std::string("x\0\xc3\xa9\0", 5)),
                 "has no replacement");  // half an e
}

TEST(CharsMap, AWildPointerEndsTheSearch) {
  const CharsMap map(map_of({{kChildren ^ 'a', 0x1fffffu << 10 | 'a'}}), "m");
  EXPECT_EQ(map.longest("ab").size, 0u);
  EXPECT_FALSE(map.goes_on('a', 'b'));
}

}  // namespace
}  // namespace frugal
