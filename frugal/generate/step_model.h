// What a generation asks of a model: logits after each hypothesis, whose past the model remembers.
//
// Not synchronised.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace frugal {

struct Prompt {
  std::vector<int32_t> source;   // the encoder's ids; empty without an encoder
  std::vector<int32_t> decoder;  // the decoder's first ids: a text, or an encoder-decoder model's start token
};

// A row of the next step: it continues row `parent` of the last step by `ids`, or begins `prompt`.
struct StepRow {
  int parent = -1;
  const Prompt* prompt = nullptr;  // parent < 0: its decoder ids are `ids`
  std::span<const int32_t> ids;
};

class StepModel {
 public:
  virtual ~StepModel() = default;
  virtual int64_t vocab_size() const = 0;
  // Ids that the decoder may be fed, and those of a source; 0: any number.
  virtual int64_t positions() const = 0;
  virtual int64_t source_positions() const = 0;
  virtual bool encodes() const = 0;  // has an encoder
  // Memory that so many remembered ids take.
  virtual int64_t cache_bytes(int64_t source_tokens, int64_t tokens) const = 0;
  // Makes room for so many remembered ids of all rows together, sources and decoder ids.
  virtual void reserve(int64_t source_tokens, int64_t tokens) = 0;
  // The logits after the last id of each row, in order; the caller may write to them until the next step.
  // Rows of the last step that no row continues are forgotten. A row's logits do not depend on its company.
  virtual std::vector<std::span<float>> step(std::span<const StepRow> rows) = 0;
};

}  // namespace frugal
