#include "frugal/generate/text_stream.h"

#include <gtest/gtest.h>

#include <array>

#include "frugal/base/error.h"
#include "frugal/base/random.h"

namespace frugal {
namespace {

// A token a byte; 256 is special. Broken bytes read as U+FFFD, as tokenizers give them.
class Bytes : public Tokenizer {
 public:
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override {
    std::string text, whole;
    for (int32_t id : ids) {
      if (id >= vocab_size()) throw Error("", "no token");
      if (id < 256) text += static_cast<char>(id);
      if (id == 256 && !skip_special) text += "<end>";
    }
    for (size_t i = 0; i < text.size();) {
      const auto lead = static_cast<uint8_t>(text[i]);
      const size_t n = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      whole += i + n <= text.size() ? text.substr(i, n) : "\xEF\xBF\xBD";
      i += n;
    }
    return whole;
  }
  int vocab_size() const override { return 257; }
  std::optional<int32_t> id_of(std::string_view) const override { return {}; }
  std::string_view piece_of(int32_t) const override { return {}; }

 protected:
  void append_tokens(std::string_view text, size_t, bool, Encoding& out) const override {
    for (char c : text) out.ids.push_back(static_cast<uint8_t>(c));
  }
};

std::vector<int32_t> bytes_of(std::string_view text) {
  std::vector<int32_t> ids;
  for (char c : text) ids.push_back(static_cast<uint8_t>(c));
  return ids;
}

std::vector<std::string> pieces(std::string_view text, std::vector<std::string> stops) {
  TextStream stream(std::make_shared<Bytes>(), std::move(stops));
  const std::vector<int32_t> ids = bytes_of(text);
  std::vector<std::string> pieces;
  for (size_t n = 1; n <= ids.size(); ++n) pieces.push_back(stream.update(std::span(ids).first(n)));
  pieces.push_back(stream.finish(ids));
  return pieces;
}

TEST(TextStream, GivesWholeCharacters) {
  EXPECT_EQ(pieces("aé€𝄞", {}), (std::vector<std::string>{"a", "", "é", "", "", "€", "", "", "", "𝄞", ""}));
}

TEST(TextStream, BrokenBytesComeAtTheEnd) {
  EXPECT_EQ(pieces("a\xE2\x82", {}), (std::vector<std::string>{"a", "", "", "\xEF\xBF\xBD"}));
}

TEST(TextStream, HoldsBackWhatMayBeAStop) {
  EXPECT_EQ(pieces("xababc!", {"abc"}), (std::vector<std::string>{"x", "", "", "ab", "", "", "", ""}));
  EXPECT_EQ(pieces("xab", {"abc"}), (std::vector<std::string>{"x", "", "", "ab"}));
}

TEST(TextStream, PiecesAreTheWholeText) {
  Random random(1, "text stream");
  const Bytes tokenizer;
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (uint64_t n = random.below(30); n > 0; --n)
      text += std::array<const char*, 5>{"a", "b", "é", "€", "\n"}[random.below(5)];
    const std::vector<std::string> stops{"ab", "é€", "aab"};
    std::string joined;
    for (const std::string& piece : pieces(text, stops)) joined += piece;
    EXPECT_EQ(joined, text.substr(0, stop_position(text, stops)));
  }
}

TEST(TextStream, StopTestSeesStopsAcrossTokens) {
  EXPECT_FALSE(make_stop_test(nullptr, {}));
  const StopTest stop = make_stop_test(std::make_shared<Bytes>(), {"end", "\n"});
  EXPECT_TRUE(stop(bytes_of("the end")));
  EXPECT_TRUE(stop(bytes_of("a\n")));
  EXPECT_FALSE(stop(bytes_of("the en")));
}

TEST(TextStream, IdsBeyondTheTokenizerHaveNoText) {
  std::vector<int32_t> ids = bytes_of("ab");
  ids.push_back(256);
  ids.push_back(5000);
  EXPECT_EQ(generated_text(Bytes(), ids), "ab");
}

}  // namespace
}  // namespace frugal
