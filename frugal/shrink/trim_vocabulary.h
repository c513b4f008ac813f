// Drops the pieces that the training text never uses. Every character stays, alone and as a continuation, so
// any text that could be tokenized still can; a dropped word is spelled in smaller pieces.
//
// BANKING77 uses about 2,300 of 30,522 pieces; with the characters 4,300 stay, and half of MiniLM's bytes go.
// Texts to come hold words that the training text lacks: keeping the commonest pieces too saves most of what
// that costs.
#pragma once

#include <string>
#include <vector>

#include "frugal/data/batch.h"
#include "frugal/shrink/student.h"
#include "frugal/text/tokenizer.h"

namespace frugal {

// The ids that stay, rising: those in `sequences`, special tokens, single characters, and the first `common`
// ids, which are the commonest pieces where a vocabulary is sorted by frequency, as BERT's are.
std::vector<int32_t> pieces_to_keep(const Tokenizer& tokenizer, const std::vector<Sequence>& sequences,
                                    int32_t common);

// The model with only these rows of its word embedding. Works on quantized weights too.
Student trim_vocabulary(const Model& model, const Store& store, const std::vector<int32_t>& kept);

// Whether write_trimmed_tokenizer knows the kind: WordPiece. A byte-level BPE would lose merges with its
// pieces.
bool can_trim(const Tokenizer& tokenizer);

// Writes the tokenizer that belongs to it: `source` is the folder of the full one.
void write_trimmed_tokenizer(const std::string& folder, const std::string& source,
                             const std::vector<int32_t>& kept);

}  // namespace frugal
