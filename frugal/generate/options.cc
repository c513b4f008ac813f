#include "frugal/generate/options.h"

#include <algorithm>

#include "frugal/base/error.h"

namespace frugal {
namespace {

constexpr int64_t kDefaultNewTokens = 20;
constexpr int kMostBeams = 256;  // two candidates a beam are sorted by insertion
constexpr int kMostSequences = 4096;

void require_range(const char* name, double value, double least, double most) {
  if (!(value >= least && value <= most))
    throw UsageError(fmt::format("{} {} is not in [{}, {}]", name, value, least, most));
}

void require_ids(const char* name, const std::vector<int32_t>& ids, int64_t vocab) {
  for (int32_t id : ids)
    if (id < 0 || id >= vocab)
      throw Error("", fmt::format("{} {} is no token: the model has {}", name, id, vocab));
}

}  // namespace

void GenerationOptions::check(int64_t vocab) const {
  constexpr int64_t most = int64_t{1} << 30;
  if (max_new_tokens) require_range("max_new_tokens", *max_new_tokens, 1, most);
  if (max_length) require_range("max_length", *max_length, 1, most);
  if (min_new_tokens) require_range("min_new_tokens", *min_new_tokens, 0, most);
  require_range("min_length", static_cast<double>(min_length), 0, most);
  require_range("num_beams", num_beams, 1, kMostBeams);
  require_range("num_return_sequences", num_return_sequences, 1, kMostSequences);
  require_range("length_penalty", length_penalty, -100, 100);
  require_range("repetition_penalty", repetition_penalty, 1e-6, 1e6);
  require_range("no_repeat_ngram_size", no_repeat_ngram_size, 0, 1 << 20);
  if (do_sample) {  // else they mean nothing, and files carry values like 0
    if (!(temperature > 0))
      throw UsageError(fmt::format("temperature {} is not above 0", temperature),
                       "for the likeliest token every time leave out --do-sample");
    require_range("temperature", temperature, 1e-6, 1e6);
    require_range("top_k", top_k, 0, 1 << 30);
    require_range("top_p", top_p, 0, 1);
  }
  if (num_beams > 1 && num_return_sequences > num_beams)
    throw UsageError(
        fmt::format("{} sequences of {} beams cannot be returned", num_return_sequences, num_beams),
        "ask for at least as many beams (--num-beams)");
  if (num_beams == 1 && !do_sample && num_return_sequences > 1)
    throw UsageError(fmt::format("greedy search finds one sequence, not {}", num_return_sequences),
                     "add --do-sample or --num-beams");
  if (num_beams > 1 && static_cast<int64_t>(std::max<size_t>(2, 1 + eos.size())) > vocab)
    throw Error("", fmt::format("{} tokens are too few for a beam search", vocab));
  for (const std::string& stop : stop_strings)
    if (stop.empty()) throw UsageError("an empty stop string ends every text before it begins");

  require_ids("eos_token_id", eos, vocab);
  require_ids("forced_eos_token_id", forced_eos, vocab);
  require_ids("suppress_tokens:", suppress, vocab);
  require_ids("begin_suppress_tokens:", begin_suppress, vocab);
  for (const auto& word : bad_words) require_ids("bad_words_ids:", word, vocab);
  if (forced_bos) require_ids("forced_bos_token_id", {*forced_bos}, vocab);
  if (decoder_start) require_ids("decoder_start_token_id", {*decoder_start}, vocab);
  if (bos) require_ids("bos_token_id", {*bos}, vocab);
}

Lengths lengths_of(const GenerationOptions& options, int64_t prompt, int64_t positions) {
  Lengths lengths{prompt, options.min_length, 0};
  if (positions > 0 && prompt >= positions)
    throw Error(
        "", fmt::format("a prompt of {} tokens leaves no room: the model has {} positions, so at most {} fit",
                        prompt, positions, positions - 1));
  if (options.max_new_tokens)
    lengths.most = prompt + *options.max_new_tokens;
  else if (options.max_length)
    lengths.most = *options.max_length;
  else
    lengths.most = prompt + kDefaultNewTokens;
  if (positions > 0) lengths.most = std::min(lengths.most, positions);
  if (prompt >= lengths.most)
    throw Error(
        "", fmt::format("a prompt of {} tokens leaves no room within max_length {}", prompt, lengths.most),
        "set --max-new-tokens");
  if (options.min_new_tokens) lengths.least = prompt + *options.min_new_tokens;
  return lengths;
}

}  // namespace frugal
