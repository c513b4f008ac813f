// Generation by computing every prefix anew each step: for models that keep no cache, and the slow twin of
// those that do.
#pragma once

#include <memory>

#include "frugal/generate/step_model.h"
#include "frugal/models/model.h"
#include "frugal/models/program_cache.h"
#include "frugal/passes/compile.h"

namespace frugal {

class WholeSteps : public StepModel {
 public:
  // Throws Error when the model has no language-model head.
  WholeSteps(std::shared_ptr<const Model> model, std::shared_ptr<Store> store, Context context);

  int64_t vocab_size() const override { return model_->info().vocab_size; }
  int64_t positions() const override { return model_->info().max_positions; }
  int64_t source_positions() const override { return model_->info().max_positions; }
  bool encodes() const override { return model_->info().decoder; }
  int64_t cache_bytes(int64_t, int64_t) const override { return 0; }
  void reserve(int64_t, int64_t) override {}
  std::vector<std::span<float>> step(std::span<const StepRow> rows) override;

 private:
  struct Row {
    std::vector<int32_t> source, decoder;
  };
  PackedBatch pack() const;

  std::shared_ptr<const Model> model_;
  std::shared_ptr<Store> store_;
  Context context_;
  std::vector<Row> rows_;
  ProgramCache programs_;
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
};

}  // namespace frugal
