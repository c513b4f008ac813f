#include "frugal/text/piece_model.h"

#include <cstring>

#include "frugal/text/mark_bpe.h"
#include "frugal/text/unigram.h"

namespace frugal {

std::unique_ptr<const PieceModel> PieceModel::make(const SentencePieceModel& model) {
  if (model.kind == SentencePieceModel::unigram) return std::make_unique<Unigram>(model);
  return std::make_unique<MarkBpe>(model);
}

Segments::Segments(const std::vector<SentencePiece>& pieces) {
  for (const SentencePiece& piece : pieces) {
    std::string_view rest = piece.text;
    while (rest.starts_with(kBlankMark)) rest.remove_prefix(kBlankMark.size());
    whole_text_ |= rest.find(kBlankMark) != std::string_view::npos;
  }
}

size_t Segments::end(std::string_view text, size_t begin) const {
  if (whole_text_) return text.size();
  const auto is_mark = [&](size_t at) { return text.compare(at, kBlankMark.size(), kBlankMark) == 0; };
  size_t at = begin;
  while (is_mark(at)) at += kBlankMark.size();
  while (at < text.size()) {
    const void* hit = std::memchr(text.data() + at, kBlankMark[0], text.size() - at);
    if (!hit) break;
    at = static_cast<size_t>(static_cast<const char*>(hit) - text.data());
    if (is_mark(at)) return at;
    ++at;
  }
  return text.size();
}

}  // namespace frugal
