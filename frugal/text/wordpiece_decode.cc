// WordPieceTokenizer::decode: pieces to text, as the library's WordPiece decoder.
#include "frugal/text/wordpiece_tokenizer.h"

namespace frugal {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// English punctuation and short forms, one piece at a time.
void clean_up(std::string& piece) {
  if (piece.find(' ') == std::string::npos) return;
  constexpr std::string_view kRules[][2] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& rule : kRules) replace_all(piece, rule[0], rule[1]);
}

}  // namespace

std::string WordPieceTokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string text;
  bool first = true;
  for (const int32_t id : ids) {
    std::string piece(piece_of(id));
    if (skip_special && special_id_[static_cast<size_t>(id)]) continue;
    if (!first) {
      if (spec_.decodes_wordpiece && piece.starts_with(spec_.decoder_prefix)) {
        piece.erase(0, spec_.decoder_prefix.size());
      } else {
        piece.insert(0, 1, ' ');
      }
    }
    if (spec_.decodes_wordpiece && spec_.cleans_up) clean_up(piece);
    text += piece;
    first = false;
  }
  return text;
}

}  // namespace frugal
