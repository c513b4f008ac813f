// Text models of random weights for tests: 120 words of two letters, "aa" to "ep".
#pragma once

#include "frugal/io/file.h"
#include "frugal/io/testing.h"
#include "frugal/models/testing.h"
#include "frugal/predict/text_model.h"

namespace frugal::test {

inline std::string word(uint64_t i) {
  return {static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26)};
}

inline std::string random_text(uint64_t words, uint64_t seed) {
  Random random(seed, "text");
  std::string text;
  for (uint64_t i = 0; i < words; ++i) {
    if (i > 0) text += ' ';
    text += word(random.below(120));
  }
  return text;
}

inline Json bert_config(const std::string& architecture) {
  return {{"architectures", {architecture}},
          {"model_type", "bert"},
          {"vocab_size", 125},
          {"hidden_size", 32},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 2},
          {"intermediate_size", 40},
          {"type_vocab_size", 2},
          {"max_position_embeddings", 24}};
}

inline Json gpt2_config() {
  return {{"architectures", {"GPT2LMHeadModel"}},
          {"model_type", "gpt2"},
          {"vocab_size", 125},
          {"n_embd", 32},
          {"n_layer", 2},
          {"n_head", 2},
          {"n_positions", 24}};
}

inline Json t5_config() {
  return {{"architectures", {"T5ForConditionalGeneration"}},
          {"model_type", "t5"},
          {"vocab_size", 125},
          {"d_model", 32},
          {"d_kv", 16},
          {"d_ff", 40},
          {"num_layers", 2},
          {"num_heads", 2},
          {"decoder_start_token_id", 0},
          {"pad_token_id", 0}};
}

inline TextModel text_model(const Json& config) {
  const TempFolder folder;
  std::string words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (uint64_t i = 0; i < 120; ++i) words += word(i).append("\n");
  write_file(folder / "vocab.txt", words);
  SmallModel made = small_model(config);
  return TextModel({"test", made.model, made.store, load_tokenizer(folder / ""), {}}, Context::make(2));
}

}  // namespace frugal::test
