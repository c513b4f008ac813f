// Reads every file of tests/hostile, which its README lists with the error that it must cause.
#include "frugal/io/hostile.h"

#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/safetensors.h"
#include "frugal/io/torch_file.h"
#include "frugal/io/torch_tensor.h"

namespace frugal {
namespace {

using test::expect_refused;

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
