#include "frugal/text/wordpiece.h"

#include "frugal/base/error.h"
#include "frugal/io/json.h"

namespace frugal {

WordPiece::WordPiece(Vocab vocab, const std::string& unknown, const std::string& prefix, uint32_t most_chars,
                     const std::string& where)
    : vocab_(std::move(vocab)),
      inside_(vocab_.trie().walk(PieceTrie::kRoot, prefix)),
      has_inside_(prefix.empty() || inside_ != PieceTrie::kRoot),
      most_chars_(most_chars) {
  const auto id = vocab_.id_of(unknown);
  if (!id)
    throw Error(where, "the vocabulary lacks the unknown token " + in_quotes(unknown),
                "add it, or name another one as \"unk_token\"");
  unknown_ = *id;
}

void WordPiece::append(const Word& word, std::vector<int32_t>& ids, std::vector<Span>* offsets) const {
  const size_t before = ids.size();
  const size_t size = word.bytes.size();
  size_t at = 0;
  if (word.too_long) at = size + 1;
  while (at < size) {
    PieceTrie::Match piece;
    if (at == 0) {
      piece = vocab_.trie().longest(PieceTrie::kRoot, word.bytes);
    } else if (has_inside_) {
      piece = vocab_.trie().longest(inside_, word.bytes.substr(at));
    }
    if (piece.number == PieceTrie::kNone) break;
    ids.push_back(piece.number);
    if (offsets) offsets->emplace_back(word.sources[at].first, word.sources[at + piece.size - 1].second);
    at += piece.size;
  }
  if (at == size) return;
  ids.resize(before);
  ids.push_back(unknown_);
  if (!offsets) return;
  offsets->resize(before);
  offsets->push_back(word.source);
}

}  // namespace frugal
