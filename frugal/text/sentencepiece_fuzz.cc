// Any bytes as a SentencePiece model and a text: a clear Error, or tokens inside the text and the vocabulary.
//
// The first byte chooses a small built-in model and the text is the rest; or, where its lowest bit is set,
// the next two are the size of a model file that follows, with the text after it.
#include <cstdint>
#include <memory>

#include "frugal/base/error.h"
#include "frugal/text/sentencepiece_tokenizer.h"
#include "frugal/text/testing.h"
#include "frugal/text/tokenizer_fuzz.h"

namespace {

using namespace frugal;
using namespace frugal::fuzz;

SentencePieceSpec spec_of(SentencePieceModel model) {
  SentencePieceSpec spec;
  spec.where = "fuzz";
  spec.model = std::move(model);
  return spec;
}

SentencePieceSpec built_in(int choice) {
  SentencePieceModel model =
      test::model_of(choice & 2 ? SentencePieceModel::bpe : SentencePieceModel::unigram,
                     {"\u2581", "e", "\u2581a", "ab", "a", "b", "\u2581ab", "2,", "00,", "0", "2", ",", ".",
                      "\u4e2d", "\u00e9", "\""});
  if (choice & 4) {
    for (int byte = 0; byte < 256; ++byte)
      model.pieces.push_back({fmt::format("<0x{:02X}>", byte), 0, SentencePiece::byte});
    model.byte_fallback = true;
    model.rules.remove_extra_blanks = false;
  }
  SentencePieceSpec spec = spec_of(std::move(model));
  if (choice & 8) {
    spec.cleanup = {true, true, true, (choice & 16) != 0};
    spec.splits_comma_off_digits = true;
    spec.every_stretch_starts = false;
    AddedToken token;
    token.id = static_cast<int32_t>(spec.model.pieces.size());
    token.content = "<x>";
    token.left_strip = true;
    spec.added.push_back(token);
  }
  return spec;
}

void use(const SentencePieceTokenizer& tokenizer, std::string_view text) {
  const Encoding whole = tokenizer.encode(text, {.offsets = true});
  require(whole.ids == tokenizer.encode(text).ids);
  require(whole.offsets.size() == whole.size());
  uint32_t last = 0;
  for (const auto& [begin, end] : whole.offsets) {
    require(begin <= end && end <= text.size() && last <= begin);
    last = begin;
  }
  tokenizer.decode(whole.ids, true);
  tokenizer.decode(whole.ids, false);
  const size_t most = text.size() % 7 + 1;
  const Encoding cut = tokenizer.encode(text, {.max_length = static_cast<int>(most)});
  require(cut.size() == std::min(most, whole.size()) && cut.truncated == (cut.size() < whole.size()));
  for (size_t i = 0; i < cut.size(); ++i) require(cut.ids[i] == whole.ids[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto tokenizers = [] {
    std::vector<std::unique_ptr<const SentencePieceTokenizer>> all;
    for (int choice = 0; choice < 32; choice += 2)
      all.push_back(std::make_unique<const SentencePieceTokenizer>(built_in(choice)));
    return all;
  }();
  if (size < 3) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    if (data[0] & 1) {
      const size_t model = std::min<size_t>(text.size() - 2, data[1] | data[2] << 8);
      const SentencePieceModel parsed = parse_sentencepiece_model(text.substr(2, model), "fuzz");
      use(SentencePieceTokenizer(spec_of(parsed)), text.substr(2 + model));
    } else {
      use(*tokenizers[data[0] / 2 % 16], text);
    }
  } catch (const Error&) {
  }
  return 0;
}
