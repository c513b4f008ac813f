#include "frugal/io/model_files.h"

#include <gtest/gtest.h>

#include <cstring>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

using test::TempFolder;

void write_index(const TempFolder& folder, const Json& weight_map) {
  write_json(folder / "model.safetensors.index.json",
             {{"metadata", {{"total_size", 8}}}, {"weight_map", weight_map}});
}

void write_shard(const std::string& path, const std::vector<std::string>& names) {
  TensorMap tensors;
  for (const std::string& name : names)
    tensors.emplace(name, Tensor::scalar(static_cast<float>(name.size())));
  write_safetensors(path, tensors);
}

TEST(ModelFiles, SaysWhatAModelFolderIs) {
  const TempFolder folder;
  EXPECT_ERROR(read_model_weights(folder / "none"), "none: no such folder");
  EXPECT_ERROR(read_model_weights(folder / "none"), "hint: a model folder holds config.json");
  EXPECT_ERROR(read_model_weights(folder.path()), "it has no config.json");
  write_file(folder / "config.json", "{}");
  EXPECT_ERROR(read_model_weights(folder / "config.json"), "is a file, a model folder was expected");
  EXPECT_ERROR(read_model_weights(folder.path()), "no weights (model.safetensors or pytorch_model.bin)");
  write_file(folder / "pytorch_model.bin", "x");
  EXPECT_ERROR(read_model_weights(folder.path()), "pytorch_model.bin: is no torch file");
}

TEST(ModelFiles, ReadsTheConfig) {
  const TempFolder folder;
  EXPECT_ERROR(read_model_config(folder.path()), "config.json: cannot read");
  write_file(folder / "config.json", "[]");
  EXPECT_ERROR(read_model_config(folder.path()), "config.json: is not a JSON object");
  write_file(folder / "config.json", "{\"hidden_size\": 384}");
  EXPECT_EQ(read_model_config(folder.path())["hidden_size"], 384);
}

TEST(ModelFiles, MapsOldNames) {
  const TempFolder folder;
  write_file(folder / "config.json", "{}");
  write_shard(folder / "model.safetensors",
              {"a.LayerNorm.gamma", "a.LayerNorm.beta", "gamma.x", "a.my_beta", "w"});
  std::vector<std::string> names;
  for (const auto& [name, tensor] : read_model_weights(folder.path())) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"a.LayerNorm.bias", "a.LayerNorm.weight", "a.my_beta", "gamma.x",
                                             "w"}));
  write_shard(folder / "model.safetensors", {"n.gamma", "n.weight"});
  EXPECT_ERROR(read_model_weights(folder.path()), "tensor \"n.weight\" under its old name");
}

TEST(ModelFiles, ReadsShards) {
  const TempFolder folder;
  write_file(folder / "config.json", "{}");
  write_shard(folder / "s1.safetensors", {"a", "not_in_index"});
  write_shard(folder / "s2.safetensors", {"bb", "norm.gamma"});
  write_index(folder, {{"a", "s1.safetensors"}, {"bb", "s2.safetensors"}, {"norm.gamma", "s2.safetensors"}});
  const TensorMap tensors = read_model_weights(folder.path());
  EXPECT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors.at("bb").data<float>()[0], 2.0f);
  EXPECT_EQ(tensors.count("norm.weight"), 1u);
}

const std::string kCases = std::string(FRUGAL_SOURCE_DIR) + "/tests/cases/";

void expect_same(const TensorMap& found, const TensorMap& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    ASSERT_TRUE(found.count(name)) << name;
    ASSERT_EQ(found.at(name).shape(), tensor.shape()) << name;
    EXPECT_EQ(std::memcmp(found.at(name).bytes(), tensor.bytes(), tensor.byte_count()), 0) << name;
  }
}

TEST(ModelFiles, PytorchWeightsAreTheSameWeights) {
  const TensorMap expected = read_model_weights(kCases + "bert/classification_bare");
  EXPECT_GT(expected.size(), 30u);
  expect_same(read_model_weights(kCases + "torch/bert_archive"), expected);
  expect_same(read_model_weights(kCases + "torch/bert_legacy_shards"), expected);  // gamma and beta, too
}

TEST(ModelFiles, SafetensorsComeFirst) {
  const TempFolder folder;
  write_file(folder / "config.json", "{}");
  write_file(folder / "pytorch_model.bin", "never looked at");
  write_shard(folder / "model.safetensors", {"a"});
  EXPECT_EQ(read_model_weights(folder.path()).size(), 1u);
}

TEST(ModelFiles, PytorchShardsStayInTheFolder) {
  const TempFolder folder;
  make_folder(folder / "model");
  write_file(folder / "model/config.json", "{}");
  write_file(folder / "outside.bin", read_file(kCases + "torch/kinds.bin", 1 << 20));
  const std::string index = folder / "model/pytorch_model.bin.index.json";
  write_json(index, {{"weight_map", {{"f32", "../outside.bin"}}}});
  EXPECT_ERROR(read_model_weights(folder / "model"), "must be the name of a file in this folder");
  write_json(index, {{"weight_map", {{"f32", "s1"}}}});
  std::filesystem::create_symlink("../outside.bin", folder / "model/s1");
  EXPECT_ERROR(read_model_weights(folder / "model"), "s1: is a link that leads out");
}

TEST(ModelFiles, ListsAllThatIsMissing) {
  const TempFolder folder;
  write_file(folder / "config.json", "{}");
  write_shard(folder / "s1", {"a"});
  write_index(folder, {{"a", "s1"}, {"b", "s2"}, {"c", "s3"}, {"x", "s1"}, {"y", "s1"}});
  EXPECT_ERROR(read_model_weights(folder.path()), "2 of 3 shards are not in the folder: \"s2\", \"s3\"");
  write_shard(folder / "s2", {"b"});
  write_shard(folder / "s3", {"z"});
  EXPECT_ERROR(read_model_weights(folder.path()),
               "3 tensors are not in the shard that the index names for them: "
               "\"x\", \"y\", \"c\"");
}

TEST(ModelFiles, ShardsStayInTheFolder) {
  const TempFolder folder;
  write_shard(folder / "outside.safetensors", {"a"});
  const std::string model = folder / "model";
  make_folder(model);
  write_file(model + "/config.json", "{}");
  const std::string index = model + "/model.safetensors.index.json";
  for (const char* shard : {"../outside.safetensors", "/etc/passwd", "..", ".", "", "x/../y"}) {
    write_json(index, {{"weight_map", {{"a", shard}}}});
    EXPECT_ERROR(read_model_weights(model), "must be the name of a file in this folder") << shard;
  }
  write_json(index, {{"weight_map", {{"a", 7}}}});
  EXPECT_ERROR(read_model_weights(model), "must be the name of a file in this folder");
  write_json(index, {{"weight_map", Json::array()}});
  EXPECT_ERROR(read_model_weights(model), "\"weight_map\" must be an object");

  write_json(index, {{"weight_map", {{"a", "s1"}}}});
  std::filesystem::create_symlink("../outside.safetensors", model + "/s1");
  EXPECT_ERROR(read_model_weights(model), "s1: is a link that leads out");
}

TEST(ModelFiles, ReadsTheLinksOfAHubCache) {
  const TempFolder cache;
  const std::string model = cache / "snapshots/abc";
  make_folder(model);
  make_folder(cache / "blobs");
  write_file(model + "/config.json", "{}");
  write_json(model + "/model.safetensors.index.json", {{"weight_map", {{"a", "s1"}}}});
  write_shard(cache / "blobs/123", {"a"});
  std::filesystem::create_symlink("../../blobs/123", model + "/s1");
  EXPECT_EQ(read_model_weights(model).size(), 1u);
}

}  // namespace
}  // namespace frugal
