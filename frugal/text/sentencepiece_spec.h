// Everything that defines a SentencePiece tokenizer, as its files and its family say; the reader makes it.
#pragma once

#include <string>
#include <vector>

#include "frugal/text/added_tokens.h"
#include "frugal/text/sentencepiece_model.h"
#include "frugal/text/spiece_cleanup.h"
#include "frugal/text/tokenizer.h"

namespace frugal {

struct SentencePieceSpec {
  std::string where;  // the file, for errors
  SentencePieceModel model;
  CleanupRules cleanup;
  // XLNet and ALBERT split a piece like "2000," again, without its comma (encode_pieces of their code).
  bool splits_comma_off_digits = false;
  // Whether text after an added token starts like a text, with the dummy blank ("legacy" T5 and Llama, and
  // what Transformers 5 does for T5). If not, blanks there are kept as they are written.
  bool every_stretch_starts = true;
  std::vector<AddedToken> added;  // some are pieces too; others continue the ids after the last piece
  Template around;
  SpecialIds special;
  int max_length = 0;  // 0: not said
};

}  // namespace frugal
