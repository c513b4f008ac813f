// What `generate` and `summarize` share: options under the reference's names, prompts from lines, results in
// the order of the prompts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frugal/cli/command.h"
#include "frugal/generate/generator.h"

namespace frugal::cli {

// Those that were given; the others are the folder's.
struct GenerationFlags {
  std::optional<int64_t> max_new_tokens, min_new_tokens;
  std::optional<int> num_beams, no_repeat_ngram_size, num_return_sequences, top_k;
  std::optional<double> length_penalty, repetition_penalty, temperature, top_p;
  std::optional<uint64_t> seed;
  std::string early_stopping;
  std::vector<std::string> stop;
  bool do_sample = false, greedy = false;

  void add(CLI::App& app);
  // Throws UsageError for flags that exclude each other or would do nothing.
  void apply(GenerationOptions& options) const;
};

struct GenerationCommand : Common {
  std::string folder;
  GenerationFlags flags;
  std::string task;  // of the configuration's task_specific_params
  std::optional<std::string> prompt;
  bool input_ids = false;
  bool summarizes = false;  // refuses a model without an encoder; cuts texts that are too long for it
  int max_length = 0;       // tokens of such a text

  int run() const;
};

}  // namespace frugal::cli
