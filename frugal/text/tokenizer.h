// Text to token numbers and back: what every tokenizer offers, whatever its method.
//
// All members are const and may be called from any number of threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frugal/text/template.h"

namespace frugal {

// Which text of a pair gives way when both are too long.
enum class Truncation {
  longest_first,  // the longer one, then both alike (as Hugging Face's)
  first_only,
  second_only,
};

struct EncodeOptions {
  bool special_tokens = true;  // what the template adds: [CLS] text [SEP]
  int max_length = 0;          // tokens at most, the template's included; 0: no limit. Cut at the end.
  bool offsets = false;
  Truncation truncation = Truncation::longest_first;
};

struct Encoding {
  static constexpr uint8_t kFirst = 0, kSecond = 1, kTemplate = 255;

  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;  // 0 or 1: the model's segment
  std::vector<uint8_t> sources;   // kFirst or kSecond text, or kTemplate for a token that the template added
  // Bytes [first, second) of the original text of each token, when asked for; {0, 0} for the template's.
  std::vector<std::pair<uint32_t, uint32_t>> offsets;
  bool truncated = false;

  size_t size() const { return ids.size(); }
};

// -1: this tokenizer has none.
struct SpecialIds {
  int32_t cls = -1, sep = -1, mask = -1, pad = -1, unk = -1, bos = -1, eos = -1;
  // Whether an id >= 0 is one of BERT's five.
  bool is_bert(int32_t id) const { return id == cls || id == sep || id == mask || id == pad || id == unk; }
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Texts are UTF-8 of less than 4 GB; broken bytes read as U+FFFD (which BERT's clean_text drops), never an
  // error. Throws when max_length leaves no room beside the template.
  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding encode_pair(std::string_view first, std::string_view second,
                       const EncodeOptions& options = {}) const;

  // A text of any length in windows of at most max_length tokens, the template around each; each begins
  // `overlap` tokens before the end of the one before. Of a pair the second text is cut, the first is whole
  // in every window. Throws when that leaves no room for more than the overlap.
  std::vector<Encoding> windows(std::string_view text, const EncodeOptions& options, size_t overlap) const;
  std::vector<Encoding> pair_windows(std::string_view first, std::string_view second,
                                     const EncodeOptions& options, size_t overlap) const;

  // Throws on a number that is no token. The text need not be what was encoded (case, accents, blanks).
  virtual std::string decode(std::span<const int32_t> ids, bool skip_special = true) const = 0;

  virtual int vocab_size() const = 0;  // ids are 0 ... vocab_size() - 1
  virtual std::optional<int32_t> id_of(std::string_view piece) const = 0;
  virtual std::string_view piece_of(int32_t id) const = 0;  // throws on a number that is no token

  const SpecialIds& special_ids() const { return special_; }
  int model_max_length() const { return max_length_; }  // as its files say; 0: they do not

 protected:
  // Appends the tokens of a text to out.ids (and out.offsets if `offsets`), without the template. May stop
  // once `most` tokens are appended; the caller cuts what is beyond.
  virtual void append_tokens(std::string_view text, size_t most, bool offsets, Encoding& out) const = 0;

  Template template_;
  SpecialIds special_;
  int max_length_ = 0;

 private:
  Encoding all_tokens(std::string_view text, const EncodeOptions& options) const;
};

// A model's folder, or a bare tokenizer's. tokenizer.json if there is one, by the kind of its model; else
// vocab.txt (WordPiece), vocab.json with merges.txt (byte-level BPE), or a SentencePiece model. Throws
// frugal::Error on anything missing, damaged or of a kind that is not supported.
std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& folder);

}  // namespace frugal
