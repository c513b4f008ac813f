// tokenizer.json of the `tokenizers` library with a Unigram model, or BPE over blank marks.
#pragma once

#include <string>

#include "frugal/text/sentencepiece_spec.h"
#include "frugal/text/tokenizer_json.h"

namespace frugal {

// The pipeline is read for what it stands for, the rules of a SentencePiece model, and those are followed:
// the same text gives the same ids as with the model's own file. A part that stands for none is refused by
// name. `unknown`: the unknown piece, where the model names none. Family and named tokens are not in this
// file.
SentencePieceSpec parse_sentencepiece_json(const TokenizerJson& file, const std::string& unknown,
                                           const std::string& where);

}  // namespace frugal
