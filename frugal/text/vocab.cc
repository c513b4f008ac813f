#include "frugal/text/vocab.h"

#include <fmt/format.h>

#include "frugal/base/error.h"
#include "frugal/base/string_order.h"
#include "frugal/io/json.h"
#include "frugal/text/utf8.h"

namespace frugal {

Vocab::Vocab(std::vector<std::string> pieces, const std::string& where) : pieces_(std::move(pieces)) {
  if (pieces_.empty()) throw Error(where, "the vocabulary is empty");
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (!is_utf8(pieces_[i]))
      throw Error(where, fmt::format("piece {} is not UTF-8: {}", i, in_quotes(pieces_[i])));
    if (pieces_[i].empty()) empty_id_ = static_cast<int32_t>(i);
  }
  std::vector<std::pair<std::string_view, int32_t>> numbered;
  numbered.reserve(pieces_.size());
  for (const uint32_t i :
       string_order(pieces_.size(), [&](size_t i) { return std::string_view(pieces_[i]); })) {
    if (!numbered.empty() && numbered.back().first == pieces_[i])
      throw Error(where, fmt::format("the piece {} is there twice, with ids {} and {}", in_quotes(pieces_[i]),
                                     numbered.back().second, i));
    numbered.emplace_back(pieces_[i], static_cast<int32_t>(i));
  }
  trie_ = PieceTrie(std::move(numbered));
}

std::optional<int32_t> Vocab::id_of(std::string_view piece) const {
  const int32_t id = piece.empty() ? empty_id_ : trie_.find(piece);
  if (id < 0) return std::nullopt;
  return id;
}

}  // namespace frugal
