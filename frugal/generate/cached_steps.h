// Generation with key and value caches: a step computes the new tokens alone.
#pragma once

#include <memory>

#include "frugal/generate/cache_rows.h"
#include "frugal/generate/step_model.h"
#include "frugal/models/model.h"
#include "frugal/models/program_cache.h"
#include "frugal/passes/compile.h"

namespace frugal {

// Bytes of cache that one token of the decoder takes, and one of the encoder; both 0 when the model's
// attention keeps none.
struct CacheCost {
  int64_t token = 0, source_token = 0;
};
CacheCost cache_cost(const Model& model);

class CachedSteps : public StepModel {
 public:
  // For models with a next-token head and a cache_cost. The caches are tensors of `store`, taken out again by
  // the destructor.
  CachedSteps(std::shared_ptr<const Model> model, std::shared_ptr<Store> store, Context context);
  ~CachedSteps() override;

  int64_t vocab_size() const override { return model_->info().vocab_size; }
  int64_t positions() const override { return model_->info().max_positions; }
  int64_t source_positions() const override { return model_->info().max_positions; }
  bool encodes() const override { return model_->info().decoder; }
  int64_t cache_bytes(int64_t source_tokens, int64_t tokens) const override {
    return source_tokens * cost_.source_token + tokens * cost_.token;
  }
  void reserve(int64_t source_tokens, int64_t tokens) override;
  std::vector<std::span<float>> step(std::span<const StepRow> rows) override;

 private:
  struct Key {
    BatchShape shape;
    Stage stage;
    CacheSizes cache;
    bool operator==(const Key&) const = default;
  };

  void encode(std::span<const StepRow> rows);
  // Runs some of the rows, `places` among all; their pasts are in the tables. Returns each one's logits,
  // valid until the next run.
  std::vector<std::span<float>> run(std::span<const StepRow> rows, std::span<const size_t> places);
  PackedBatch pack(std::span<const StepRow> rows, std::span<const size_t> places) const;
  Program& program(const BatchShape& shape, Stage stage, int64_t capacity, int64_t source_capacity);
  // Makes the caches at least so large; what they hold stays.
  void grow(const std::string& prefix, int64_t& size, int64_t needed);

  std::shared_ptr<const Model> model_;
  std::shared_ptr<Store> store_;
  Context context_;
  CacheCost cost_;
  CacheRows pasts_, sources_;
  int64_t rows_ = 0, source_rows_ = 0;  // of the caches
  std::vector<std::vector<float>> prompt_logits_;
  ProgramCacheOf<Key> programs_;
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
};

}  // namespace frugal
