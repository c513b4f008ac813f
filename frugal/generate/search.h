// The search for one prompt's continuation, apart from any model: logits in, the rows to compute next out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "frugal/generate/options.h"
#include "frugal/generate/row_scores.h"
#include "frugal/generate/score_rules.h"

namespace frugal {

enum class Finish : uint8_t { length, end, stop };  // max_length, an eos token, a stop string

struct Hypothesis {
  std::vector<int32_t> ids;  // what follows the prompt, an end token included
  float score = 0;           // of a beam: log probability over length^length_penalty
  Finish finish = Finish::length;
};

// Says whether new ids end in a stop string; may be empty.
using StopTest = std::function<bool(std::span<const int32_t>)>;

// What all prompts of one run share. Immutable while searches use it.
struct SearchSettings {
  GenerationOptions options;  // checked
  ScoreRules rules;
  StopTest stop;
  RowScores rows;
};

// One thread at a time; different searches may run at once.
class Search {
 public:
  // The next row continues row `parent` of the rows asked for last, by token `id`.
  struct Row {
    int parent;
    int32_t id;
  };

  virtual ~Search() = default;
  // `logits`: a row of the model for each row asked for last, in that order; the first call has one row,
  // after the prompt. Overwrites the logits. Returns the rows to compute next: none when the search is over.
  virtual std::vector<Row> advance(std::span<const std::span<float>> logits) = 0;
  // num_return_sequences of them, the best first; sampled ones in the order of their numbers.
  virtual std::vector<Hypothesis> results() const = 0;
  // New ids of a single chain so far, which no later step changes: for streaming. Beams have none.
  virtual std::span<const int32_t> settled() const { return {}; }
  // Rows it may ask for at once.
  virtual int most_rows() const = 0;
};

// `prompt`: the decoder's first ids. `index` numbers the prompt: it keys what is drawn at random, so results
// depend on the seed, this number and the prompt alone.
std::unique_ptr<Search> make_search(std::shared_ptr<const SearchSettings> settings,
                                    std::vector<int32_t> prompt, const Lengths& lengths, uint64_t index);

// A number in (0, 1), by Philox: a pure function of its arguments. `item` < 2^40.
double random_unit(uint64_t seed, uint64_t prompt, int64_t position, uint64_t item);

// The reason to end after the last of `ids`, if there is one; `fresh` are those after the prompt.
std::optional<Finish> finish_of(const SearchSettings& settings, const Lengths& lengths,
                                std::span<const int32_t> fresh);

}  // namespace frugal
