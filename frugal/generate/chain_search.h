// Greedy search and sampling: num_return_sequences chains, each of which picks one token a step.
//
// Greedy takes the highest score, of equal ones the lowest id (as torch.argmax). A sampled token is the first
// whose cumulative probability, in the order of ids, exceeds random_unit(seed, prompt, position, chain).
#pragma once

#include "frugal/generate/search.h"

namespace frugal {

class ChainSearch : public Search {
 public:
  ChainSearch(std::shared_ptr<const SearchSettings> settings, std::vector<int32_t> prompt,
              const Lengths& lengths, uint64_t index);

  std::vector<Row> advance(std::span<const std::span<float>> logits) override;
  std::vector<Hypothesis> results() const override { return chains_; }
  std::span<const int32_t> settled() const override {
    return chains_.size() == 1 ? std::span<const int32_t>(chains_[0].ids) : std::span<const int32_t>{};
  }
  int most_rows() const override { return static_cast<int>(chains_.size()); }

 private:
  int32_t choose(size_t chain, std::span<float> scores) const;

  std::shared_ptr<const SearchSettings> settings_;
  Lengths lengths_;
  uint64_t index_;
  std::vector<std::vector<int32_t>> ids_;  // of each chain, the prompt's first
  std::vector<Hypothesis> chains_;
  std::vector<size_t> live_;  // the chain of each row
};

}  // namespace frugal
