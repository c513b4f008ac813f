// How text is generated: the settings of generation_config.json under the names that Hugging Face
// Transformers gives them, with its defaults (release 5). Lengths count the decoder's ids: of a decoder-only
// model the prompt and what follows, of an encoder-decoder model the start token and what follows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace frugal {

// When a beam search may stop: at `num_beams` finished hypotheses (yes), when by the present lengths no open
// one can become better (no), or when none can at any length (never).
enum class EarlyStopping : uint8_t { no, yes, never };

struct GenerationOptions {
  std::optional<int64_t> max_new_tokens, max_length, min_new_tokens;  // new tokens win over lengths
  int64_t min_length = 0;
  int num_beams = 1, num_return_sequences = 1;
  double length_penalty = 1;
  EarlyStopping early_stopping = EarlyStopping::no;
  double repetition_penalty = 1;
  int no_repeat_ngram_size = 0;  // 0: off

  bool do_sample = false;
  double temperature = 1, top_p = 1;
  int top_k = 50;  // 0: off
  uint64_t seed = 0;

  std::optional<int32_t> bos, decoder_start, forced_bos;
  std::vector<int32_t> eos, forced_eos, suppress, begin_suppress;
  std::vector<std::vector<int32_t>> bad_words;
  std::vector<std::string> stop_strings;

  // Throws UsageError for values out of range and for settings that exclude each other, Error for ids that
  // are not below `vocab`.
  void check(int64_t vocab) const;
};

// The lengths of one prompt's decoder ids, the prompt included.
struct Lengths {
  int64_t prompt = 0, least = 0, most = 0;
};

// `positions`: ids that the decoder can be fed (0: any number). Without any maximum there are 20 new tokens.
// Throws Error when the prompt leaves no room, saying what fits.
Lengths lengths_of(const GenerationOptions& options, int64_t prompt, int64_t positions);

}  // namespace frugal
