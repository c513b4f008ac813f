// What a Reformer's configuration may get wrong, and the memory of its training. That its numbers are right
// is tested by eval/run_tensors_test.cc on tests/cases/reformer.
#include "frugal/models/reformer.h"

#include <gtest/gtest.h>

#include "frugal/base/error.h"
#include "frugal/models/inference.h"
#include "frugal/passes/lower.h"
#include "frugal/runtime/memory_plan.h"

namespace frugal {
namespace {

Json config(Json changes) {
  Json json{{"architectures", {"ReformerModelWithLMHead"}},
            {"vocab_size", 320},
            {"hidden_size", 64},
            {"attn_layers", {"local", "lsh"}},
            {"num_attention_heads", 2},
            {"attention_head_size", 16},
            {"feed_forward_size", 128},
            {"is_decoder", true},
            {"axial_pos_shape", {16, 16}},
            {"axial_pos_embds_dim", {16, 48}},
            {"max_position_embeddings", 512},
            {"local_attn_chunk_length", 16},
            {"lsh_attn_chunk_length", 32},
            {"num_buckets", 8}};
  if (changes.is_object()) json.update(changes);
  return json;
}

std::string problems(Json changes) {
  try {
    make_model(config(std::move(changes)), "config.json");
  } catch (const Error& error) {
    return error.message();
  }
  return {};
}

TEST(Reformer, NamesEveryProblemOfAConfiguration) {
  EXPECT_EQ("", problems({}));
  const std::string all = problems({{"num_buckets", {4, 3}},
                                    {"axial_pos_embds_dim", {16, 16}},
                                    {"local_attn_chunk_length", 0},
                                    {"attn_layers", {"local", "lsh", "full"}},
                                    {"lsh_num_chunks_after", 1},
                                    {"is_decoder", false},
                                    {"num_hashes", -1}});
  for (const char* part : {"\"num_buckets\": 3 is odd", "\"axial_pos_embds_dim\"", "not to hidden_size 64",
                           "\"local_attn_chunk_length\"", "\"full\" is neither", "\"lsh_num_chunks_after\"",
                           "\"is_decoder\"", "\"num_hashes\""})
    EXPECT_NE(std::string::npos, all.find(part)) << part << " is not in: " << all;
  EXPECT_NE(std::string::npos, problems({{"num_buckets", {256, 512}}}).find("more than 65536 buckets"));
  EXPECT_NE(std::string::npos, problems({{"num_buckets", "many"}}).find("num_buckets"));
  EXPECT_NE(std::string::npos, problems({{"axial_pos_shape", {16, 16, 2}}}).find("has 2 entries"));
  EXPECT_NE(std::string::npos, problems({{"num_hidden_layers", 5}}).find("attn_layers names 2"));
}

TEST(Reformer, PositionsAreWhatTheAxesHold) {
  const auto model = make_model(config({}), "config.json");
  EXPECT_EQ(256, model->info().max_positions);
  EXPECT_EQ("axial_pos_shape [16, 16]", model->info().positions_by);
  EXPECT_EQ(512, make_model(config({{"axial_pos_embds", false}}), "config.json")->info().max_positions);
}

}  // namespace
}  // namespace frugal
