#include "frugal/text/compose.h"

#include <gtest/gtest.h>

#include "frugal/base/error.h"

namespace frugal {
namespace {

using Parts = std::vector<std::pair<size_t, size_t>>;

TEST(Compose, MarksJoinTheirLetter) {
  EXPECT_EQ(compose("e\u0301a"), "\u00e9a");
  EXPECT_EQ(compose("e\u0302\u0323"), "\u1ec7");  // brought into order first
  EXPECT_EQ(compose("\u1112\u1161\u11ab"), "\ud55c");
  EXPECT_EQ(compose("\u0958"), "\u0915\u093c");  // excluded from composition
  EXPECT_EQ(compose(""), "");
  EXPECT_THROW(compose("\xff"), Error);
}

TEST(Compose, KnowsWhatIsComposed) {
  for (const char* text : {"", "plain", "\u00e9", "\u4e2d\ud55c", "q\u0307"}) EXPECT_TRUE(is_composed(text));
  for (const char* text : {"e\u0301", "\u212b", "\u0958", "\u4e2d\xff", "a\xcc"})
    EXPECT_FALSE(is_composed(text)) << text;
}

TEST(Compose, PartsComposeAlone) {
  EXPECT_EQ(composed_parts("ae\u0301x"), (Parts{{0, 1}, {1, 4}, {4, 5}}));
  EXPECT_EQ(composed_parts("\u1112\u1161\u11ab\u1112"), (Parts{{0, 9}, {9, 12}}));
  EXPECT_EQ(composed_parts(""), Parts{});
  for (const std::string text : {"q\u0307\u0323e\u0301", "\u09c7\u09be\u09be", "\u0301a\u0301\u0301"}) {
    std::string joined;
    for (const auto& [begin, end] : composed_parts(text)) joined += compose(text.substr(begin, end - begin));
    EXPECT_EQ(joined, compose(text));
  }
}

}  // namespace
}  // namespace frugal
