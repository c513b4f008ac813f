// Any bytes as text: no crash, offsets inside the text, a cut is the beginning of the whole, decoding gives
// the text back, the table of whole words changes nothing.
#include <cstdint>
#include <memory>

#include "frugal/text/bpe_tokenizer.h"
#include "frugal/text/byte_alphabet.h"
#include "frugal/text/tokenizer_fuzz.h"

namespace {

using namespace frugal;
using namespace frugal::fuzz;

BpeSpec spec_of(bool prefix, bool trims, bool splits) {
  BpeSpec spec;
  for (int byte = 0; byte < 256; ++byte)
    spec.pieces.push_back(bytes_to_chars(std::string(1, static_cast<char>(byte))));
  const std::pair<const char*, const char*> merges[] = {
      {"a", "b"},           {"\u0120", "a"},      {"b", "c"}, {"ab", "c"},  {"a", "bc"},
      {"\u0120", "ab"},     {"\u0120ab", "c"},    {"a", "a"}, {"aa", "aa"}, {"aa", "a"},
      {"\u00c3", "\u00a9"}, {"\u0120", "\u0120"}, {"'", "s"}, {"1", "2"}};
  for (const auto& [a, b] : merges)
    if (PieceIds(spec.pieces).find(std::string(a) + b) < 0) spec.pieces.push_back(std::string(a) + b);
  const PieceIds ids(spec.pieces);
  for (const auto& [a, b] : merges)
    spec.merges.push_back({ids.find(a), ids.find(b), ids.find(std::string(a) + b)});
  for (const char* content : {"<s>", "</s>", "<mask>", "x y"}) {
    AddedToken token;
    token.id = static_cast<int32_t>(spec.pieces.size());
    token.content = content;
    token.left_strip = token.content == "<mask>";
    token.normalized = token.single_word = token.content == "x y";
    spec.pieces.emplace_back(content);
    spec.added.push_back(token);
  }
  spec.around = Template::roberta(spec.added[0].id, spec.added[1].id);
  spec.prefix_space = prefix;
  spec.trim_offsets = trims;
  spec.trim_keeps_first = prefix;
  spec.splits = splits;
  return spec;
}

}  // namespace

// The first byte chooses the tokenizer and the limit.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto tokenizers = [] {
    std::vector<std::unique_ptr<const BpeTokenizer>> all;
    for (int i = 0; i < 8; ++i)
      all.push_back(std::make_unique<const BpeTokenizer>(spec_of(i & 1, i & 2, i & 4)));
    return all;
  }();
  static const Bpe model(spec_of(false, false, true));
  if (size == 0) return 0;
  const BpeTokenizer& tokenizer = *tokenizers[data[0] & 7];
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);

  check_encodings(tokenizer, text, 4 + (data[0] >> 4));
  const std::string back = tokenizer.decode(tokenizer.encode(text, {.special_tokens = false}).ids, false);
  // Blanks go where a token takes them along, and one comes where a prefix is put.
  if (!(data[0] & 1) && text.find("<mask>") == text.npos) require(back == repair_utf8(text));

  if (!text.empty()) {
    std::vector<int32_t> ids, merged;
    model.append(text, text.data() + text.size(), ids, nullptr);
    model.append_merged(text, merged, nullptr);
    require(ids == merged);
  }
  return 0;
}
