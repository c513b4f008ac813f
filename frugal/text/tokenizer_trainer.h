// Makes a tokenizer from text: `frugal tokenize --train`. Each kind counts what it needs line by line, learns
// a vocabulary and writes a folder that load_tokenizer and Hugging Face's libraries read to the same ids.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace frugal {

struct TokenizerTraining {
  int vocab_size = 30000;
  uint64_t min_frequency = 2;  // rarer pairs are not merged
  bool lower_case = true;      // wordpiece: and accents stripped
  int most_characters = 1000;  // wordpiece: the commonest ones; words lose the rest
  bool roberta = false;        // bpe: RoBERTa's special tokens and template; otherwise GPT-2's
  bool prefix_space = false;   // bpe: a blank before each text
};

// One thread at a time.
class TokenizerTrainer {
 public:
  virtual ~TokenizerTrainer() = default;
  virtual void add(std::string_view line) = 0;
  virtual uint64_t words() const = 0;  // of all lines so far
  // Learns and writes. `on_piece`: pieces so far, of vocab_size. Returns how many there are in the end, fewer
  // when the text has no more pairs. Call once, last.
  virtual size_t train(const std::string& folder, const std::function<void(size_t)>& on_piece) = 0;
};

std::vector<std::string> tokenizer_trainer_kinds();
// Throws on a kind that is not among them.
std::unique_ptr<TokenizerTrainer> make_tokenizer_trainer(const std::string& kind,
                                                         const TokenizerTraining& training);

}  // namespace frugal
