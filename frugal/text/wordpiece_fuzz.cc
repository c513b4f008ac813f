// Any bytes as text: no crash, offsets inside the text, fewer tokens than bytes allow, the fast way equals
// the slow.
#include <cstdint>
#include <memory>

#include "frugal/text/tokenizer_fuzz.h"
#include "frugal/text/wordpiece_tokenizer.h"

namespace {

using namespace frugal;
using namespace frugal::fuzz;

std::unique_ptr<const WordPieceTokenizer> make(bool clean, bool lower, bool added) {
  WordPieceSpec spec;
  spec.pieces = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ",",        ".",        "\u4e2d", "ab",
                 "##ab",  "abc",   "un",    "##un",  "\u1112", "##\u1161", "##\u11ab", "\u00e9", "##\u0307"};
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    spec.pieces.push_back(std::string(1, letter));
    spec.pieces.push_back(std::string("##") + letter);
  }
  spec.rules.clean_text = clean;
  spec.rules.lower_case = lower;
  spec.most_chars = 20;
  for (int32_t id = 0; id < 5; ++id) {
    AddedToken token;
    token.id = id;
    token.content = spec.pieces[static_cast<size_t>(id)];
    token.left_strip = id == 4;
    spec.added.push_back(token);
  }
  if (added) {
    AddedToken token;
    token.id = static_cast<int32_t>(spec.pieces.size());
    token.content = "\u00c9a";
    token.normalized = token.single_word = token.right_strip = true;
    spec.added.push_back(token);
  }
  spec.around = Template::bert(2, 3);
  return std::make_unique<const WordPieceTokenizer>(std::move(spec));
}

}  // namespace

// The first byte chooses the tokenizer and the limit.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto tokenizers = [] {
    std::vector<std::unique_ptr<const WordPieceTokenizer>> all;
    for (int i = 0; i < 8; ++i) all.push_back(make(i & 1, i & 2, i & 4));
    return all;
  }();
  if (size == 0) return 0;
  const WordPieceTokenizer& tokenizer = *tokenizers[data[0] & 7];
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);

  const Encoding whole = check_encodings(tokenizer, text, 3 + (data[0] >> 4));
  tokenizer.decode(whole.ids, data[0] & 8);
  return 0;
}
