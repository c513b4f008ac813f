// Generated ids as text: whole, or piece by piece as they come.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/generate/search.h"
#include "frugal/text/tokenizer.h"

namespace frugal {

// Without special tokens, and without ids that are no tokens: a model's vocabulary may be rounded up beyond
// its tokenizer's.
std::string generated_text(const Tokenizer& tokenizer, std::span<const int32_t> ids);

// Where the first of the stop strings begins, or the text's length.
size_t stop_position(std::string_view text, std::span<const std::string> stops);

// Whether the text of the ids holds a stop string. Null without stops.
StopTest make_stop_test(std::shared_ptr<const Tokenizer> tokenizer, std::vector<std::string> stops);

// The text before the first stop string, in pieces that never change later: no half UTF-8 character and
// nothing that may be the beginning of a stop string. Not synchronised.
class TextStream {
 public:
  TextStream(std::shared_ptr<const Tokenizer> tokenizer, std::vector<std::string> stops)
      : tokenizer_(std::move(tokenizer)), stops_(std::move(stops)) {}

  // `ids`: all of them so far. Returns what is new and settled.
  std::string update(std::span<const int32_t> ids) { return piece_of(ids, false); }
  // The rest.
  std::string finish(std::span<const int32_t> ids) { return piece_of(ids, true); }

 private:
  std::string piece_of(std::span<const int32_t> ids, bool last);

  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<std::string> stops_;
  size_t given_ = 0;  // bytes
};

}  // namespace frugal
