#include "frugal/io/model_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/torch_file.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

constexpr char kConfig[] = "config.json";
constexpr size_t kMaxShards = 10'000;
constexpr char kExpected[] =
    "a model folder holds config.json, model.safetensors or pytorch_model.bin (or an index, "
    "model.safetensors.index.json or pytorch_model.bin.index.json, and its shards) and the tokenizer's files";

// The names that weights may have. The first that is there is taken: safetensors need no trust and no copy.
struct Format {
  const char *weights, *index;
  TensorFile (*read)(const std::string& path);
};
constexpr Format kFormats[] = {
    {"model.safetensors", "model.safetensors.index.json",
     [](const std::string& path) { return read_safetensors(path); }},
    {"pytorch_model.bin", "pytorch_model.bin.index.json",
     [](const std::string& path) { return read_torch(path); }},
};

bool is_there(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code);
}

// "a, b, c and 7 more"
std::string list_of(const std::vector<std::string>& names) {
  constexpr size_t kShown = 20;
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(names.size(), kShown); ++i) shown.push_back(in_quotes(names[i]));
  std::string text = fmt::format("{}", fmt::join(shown, ", "));
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text;
}

bool leads_out(const fs::path& folder, const std::string& name) {
  std::error_code code;
  const fs::path home = fs::canonical(folder, code);
  if (code) return true;
  const fs::path target = fs::canonical(folder / name, code);
  if (code) return true;
  if (target.parent_path() == home) return false;
  const bool in_cache = home.parent_path().filename() == "snapshots";
  return !in_cache || target.parent_path() != home.parent_path().parent_path() / "blobs";
}

// Shard file -> the tensors that the index places there.
std::map<std::string, std::set<std::string>> read_index(const fs::path& path) {
  const std::string where = path.string();
  const Json index = load_json(where);
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [tensor, shard] : get_object(index, "weight_map", where).items()) {
    if (!shard.is_string() || !is_plain_name(shard.get_ref<const std::string&>()))
      throw Error(where, fmt::format("tensor {}: its shard must be the name of a file in this folder, got {}",
                                     in_quotes(tensor), in_quotes(to_text(shard, -1))));
    shards[shard.get<std::string>()].insert(tensor);
  }
  if (shards.size() > kMaxShards)
    throw Error(where, fmt::format("names {} shards, the limit is {}", shards.size(), kMaxShards));
  return shards;
}

TensorMap read_shards(const fs::path& folder, const Format& format) {
  const auto shards = read_index(folder / format.index);
  const std::string where = (folder / format.index).string();
  std::vector<std::string> missing;
  for (const auto& [shard, names] : shards)
    if (!is_there(folder / shard)) missing.push_back(shard);
  if (!missing.empty())
    throw Error(where,
                fmt::format("{} of {} shards are not in the folder: {}", missing.size(), shards.size(),
                            list_of(missing)),
                "download the missing files");

  TensorMap tensors;
  for (const auto& [shard, names] : shards) {
    if (leads_out(folder, shard))
      throw Error((folder / shard).string(), "is a link that leads out of the model folder");
    TensorMap found = format.read((folder / shard).string()).tensors;
    for (const std::string& name : names) {
      const auto tensor = found.find(name);
      if (tensor == found.end())
        missing.push_back(name);
      else
        tensors.insert(found.extract(tensor));  // what the index does not name is not part of the model
    }
  }
  if (!missing.empty())
    throw Error(where, fmt::format("{} tensors are not in the shard that the index names for them: {}",
                                   missing.size(), list_of(missing)));
  return tensors;
}

const Format* format_of(const fs::path& folder) {
  for (const Format& format : kFormats)
    if (is_there(folder / format.weights) || is_there(folder / format.index)) return &format;
  return nullptr;
}

std::string modern_name(const std::string& name) {
  for (const auto& [old_end, new_end] : {std::pair("gamma", "weight"), std::pair("beta", "bias")})
    if (name.ends_with(std::string(".") + old_end))
      return name.substr(0, name.size() - std::string_view(old_end).size()) + new_end;
  return name;
}

}  // namespace

void check_model_folder(const std::string& folder) {
  const fs::path path(folder);
  std::error_code code;
  if (!is_there(path)) throw Error(folder, "no such folder", kExpected);
  if (!fs::is_directory(path, code)) throw Error(folder, "is a file, a model folder was expected", kExpected);
  if (!is_there(path / kConfig)) throw Error(folder, "is no model folder: it has no config.json", kExpected);
  if (!format_of(path))
    throw Error(folder, "has a config.json but no weights (model.safetensors or pytorch_model.bin)",
                kExpected);
}

Json read_model_config(const std::string& folder) {
  const std::string path = (fs::path(folder) / kConfig).string();
  Json config = load_json(path, {.bytes = size_t{16} << 20, .depth = 32});
  if (!config.is_object()) throw Error(path, "is not a JSON object");
  return config;
}

TensorMap read_model_weights(const std::string& folder) {
  check_model_folder(folder);
  const fs::path path(folder);
  const Format& format = *format_of(path);
  TensorMap found = is_there(path / format.weights) ? format.read((path / format.weights).string()).tensors
                                                    : read_shards(path, format);
  TensorMap tensors;
  for (auto& [name, tensor] : found)
    if (!tensors.emplace(modern_name(name), tensor).second)
      throw Error(folder, fmt::format("has tensor {} under its old name (gamma, beta) and its new one",
                                      in_quotes(modern_name(name))));
  return tensors;
}

}  // namespace frugal
