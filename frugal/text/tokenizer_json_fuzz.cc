// Any bytes as tokenizer.json: a clear Error, or a tokenizer definition whose parts hang together.
#include <cstdint>
#include <cstdlib>

#include "frugal/base/error.h"
#include "frugal/text/vocab.h"
#include "frugal/text/wordpiece.h"
#include "frugal/text/wordpiece_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace frugal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    // Without the code point table, which takes milliseconds and does not depend on the file but for four
    // bits.
    const WordPieceSpec spec = parse_wordpiece_json(parse_json(text, "fuzz"), "fuzz");
    const WordPiece model(Vocab(spec.pieces, "fuzz"), spec.names.unk, spec.prefix, spec.most_chars, "fuzz");
    for (int32_t id = 0; id < model.vocab().size(); ++id)
      if (model.vocab().id_of(model.vocab().piece(id)) != id) std::abort();
  } catch (const Error&) {
  }
  try {
    const Vocab vocab(parse_vocab_txt(text), "fuzz");
  } catch (const Error&) {
  }
  return 0;
}
