#include "frugal/shrink/augment.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "frugal/base/random.h"

namespace frugal {
namespace {

// The pieces that spell a WordPiece token, itself not among them; empty when there are none.
std::vector<int32_t> spelling_of(int32_t token, const Tokenizer& tokenizer,
                                 const std::vector<int32_t>& kept) {
  constexpr std::string_view kInside = "##";
  std::string_view word = tokenizer.piece_of(token);
  const bool inside = word.size() > kInside.size() && word.starts_with(kInside);
  if (inside) word.remove_prefix(kInside.size());
  std::vector<int32_t> pieces;
  for (size_t begin = 0; begin < word.size();) {
    size_t length = word.size() - begin - (begin == 0);
    for (; length > 0; --length) {
      std::string piece(begin > 0 || inside ? kInside : "");
      piece += word.substr(begin, length);
      const std::optional<int32_t> id = tokenizer.id_of(piece);
      if (!id || !std::binary_search(kept.begin(), kept.end(), *id)) continue;
      pieces.push_back(*id);
      break;
    }
    if (length == 0) return {};
    begin += length;
  }
  return pieces;
}

}  // namespace

Sequence spelled_copy(const Sequence& text, const Tokenizer& tokenizer, const std::vector<int32_t>& kept,
                      double chance, Random& random) {
  Sequence copy;
  for (size_t i = 0; i < text.ids.size(); ++i) {
    std::vector<int32_t> pieces;
    if (!tokenizer.special_ids().is_bert(text.ids[i]) && random.uniform() < chance)
      pieces = spelling_of(text.ids[i], tokenizer, kept);
    if (pieces.empty()) pieces = {text.ids[i]};
    copy.ids.insert(copy.ids.end(), pieces.begin(), pieces.end());
    copy.types.insert(copy.types.end(), pieces.size(), text.types[i]);
  }
  return copy;
}

std::vector<Sequence> noisy_copies(const std::vector<Sequence>& texts, const SpecialIds& special,
                                   const Augmentation& augmentation, uint64_t seed) {
  std::vector<int32_t> words;  // every token of the texts: a draw follows their frequency
  for (const Sequence& text : texts)
    for (int32_t id : text.ids)
      if (!special.is_bert(id)) words.push_back(id);
  std::vector<Sequence> copies;
  if (words.empty()) return copies;
  for (int64_t copy = 0; copy < augmentation.copies; ++copy) {
    Random random(seed, "noisy copy " + std::to_string(copy));
    for (const Sequence& text : texts) {
      Sequence noisy;
      int64_t left =
          std::count_if(text.ids.begin(), text.ids.end(), [&](int32_t id) { return !special.is_bert(id); });
      for (size_t i = 0; i < text.ids.size(); ++i) {
        int32_t id = text.ids[i];
        if (!special.is_bert(id)) {
          const double draw = random.uniform();
          if (draw < augmentation.drop && left > 1) {
            --left;
            continue;
          }
          if (draw >= 1 - augmentation.exchange) id = words[random.below(words.size())];
        }
        noisy.ids.push_back(id);
        noisy.types.push_back(text.types[i]);
      }
      copies.push_back(std::move(noisy));
    }
  }
  return copies;
}

}  // namespace frugal
