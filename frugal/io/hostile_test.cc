// Reads every file of tests/hostile, which its README lists with the error that it must cause.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/safetensors.h"
#include "frugal/io/testing.h"
#include "frugal/io/torch_file.h"
#include "frugal/io/torch_tensor.h"

namespace frugal {
namespace {

const std::string kFolder = std::string(FRUGAL_SOURCE_DIR) + "/tests/hostile/";

// Path within the folder -> a part of the error, from the table "| `path` | what is wrong | error |".
std::map<std::string, std::string> listed(const std::string& subfolder) {
  std::map<std::string, std::string> cases;
  std::ifstream readme(kFolder + "README.md");
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with("| `" + subfolder + "/") || !line.ends_with(" |")) continue;
    const size_t path_end = line.find('`', 3);
    const size_t error = line.rfind(" | ") + 3;
    cases[line.substr(3, path_end - 3)] = line.substr(error, line.size() - 2 - error);
  }
  return cases;
}

void expect_all_listed(const std::string& subfolder, const std::map<std::string, std::string>& cases) {
  EXPECT_FALSE(cases.empty());
  for (const std::string& name : test::names_in(kFolder + subfolder))
    EXPECT_EQ(cases.count(subfolder + "/" + name), 1u) << name << " is not in README.md";
}

template <class Read>
void expect_refused(const std::string& subfolder, Read&& read) {
  const auto cases = listed(subfolder);
  expect_all_listed(subfolder, cases);
  for (const auto& item : cases) {
    const std::string text = test::error_of([&] { read(kFolder + item.first); });
    EXPECT_PRED_FORMAT2(::testing::IsSubstring, item.second, text) << item.first;
    EXPECT_PRED_FORMAT2(::testing::IsSubstring, item.first, text) << "the error names the file";
  }
}

TEST(Hostile, SafetensorsAreRefused) {
  expect_refused("safetensors", [](const auto& path) { read_safetensors(path); });
}

TEST(Hostile, JsonIsRefused) {
  expect_refused("json", [](const auto& path) { load_json(path); });
}

TEST(Hostile, TorchFilesAreRefused) {
  expect_refused("torch_file", [](const auto& path) { read_torch(path); });
}

TEST(Hostile, PicklesAreRefused) {
  expect_refused("torch_pickle", [](const auto& path) {
    const std::string bytes = read_file(path, 1 << 20), memory(8, '\0');
    const auto storage = [&](std::string_view key) -> std::string_view {
      if (key != "0") throw Error(path, "has no storage " + in_quotes(key));
      return memory;
    };
    torch_tensors(parse_pickle(bytes, path), path, storage, nullptr, bytes.size());
  });
}

}  // namespace
}  // namespace frugal
