#include "frugal/text/vocab.h"

#include <fmt/format.h>

#include <algorithm>

#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/text/utf8.h"

namespace frugal {

Vocab::Vocab(std::vector<std::string> pieces, const std::string& where) : pieces_(std::move(pieces)) {
  if (pieces_.empty()) throw Error(where, "the vocabulary is empty");
  std::vector<std::pair<std::string_view, int32_t>> numbered;
  numbered.reserve(pieces_.size());
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (!is_utf8(pieces_[i]))
      throw Error(where, fmt::format("piece {} is not UTF-8: {}", i, in_quotes(pieces_[i])));
    numbered.emplace_back(pieces_[i], static_cast<int32_t>(i));
    if (pieces_[i].empty()) empty_id_ = static_cast<int32_t>(i);
  }
  std::sort(numbered.begin(), numbered.end());
  const auto twice = std::adjacent_find(numbered.begin(), numbered.end(),
                                        [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != numbered.end())
    throw Error(where, fmt::format("the piece {} is there twice, with ids {} and {}", in_quotes(twice->first),
                                   twice->second, std::next(twice)->second));
  trie_ = PieceTrie(std::move(numbered));
}

std::optional<int32_t> Vocab::id_of(std::string_view piece) const {
  const int32_t id = piece.empty() ? empty_id_ : trie_.find(piece);
  if (id < 0) return std::nullopt;
  return id;
}

}  // namespace frugal
