// SentencePieceTokenizer::decode: pieces to text, as the sentencepiece library.
#include "frugal/text/sentencepiece_tokenizer.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

// Bytes of characters without a piece; each byte that belongs to none becomes U+FFFD.
void append_bytes(std::string& text, std::string& bytes) {
  const char* end = bytes.data() + bytes.size();
  for (const char* at = bytes.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    append_utf8(text, c.code);
    at += c.valid ? c.size : 1;
  }
  bytes.clear();
}

}  // namespace

std::string SentencePieceTokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  const SentencePieceRules& rules = spec_.model.rules;
  std::string text, bytes;
  bool took_blank = false;  // the one before the first word
  for (const int32_t id : ids) {
    std::string_view piece = piece_of(id);
    const auto index = static_cast<size_t>(id);
    const bool is_model = index < spec_.model.pieces.size();
    if (is_model && spec_.model.pieces[index].type == SentencePiece::byte) {
      bytes += static_cast<char>(byte_of_piece(piece));
      continue;
    }
    append_bytes(text, bytes);
    if (id == spec_.model.unknown_id) {
      text += skip_special ? spec_.model.unknown_surface : piece;
    } else if (special_id_[index] || !is_model) {
      if (!skip_special || !special_id_[index]) text += piece;
    } else {
      if (text.empty() && !took_blank && (rules.dummy_prefix || rules.remove_extra_blanks) &&
          piece.starts_with(kBlankMark)) {
        piece.remove_prefix(kBlankMark.size());
        took_blank = !rules.remove_extra_blanks;
      }
      for (size_t at = 0; (at = piece.find(kBlankMark)) != std::string_view::npos;) {
        text.append(piece, 0, at) += ' ';
        piece.remove_prefix(at + kBlankMark.size());
      }
      text += piece;
    }
  }
  append_bytes(text, bytes);
  if (!denormalizer_) return text;
  std::string out;
  denormalizer_->normalize(text, SentencePieceNormalizer::At::start, out, nullptr);
  return out;
}

}  // namespace frugal
