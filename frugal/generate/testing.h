// A model without weights for tests: logits are a fixed function of all ids.
// tests/cases/make_generate_cases.py has the same function, to drive the reference's generate().
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "frugal/generate/scheduler.h"

namespace frugal::test {

class HashedModel : public StepModel {
 public:
  explicit HashedModel(int64_t vocab, bool encodes = false) : vocab_(vocab), encodes_(encodes) {}

  static std::vector<float> logits(std::span<const int32_t> ids, int64_t vocab) {
    uint32_t state = 0;
    for (int32_t id : ids) state = state * 31 + static_cast<uint32_t>(id) + 1;
    std::vector<float> row(static_cast<size_t>(vocab));
    for (size_t i = 0; i < row.size(); ++i) {
      uint64_t x = (state % 509) * uint64_t{1000003} + 12345 + i * 7919;
      x = x * 6364136223846793005u + 1442695040888963407u;
      row[i] = (static_cast<float>(x >> 40) / 16777216.0f - 0.5f) * 12;
    }
    return row;
  }

  int64_t vocab_size() const override { return vocab_; }
  int64_t positions() const override { return positions_; }
  int64_t source_positions() const override { return positions_; }
  bool encodes() const override { return encodes_; }
  int64_t cache_bytes(int64_t source, int64_t tokens) const override { return source + tokens; }
  void reserve(int64_t, int64_t) override {}
  std::vector<std::span<float>> step(std::span<const StepRow> rows) override {
    std::vector<std::vector<int32_t>> next;
    for (const StepRow& row : rows) {
      next.push_back(row.parent < 0 ? row.prompt->source : ids_.at(static_cast<size_t>(row.parent)));
      next.back().insert(next.back().end(), row.ids.begin(), row.ids.end());
    }
    ids_ = std::move(next);
    logits_.clear();
    for (const auto& ids : ids_) logits_.push_back(logits(ids, vocab_));
    most_rows = std::max(most_rows, rows.size());
    ++steps;
    return {logits_.begin(), logits_.end()};
  }

  size_t most_rows = 0, steps = 0;
  int64_t positions_ = 0;

 private:
  int64_t vocab_;
  bool encodes_;
  std::vector<std::vector<int32_t>> ids_;
  std::vector<std::vector<float>> logits_;
};

inline std::shared_ptr<const SearchSettings> settings_of(const GenerationOptions& options, int64_t vocab) {
  options.check(vocab);
  return std::make_shared<SearchSettings>(SearchSettings{options, ScoreRules(options), {}, {}});
}

// All prompts at once, decoder ids only.
inline std::vector<std::vector<Hypothesis>> generate_all(StepModel& model,
                                                         std::shared_ptr<const SearchSettings> settings,
                                                         const std::vector<std::vector<int32_t>>& prompts,
                                                         SchedulerLimits limits = {}) {
  std::vector<std::vector<Hypothesis>> results(prompts.size());
  Scheduler scheduler(model, Context::make(2), std::move(settings), limits);
  for (size_t i = 0; i < prompts.size(); ++i) {
    GenerationRequest request;
    request.prompt.decoder = prompts[i];
    request.index = i;
    request.on_done = [&results, i](std::vector<Hypothesis> found) { results[i] = std::move(found); };
    scheduler.submit(std::move(request));
  }
  scheduler.run();
  return results;
}

}  // namespace frugal::test
