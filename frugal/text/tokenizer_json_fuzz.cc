// Any bytes as tokenizer.json: a clear Error, or a tokenizer definition whose parts hang together.
#include <cstdint>
#include <cstdlib>

#include "frugal/base/error.h"
#include "frugal/text/bpe.h"
#include "frugal/text/vocab.h"
#include "frugal/text/wordpiece.h"
#include "frugal/text/wordpiece_spec.h"

namespace {

using namespace frugal;

void require_ids_and_pieces_agree(const Vocab& vocab) {
  for (int32_t id = 0; id < vocab.size(); ++id)
    if (vocab.id_of(vocab.piece(id)) != id) std::abort();
}

template <class Read>
void try_reading(Read&& read) {
  try {
    read();
  } catch (const Error&) {
  }
}

}  // namespace

// Without the tables of code points, which take milliseconds and hardly depend on the file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_reading([&] {
    const TokenizerJson file = parse_tokenizer_json(text, "fuzz");
    try_reading([&] {
      const WordPieceSpec spec = parse_wordpiece_json(file, "fuzz");
      const WordPiece model(Vocab(spec.pieces, "fuzz"), spec.names.unk, spec.prefix, spec.most_chars, "fuzz");
      require_ids_and_pieces_agree(model.vocab());
    });
    try_reading([&] {
      const BpeSpec spec = parse_bpe_json(file, "fuzz");
      const Bpe model(spec);
      require_ids_and_pieces_agree(Vocab(spec.pieces, "fuzz"));
      for (const AddedToken& token : spec.added)
        if (spec.pieces.at(static_cast<size_t>(token.id)) != token.content) std::abort();
    });
  });
  try_reading([&] { const Vocab vocab(parse_vocab_txt(text), "fuzz"); });
  return 0;
}
