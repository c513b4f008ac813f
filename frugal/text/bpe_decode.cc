// BpeTokenizer::decode: pieces to bytes to text, as the library's ByteLevel decoder.
#include "frugal/text/bpe_tokenizer.h"
#include "frugal/text/byte_alphabet.h"
#include "frugal/text/utf8.h"

namespace frugal {
std::string BpeTokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string out;
  for (const int32_t id : ids) {
    const std::string_view piece = piece_of(id);
    if (skip_special && special_id_[static_cast<size_t>(id)]) continue;
    if (!spec_.decodes_bytes && !out.empty()) out += ' ';
    // A piece with characters that stand for no byte is an added token: text as it is.
    const auto bytes = spec_.decodes_bytes ? chars_to_bytes(piece) : std::nullopt;
    out += bytes ? std::string_view(*bytes) : piece;
  }
  return is_utf8(out) ? out : repair_utf8(out);
}

}  // namespace frugal
