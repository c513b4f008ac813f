#include "frugal/text/bpe_tokenizer.h"

#include <fmt/format.h>

#include "frugal/base/error.h"

namespace frugal {
namespace {

AddedTokens finder(const BpeSpec& spec, bool normalized) {
  std::vector<AddedToken> tokens;
  std::vector<std::string> patterns;
  for (const AddedToken& token : spec.added) {
    if (token.normalized != normalized) continue;
    patterns.push_back(token.content);
    tokens.push_back(token);
  }
  return {std::move(tokens), patterns};
}

}  // namespace

BpeTokenizer::BpeTokenizer(BpeSpec spec)
    : spec_(std::move(spec)),
      model_(spec_),
      vocab_(std::move(spec_.pieces), spec_.where),
      raw_(finder(spec_, false)),
      normalized_(finder(spec_, true)),
      special_id_(static_cast<size_t>(vocab_.size())) {
  spec_.pieces.clear();
  spec_.merges = {};
  for (const AddedToken& token : spec_.added)
    if (token.special) special_id_[static_cast<size_t>(token.id)] = true;
  for (const auto* items : {&spec_.around.single, &spec_.around.pair})
    for (const TemplateItem& item : *items)
      if (item.kind == TemplateItem::special && (item.id < 0 || item.id >= vocab_size()))
        throw Error(spec_.where,
                    fmt::format("the template adds token {}, the vocabulary has {}", item.id, vocab_size()));
  template_ = spec_.around;
  special_ = spec_.special;
  max_length_ = spec_.max_length;
}

std::string_view BpeTokenizer::piece_of(int32_t id) const {
  if (id < 0 || id >= vocab_size())
    throw Error("", fmt::format("token id {} is out of range; the vocabulary has {}", id, vocab_size()));
  return vocab_.piece(id);
}

}  // namespace frugal
