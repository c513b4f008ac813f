// A model folder in use: texts in, rows of an output out. Texts are tokenized, packed into batches of similar
// length and run; the results come back in the order of the texts and do not depend on how they were batched.
//
// Not synchronised: one call at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "frugal/models/folder.h"
#include "frugal/models/inference.h"

namespace frugal {

struct TextModelOptions {
  int max_length = 0;  // tokens a text; 0: the model's positions (and the tokenizer's limit)
  int64_t batch_tokens = kBatchTokens;
  // For a program that may answer once: a first call of one batch runs as Inference::prepare_once.
  bool quick_start = false;
  InferenceOptions inference = {};
};

// One text or a pair.
struct Text {
  std::string first, second;
  bool pair = false;
};

// The labels' names; "LABEL_3" where the folder names none.
std::vector<std::string> label_names(const ModelInfo& info);

// Tokens a text may have: what is asked for (0: nothing), the tokenizer's files and the model's positions
// allow.
int text_length(const ModelFolder& folder, int asked);

class TextModel {
 public:
  TextModel(ModelFolder folder, Context context, TextModelOptions options = {});

  Sequence tokenize(const Text& text) const;
  std::vector<Sequence> tokenize(std::span<const Text> texts) const;

  // Calls `sink(i, row)` with the row of `output` for each sequence, in order. `output` has one row a
  // sequence.
  using Sink = std::function<void(size_t, std::span<const float>)>;
  void run(std::span<const Sequence> sequences, const std::string& output, const Sink& sink);

  // Calls `sink(i, rows)` with the rows [tokens, width] of each of several outputs that have one row a token,
  // in the order of the batches: a language model's rows are wide, and none is kept.
  using TokenSink = std::function<void(size_t, std::span<const std::span<const float>>)>;
  void run_tokens(std::span<const Sequence> sequences, const std::vector<std::string>& outputs,
                  const TokenSink& sink);

  // Calls `sink(i, row)` with the row of token tokens[i] of sequence i, in the order of the batches. `output`
  // has one row a token, of which no others are computed.
  void run_picked(std::span<const Sequence> sequences, std::span<const size_t> tokens,
                  const std::string& output, const Sink& sink);

  // Fills whole tensors [N, ...], one row a sequence, of several outputs at once.
  void run_all(std::span<const Sequence> sequences, std::map<std::string, Tensor>& outputs);

  const ModelFolder& folder() const { return folder_; }
  const ModelInfo& info() const { return folder_.model->info(); }
  Inference& inference() { return inference_; }
  int max_length() const { return max_length_; }

 private:
  // For each packed batch of similar lengths: calls give(program, batch, indices), which may write inputs,
  // runs the program, and calls f(program, indices).
  template <class Give, class F>
  void for_each_batch(Inference& inference, std::span<const Sequence> sequences, Give&& give, F&& f);
  template <class F>
  void for_each_batch(std::span<const Sequence> sequences, F&& f);

  ModelFolder folder_;
  TextModelOptions options_;
  bool started_ = false;
  int max_length_;
  Inference inference_;
  std::optional<Inference> picking_;  // for run_picked, of the output it was called for last
  std::string picked_;
};

}  // namespace frugal
