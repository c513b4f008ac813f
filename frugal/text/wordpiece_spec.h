// Everything that defines a WordPiece tokenizer, as its files say it; readers make it, the writer takes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/text/added_tokens.h"
#include "frugal/text/bert_normalizer.h"
#include "frugal/text/template.h"
#include "frugal/text/tokenizer_json.h"

namespace frugal {

// What tokenizer_config.json names; an empty name: no such token.
struct SpecialNames {
  std::string cls = "[CLS]", sep = "[SEP]", mask = "[MASK]", pad = "[PAD]", unk = "[UNK]", bos, eos;
};

struct WordPieceSpec {
  std::string where;                // the file, for errors
  std::vector<std::string> pieces;  // by id
  std::vector<AddedToken> added;    // some are pieces too; others continue the ids after the last piece
  BertRules rules;
  std::string prefix = "##";  // of pieces inside a word
  uint32_t most_chars = 100;  // longer words are unknown
  Template around;
  std::string decoder_prefix = "##";
  bool decodes_wordpiece = true;  // false: pieces are joined by spaces as they are
  bool cleans_up = true;          // decode takes out blanks before punctuation and short forms
  SpecialNames names;
  int max_length = 0;  // 0: not said
};

// tokenizer.json of the `tokenizers` library with a WordPiece model. `where` names it in errors; the special
// tokens' names and the length limit are not in this file (see read_tokenizer_config).
WordPieceSpec parse_wordpiece_json(TokenizerJson file, const std::string& where);

// vocab.txt: one piece a line, the id is the line's number from 0. Lines end in LF, CR LF or CR.
std::vector<std::string> parse_vocab_txt(std::string_view text);

// Reads folder/tokenizer.json, or vocab.txt and what tokenizer_config.json says about it. The second form is
// for callers who have parsed tokenizer.json already.
WordPieceSpec read_wordpiece_folder(const std::string& folder);
WordPieceSpec read_wordpiece_folder(const std::string& folder, TokenizerJson tokenizer_json);

// Writes vocab.txt, tokenizer_config.json and tokenizer.json, which Hugging Face's AutoTokenizer and the
// `tokenizers` library load to the same ids. Fields used: rules, prefix, most_chars, names, max_length,
// cleans_up; the template is BERT's. Throws when a special token is not among the pieces, or a piece cannot
// stand in a line.
void write_wordpiece_folder(const std::string& folder, const std::vector<std::string>& pieces,
                            const WordPieceSpec& settings);

}  // namespace frugal
