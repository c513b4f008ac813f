// More texts to distil on: copies of the given ones with words dropped or exchanged. The teacher labels them,
// so they need not mean anything; a student of two layers learns the teacher's function from them, where on
// the given texts alone it soon repeats the labels. TinyBERT (Jiao et al. 2020, arXiv 1909.10351) exchanges
// words by a language model; this exchanges them for any word of the texts, which costs nothing.
//
// And some words are spelled in smaller pieces, while the teacher reads them whole (dropping pieces of
// WordPiece as Hiraoka 2022, arXiv 2209.04126, does): with a trimmed vocabulary the student meets new words
// only so.
#pragma once

#include <vector>

#include "frugal/base/random.h"
#include "frugal/data/batch.h"
#include "frugal/text/tokenizer.h"

namespace frugal {

struct Augmentation {
  int64_t copies = 2;     // of each text
  double drop = 0.1;      // chance of a token to be left out
  double exchange = 0.1;  // and of another to become one drawn from all texts
  double spell = 0.2;     // and of one to be spelled, for students alone; WordPiece only
};

// Copy c of text i is element c * texts.size() + i. Special tokens stay, and one other token at least.
std::vector<Sequence> noisy_copies(const std::vector<Sequence>& texts, const SpecialIds& special,
                                   const Augmentation& augmentation, uint64_t seed);

// The copy as a student reads it: each token but the special ones is spelled, with that chance, by the
// longest of the `kept` pieces that are not the token itself. A token that cannot be spelled so stays.
Sequence spelled_copy(const Sequence& text, const Tokenizer& tokenizer, const std::vector<int32_t>& kept,
                      double chance, Random& random);

}  // namespace frugal
