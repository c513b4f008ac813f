#include "frugal/base/string_order.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "frugal/base/random.h"

namespace frugal {
namespace {

TEST(StringOrder, IsThatOfAStableSort) {
  using namespace std::string_literals;
  std::vector<std::string> strings{"",           "b",   "abcdefgh", "abcdefg", "abcdefghi",
                                   "abcdefg\0"s, "\0"s, "\xff",     "b",       ""};
  Random random(1, "strings");
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (auto left = random.below(12); left > 0; --left)
      text += static_cast<char>(
          "\0\x01"
          "ab\x80\xff"[random.below(6)]);
    strings.push_back(text);
  }
  for (const size_t count : {size_t{10}, size_t{255}, size_t{256}, strings.size()}) {
    std::vector<uint32_t> expected(count);
    std::iota(expected.begin(), expected.end(), 0);
    std::stable_sort(expected.begin(), expected.end(),
                     [&](uint32_t a, uint32_t b) { return strings[a] < strings[b]; });
    EXPECT_EQ(string_order(count, [&](size_t i) { return std::string_view(strings[i]); }), expected);
  }
  EXPECT_TRUE(string_order(0, [](size_t) { return std::string_view(); }).empty());
}

}  // namespace
}  // namespace frugal
