// A model folder that writes: prompts in, continuations out.
//
// Not synchronised: one call at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/generate/config.h"
#include "frugal/generate/scheduler.h"
#include "frugal/generate/text_stream.h"
#include "frugal/models/folder.h"

namespace frugal {

class Generator {
 public:
  // Throws Error when the model cannot generate, or the options do not fit it (see GenerationOptions::check).
  Generator(ModelFolder folder, Context context, GenerationOptions options, SchedulerLimits limits = {});

  // What follows a text, or what an encoder-decoder model makes of it. `limit` cuts a source text after so
  // many tokens (0: it is never cut).
  Prompt prompt_of(std::string_view text, int limit = 0) const;
  // The same for ids as they are; no ids are the beginning of a text, where the model has a token for that.
  Prompt prompt_of(std::vector<int32_t> ids) const;

  // Throws Error for a prompt that cannot be continued: too long, ids that are no tokens.
  void check(const Prompt& prompt) const { check_prompt(*model_, settings_->options, prompt); }

  using OnText = std::function<void(size_t prompt, std::string_view piece)>;
  using OnDone = std::function<void(size_t prompt, std::vector<Hypothesis>)>;
  // Continues all prompts together. `first` is the number of the first among all prompts of the process: what
  // is drawn at random depends on a prompt's number. `on_done` comes as each is finished, in any order;
  // `on_text` (may be empty; for one sequence a prompt) gives the text as it comes. Throws as
  // `check` does, before anything is generated.
  void run(const std::vector<Prompt>& prompts, uint64_t first, const OnDone& on_done,
           const OnText& on_text = {});

  // The text before any stop string, without special tokens.
  std::string text_of(std::span<const int32_t> ids) const;

  const GenerationOptions& options() const { return settings_->options; }
  const StepModel& model() const { return *model_; }
  const Tokenizer* tokenizer() const { return folder_.tokenizer.get(); }

 private:
  ModelFolder folder_;
  Context context_;
  SchedulerLimits limits_;
  std::unique_ptr<StepModel> model_;
  std::shared_ptr<const SearchSettings> settings_;
};

}  // namespace frugal
