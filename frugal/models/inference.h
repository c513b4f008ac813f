// Runs a model on packed batches: one compiled program a shape, kept for the next batch of that shape.
//
// Not synchronised. The tensors returned are valid until the next call.
#pragma once

#include <memory>
#include <optional>

#include "frugal/data/batch.h"
#include "frugal/models/model.h"
#include "frugal/models/program_cache.h"
#include "frugal/passes/compile.h"

namespace frugal {

struct InferenceOptions {
  std::optional<Precision> precision;  // of products whose weights are floats; unset: saved_precision
  LabelKind labels = LabelKind::none;
  bool sentence_vectors = false;           // adds the output "embedding": mean over the tokens, normalised
  std::vector<std::string> only;           // outputs to keep; empty: all
  std::vector<std::string> gathered_taps;  // adds these taps' first rows as outputs "tap.<name>"
  // Of this output, which has one row a token, adds one row a sequence as output "picked": the rows that the
  // input "picked_rows" I32[S] names, -1 for none. With `only`, no other rows are computed.
  std::string picked;
};

// What a folder says its products are to be computed in: bf16 where it says so and the machine has them, else
// f32. Integer weights are multiplied as integers in any case.
Precision saved_precision(const ModelInfo& info, const Context& context);

class Inference {
 public:
  Inference(std::shared_ptr<const Model> model, std::shared_ptr<Store> store, Context context,
            InferenceOptions options = {});

  // The program for a batch, with the batch's rows written into it; the caller adds labels and runs it.
  Program& prepare(const PackedBatch& batch);
  // The same for a batch that may be the only one: weights are packed as the program runs, and neither they
  // nor the program are kept. The same bits; 23 M parameters give their first answer 12 ms sooner.
  Program& prepare_once(const PackedBatch& batch);
  // prepare + run.
  Program& run(const PackedBatch& batch);
  // How the rows of an output are to be read.
  Rows rows_of(const std::string& output) const { return output_rows_.at(output); }

  const Model& model() const { return *model_; }
  const Context& context() const { return context_; }
  int64_t rows_computed = 0, rows_filled = 0;  // over all runs: their difference is the buckets' round-up

 private:
  std::unique_ptr<Program> compile(const BatchShape& shape, bool folds);
  Program& filled(Program& program, const PackedBatch& batch);

  std::shared_ptr<const Model> model_;
  std::shared_ptr<Store> store_;
  Context context_;
  InferenceOptions options_;
  std::map<std::string, Rows> output_rows_;
  ProgramCache programs_;
  std::unique_ptr<Program> once_;
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();  // of all of them: one runs at a time
};

// What a decoder reads to predict these tokens: its start token, then all but the last of them. Throws Error
// when the configuration names no start token.
Sequence moved_right(const ModelInfo& info, Sequence sequence);
// A batch for inference or training by labels: a decoder reads the same tokens, moved right.
PackedBatch pack_for(const ModelInfo& info, std::span<const Sequence* const> sequences,
                     bool exact_sequences = false);

// Copies a batch's rows into those inputs that the program has.
void write_batch(Program& program, const PackedBatch& batch);

}  // namespace frugal
