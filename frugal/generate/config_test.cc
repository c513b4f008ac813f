#include "frugal/generate/config.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "frugal/base/error.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

GenerationOptions read(const char* text) {
  GenerationOptions options;
  read_generation_options(parse_json(text, "g.json"), "g.json", options);
  return options;
}

std::string complaint(const char* text) {
  try {
    read(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(GenerationConfig, ReadsTheReferencesNames) {
  const GenerationOptions o = read(R"({
    "max_length": 142, "min_length": 56, "num_beams": 4, "length_penalty": 2, "early_stopping": true,
    "no_repeat_ngram_size": 3, "forced_bos_token_id": 0, "forced_eos_token_id": 2, "eos_token_id": [2, 3],
    "bos_token_id": 0, "pad_token_id": 1, "decoder_start_token_id": 2, "do_sample": false, "temperature": 0.5,
    "top_k": 0, "top_p": 0.9, "bad_words_ids": [[5], [6, 7]], "suppress_tokens": [8], "max_new_tokens": null,
    "stop_strings": "END", "typical_p": 1.0, "num_beam_groups": 1, "transformers_version": "4.30.0"})");
  EXPECT_EQ(o.max_length, 142);
  EXPECT_EQ(o.min_length, 56);
  EXPECT_EQ(o.num_beams, 4);
  EXPECT_EQ(o.length_penalty, 2);
  EXPECT_EQ(o.early_stopping, EarlyStopping::yes);
  EXPECT_EQ(o.no_repeat_ngram_size, 3);
  EXPECT_EQ(o.forced_bos, 0);
  EXPECT_EQ(o.forced_eos, std::vector<int32_t>{2});
  EXPECT_EQ(o.eos, (std::vector<int32_t>{2, 3}));
  EXPECT_EQ(o.decoder_start, 2);
  EXPECT_EQ(o.top_k, 0);
  EXPECT_EQ(o.top_p, 0.9);
  EXPECT_EQ(o.bad_words, (std::vector<std::vector<int32_t>>{{5}, {6, 7}}));
  EXPECT_EQ(o.suppress, std::vector<int32_t>{8});
  EXPECT_EQ(o.stop_strings, std::vector<std::string>{"END"});
  EXPECT_FALSE(o.max_new_tokens);
  EXPECT_EQ(read(R"({"early_stopping": "never"})").early_stopping, EarlyStopping::never);
}

TEST(GenerationConfig, RefusesWhatItCannotDo) {
  EXPECT_EQ(complaint("{}"), "none");
  EXPECT_EQ(complaint(R"({"num_beam_groups": 2})"),
            "g.json: \"num_beam_groups\" is set, which frugal cannot do\n  hint: take it out to generate "
            "without it");
  EXPECT_NE(complaint(R"({"watermarking_config": {}})"), "none");
  EXPECT_NE(complaint(R"({"renormalize_logits": true})"), "none");
  EXPECT_NE(complaint(R"({"guidance_scale": "high"})"), "none");
  EXPECT_NE(complaint(R"({"num_beams": 0})"), "none");
  EXPECT_NE(complaint(R"({"num_beams": 2.5})"), "none");
  EXPECT_NE(complaint(R"({"num_beams": 99999999999999999999})"), "none");
  EXPECT_NE(complaint(R"({"early_stopping": "soon"})"), "none");
  EXPECT_NE(complaint(R"({"eos_token_id": [1, -1]})"), "none");
  EXPECT_NE(complaint(R"({"eos_token_id": []})"), "none");
  EXPECT_NE(complaint(R"({"eos_token_id": "</s>"})"), "none");
  EXPECT_NE(complaint(R"({"bad_words_ids": [5]})"), "none");
  EXPECT_NE(complaint(R"({"bad_words_ids": [[]]})"), "none");
  EXPECT_NE(complaint(R"({"bad_words_ids": [[18446744073709551615]]})"), "none");
  EXPECT_NE(complaint(R"([])"), "none");
}

TEST(GenerationConfig, FoldersOfAllAges) {
  const test::TempFolder folder;
  const Json config = parse_json(R"({
    "num_beams": 4, "max_length": 30, "eos_token_id": 1, "pad_token_id": 0, "force_bos_token_to_be_generated": true,
    "bos_token_id": 9,
    "task_specific_params": {"summarization": {"num_beams": 6, "prefix": "summarize: ", "min_length": 7}}})",
                                 "config.json");
  FolderGeneration said = generation_of_folder(folder.path(), config, "");
  EXPECT_EQ(said.options.num_beams, 4);
  EXPECT_EQ(said.options.decoder_start, 9);
  EXPECT_EQ(said.options.forced_bos, 9);
  EXPECT_EQ(said.prefix, "");
  said = generation_of_folder(folder.path(), config, "summarization");
  EXPECT_EQ(said.options.num_beams, 6);
  EXPECT_EQ(said.options.max_length, 30);
  EXPECT_EQ(said.options.min_length, 7);
  EXPECT_EQ(said.prefix, "summarize: ");
  EXPECT_EQ(generation_of_folder(folder.path(), config, "translation").options.num_beams, 4);

  // A newer folder's own file stands for itself.
  write_json(folder.path() + "/generation_config.json", Json{{"max_new_tokens", 5}});
  said = generation_of_folder(folder.path(), config, "");
  EXPECT_EQ(said.options.num_beams, 1);
  EXPECT_EQ(said.options.max_new_tokens, 5);
  EXPECT_TRUE(said.options.eos.empty());
  EXPECT_EQ(said.options.decoder_start, 9);
  EXPECT_FALSE(said.options.forced_bos);
  EXPECT_EQ(generation_of_folder(folder.path(), Json{{"pad_token_id", 0}}, "").options.decoder_start, 0);
  EXPECT_FALSE(generation_of_folder(folder.path(), Json::object(), "").options.decoder_start);
}

}  // namespace
}  // namespace frugal
