// Everything that defines a byte-level BPE tokenizer, as its files say it; readers make it, the writer takes
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "frugal/text/added_tokens.h"
#include "frugal/text/template.h"
#include "frugal/text/tokenizer.h"
#include "frugal/text/tokenizer_json.h"

namespace frugal {

struct BpeMerge {
  int32_t left, right, result;
};

struct BpeSpec {
  std::string where;                // the file, for errors
  std::vector<std::string> pieces;  // by id, in the byte alphabet (byte_alphabet.h); added ones as they stand
  std::vector<BpeMerge> merges;     // the first is made first
  std::vector<AddedToken> added;    // each is one of the pieces
  int32_t unknown = -1;             // for bytes without a piece; -1: they vanish
  bool fuse_unknown = false;        // one for a row of such bytes
  bool ignore_merges = false;       // a word that is a piece stays whole, whatever the merges say
  bool composes = false;            // text is brought into Unicode's form C (NFC) first
  bool splits = true;               // by a pattern; false: what lies between added tokens is one word
  int most_digits = 0;              // 0: by GPT-2's; else by GPT-4's, with so many digits in a number
  bool prefix_space = false;        // a blank before each stretch of text that begins without one
  bool trim_offsets = false;        // offsets leave out blanks ...
  bool trim_keeps_first = false;    // ... but for a single one that begins the text
  bool decodes_bytes = true;        // false: pieces are joined by blanks as they are
  Template around;
  SpecialIds special;
  int max_length = 0;  // 0: not said
};

// The pattern of BpeSpec::most_digits as tokenizer.json writes it.
std::string split_pattern(int most_digits);

// tokenizer.json of the `tokenizers` library with a BPE model over bytes. The special tokens' roles and the
// length limit are not in this file.
BpeSpec parse_bpe_json(const TokenizerJson& file, const std::string& where);

// Reads folder/tokenizer.json (`tokenizer_json`, parsed), or vocab.json with merges.txt
// and what tokenizer_config.json, special_tokens_map.json and added_tokens.json say about them.
BpeSpec read_bpe_folder(const std::string& folder, const TokenizerJson& tokenizer_json);

// Pieces by id from a vocabulary {"piece": id} and the added tokens that fill its gaps or continue it.
std::vector<std::string> pieces_by_id(const JsonMembers& vocab, const std::vector<AddedToken>& added,
                                      const std::string& where);

// The same from vocab.json.
std::vector<std::string> read_vocab_json(const std::string& path, const std::vector<AddedToken>& added);

// The id of each piece. The pieces must stay where they are.
class PieceIds {
 public:
  explicit PieceIds(const std::vector<std::string>& pieces);
  int32_t find(std::string_view piece) const;  // -1: not there

 private:
  std::unordered_map<std::string_view, int32_t> ids_;
};

// Finds the ids of merges as they are read.
class MergeReader {
 public:
  // `place` names the merge of a number in errors.
  MergeReader(const PieceIds& ids, std::function<std::string(size_t)> place);
  void add(std::string_view left, std::string_view right, size_t number);
  void add_line(std::string_view line, size_t number);  // "left right"
  std::vector<BpeMerge> take() { return std::move(merges_); }

 private:
  const PieceIds& ids_;
  std::function<std::string(size_t)> place_;
  std::vector<BpeMerge> merges_;
  std::string joined_;
};

// merges.txt: two pieces a line; lines that start with "#version" and empty ones do not count.
std::vector<BpeMerge> parse_merges_txt(std::string_view text, const PieceIds& ids, const std::string& where);

// "merges" of a BPE model in tokenizer.json: ["a b", ...] or [["a", "b"], ...]. Refuses a model that merges
// in another way: with dropout, or with marks inside words.
std::vector<BpeMerge> read_json_merges(const Json& model, const PieceIds& ids, const std::string& where);

// Writes vocab.json, merges.txt, tokenizer_config.json and tokenizer.json, which Hugging Face's AutoTokenizer
// and the `tokenizers` library load to the same ids.
void write_bpe_folder(const std::string& folder, const BpeSpec& spec);

}  // namespace frugal
