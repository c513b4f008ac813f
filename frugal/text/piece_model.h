// Splits normalised text into the pieces of a vocabulary: what unigram models and SentencePiece's BPE share.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "frugal/text/sentencepiece_model.h"

namespace frugal {

struct PieceSpan {
  int32_t id;
  uint32_t begin, end;  // bytes of the normalised text
};

// Immutable; any thread may use it.
class PieceModel {
 public:
  virtual ~PieceModel() = default;

  // Appends the pieces of `text`, which is UTF-8 of less than 4 GB. A character that no piece has becomes a
  // piece by itself, the unknown one. May stop once `most` known ones are appended.
  virtual void append(std::string_view text, size_t most, std::vector<PieceSpan>& out) const = 0;

  // A checked model (check_sentencepiece_model) of different pieces, in UTF-8. It may be dropped afterwards.
  static std::unique_ptr<const PieceModel> make(const SentencePieceModel& model);
};

// Where no piece reaches across: between a character and a blank mark after it. Most models are like that;
// for the others a text is one segment.
class Segments {
 public:
  explicit Segments(const std::vector<SentencePiece>& pieces);

  size_t end(std::string_view text, size_t begin) const;  // of the segment that starts at `begin`

 private:
  bool whole_text_ = false;
};

}  // namespace frugal
