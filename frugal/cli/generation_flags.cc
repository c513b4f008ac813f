#include "frugal/base/error.h"
#include "frugal/cli/generation.h"

namespace frugal::cli {

void GenerationFlags::add(CLI::App& app) {
  const auto group = [&](const char* name, auto& target, const char* help) {
    app.add_option(name, target, help)->group("Generation (defaults are the model folder's)");
  };
  group("--max-new-tokens", max_new_tokens, "tokens to add at most (20 where the folder says nothing)");
  group("--min-new-tokens", min_new_tokens, "tokens to add before an end token may come");
  group("--num-beams", num_beams, "hypotheses of a beam search; 1: greedy, or sampling");
  group("--length-penalty", length_penalty, "beams are ranked by log probability / length^this");
  group("--early-stopping", early_stopping, "when beams end: true, false or never");
  group("--repetition-penalty", repetition_penalty, "above 1: tokens that were there become less likely");
  group("--no-repeat-ngram-size", no_repeat_ngram_size, "no so many tokens in a row twice");
  group("--num-return-sequences", num_return_sequences, "results for each prompt, a line each");
  group("--stop", stop, "end before this text; may be given several times");
  app.get_option("--stop")->allow_extra_args(false);
  app.add_flag("--do-sample", do_sample, "draw tokens by their probability")->group("Sampling");
  app.add_flag("--greedy", greedy, "do not, whatever the folder says")->group("Sampling");
  const auto sampling = [&](const char* name, auto& target, const char* help) {
    app.add_option(name, target, help)->group("Sampling");
  };
  sampling("--temperature", temperature, "scores are divided by it before a draw");
  sampling("--top-k", top_k, "draw among so many of the likeliest; 0: all");
  sampling("--top-p", top_p, "draw among the likeliest that hold this share of the probability");
  sampling("--seed", seed, "seed of the draws (default 0); the same seed, the same text");
}

void GenerationFlags::apply(GenerationOptions& o) const {
  if (do_sample && greedy) throw UsageError("--do-sample and --greedy exclude each other");
  if (max_new_tokens && min_new_tokens && *min_new_tokens > *max_new_tokens)
    throw UsageError(fmt::format("--min-new-tokens {} is more than --max-new-tokens {}", *min_new_tokens,
                                 *max_new_tokens));
  const auto set = [](const auto& flag, auto& target) {
    if (flag) target = *flag;
  };
  set(max_new_tokens, o.max_new_tokens);
  set(min_new_tokens, o.min_new_tokens);
  set(num_beams, o.num_beams);
  set(length_penalty, o.length_penalty);
  set(repetition_penalty, o.repetition_penalty);
  set(no_repeat_ngram_size, o.no_repeat_ngram_size);
  set(num_return_sequences, o.num_return_sequences);
  set(temperature, o.temperature);
  set(top_k, o.top_k);
  set(top_p, o.top_p);
  set(seed, o.seed);
  if (do_sample) o.do_sample = true;
  if (greedy) o.do_sample = false;
  if (!stop.empty()) o.stop_strings = stop;
  if (early_stopping == "true")
    o.early_stopping = EarlyStopping::yes;
  else if (early_stopping == "false")
    o.early_stopping = EarlyStopping::no;
  else if (early_stopping == "never")
    o.early_stopping = EarlyStopping::never;
  else if (!early_stopping.empty())
    throw UsageError(fmt::format("unknown --early-stopping '{}'", early_stopping), "true, false or never");

  const auto idle = [](bool given, const char* name, const char* without) {
    if (given) throw UsageError(fmt::format("{} does nothing without {}", name, without));
  };
  if (!o.do_sample) {
    idle(temperature.has_value(), "--temperature", "--do-sample");
    idle(top_k.has_value(), "--top-k", "--do-sample");
    idle(top_p.has_value(), "--top-p", "--do-sample");
    idle(seed.has_value(), "--seed", "--do-sample");
  }
  if (o.num_beams <= 1) {
    idle(length_penalty.has_value(), "--length-penalty", "--num-beams above 1");
    idle(!early_stopping.empty(), "--early-stopping", "--num-beams above 1");
  }
}

}  // namespace frugal::cli
