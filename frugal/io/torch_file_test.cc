// Reads what torch itself wrote: tests/cases/torch, made by tests/cases/make_torch_cases.py.
#include "frugal/io/torch_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"
#include "frugal/io/torch_tensor.h"

namespace frugal {
namespace {

const std::string kFolder = std::string(FRUGAL_SOURCE_DIR) + "/tests/cases/torch/";

class TorchFile : public testing::TestWithParam<const char*> {};

TEST_P(TorchFile, HoldsWhatTorchSaved) {
  const TensorMap expected = read_safetensors(kFolder + "kinds.safetensors").tensors;
  const TensorMap found = read_torch(kFolder + GetParam()).tensors;
  ASSERT_EQ(found.size(), expected.size());
  EXPECT_GT(found.size(), 20u);
  for (const auto& [name, tensor] : expected) {
    ASSERT_TRUE(found.count(name)) << name;
    const Tensor& ours = found.at(name);
    EXPECT_EQ(ours.type(), tensor.type()) << name;
    ASSERT_EQ(ours.shape(), tensor.shape()) << name;
    EXPECT_TRUE(std::equal(static_cast<const char*>(ours.bytes()),
                           static_cast<const char*>(ours.bytes()) + ours.byte_count(),
                           static_cast<const char*>(tensor.bytes())))
        << name;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(ours.bytes()) % size_of(ours.type()), 0u) << name;
  }
  EXPECT_EQ(found.at("tied").bytes(), found.at("tied_again").bytes()) << "tied tensors share their bytes";
}

INSTANTIATE_TEST_SUITE_P(Forms, TorchFile,
                         testing::Values("kinds.bin", "kinds_protocol4.bin", "kinds_protocol5.bin",
                                         "kinds_dict.bin", "kinds_no_checksums.bin", "kinds_legacy.bin"));

TEST(TorchFile, DenseTensorsOfAnArchiveAreViews) {
  const std::string bytes = read_file(kFolder + "kinds.bin", 1 << 20);
  const TensorMap found = parse_torch(bytes, "kinds.bin", nullptr).tensors;
  const auto is_view = [&](const char* name) {
    const char* start = static_cast<const char*>(found.at(name).bytes());
    return start >= bytes.data() && start < bytes.data() + bytes.size();
  };
  for (const char* name : {"f32", "f16", "f64", "parameter", "scalar", "tail", "tied", "row_of_positions"})
    EXPECT_TRUE(is_view(name)) << name;
  for (const char* name : {"transposed", "permuted", "slice", "every_second", "expanded"})
    EXPECT_FALSE(is_view(name)) << name;
}

TEST(TorchFile, TensorsKeepTheFileMapped) {
  Tensor tensor;
  {
    const test::TempFolder folder;
    write_file(folder / "m.bin", read_file(kFolder + "kinds.bin", 1 << 20));
    tensor = read_torch(folder / "m.bin").tensors.at("i64");
  }
  EXPECT_EQ(tensor.data<int64_t>()[0], -2);
}

TEST(TorchFile, IsToldFromSafetensorsByItsFirstBytes) {
  for (const char* name : {"kinds.bin", "kinds_legacy.bin", "kinds.safetensors"})
    EXPECT_EQ(read_tensor_file(kFolder + name).tensors.size(), 24u) << name;
  EXPECT_ERROR(read_torch(kFolder + "kinds.safetensors"), "name it model.safetensors");
  EXPECT_ERROR(read_safetensors(kFolder + "kinds_legacy.bin"), "name it pytorch_model.bin");
  EXPECT_ERROR(read_torch(kFolder + "README.md"), "is no torch file");
}

// Of the older format nearly every byte counts; an archive has checksums, zip_test.cc cuts one.
TEST(TorchFile, AnOlderFileCutAnywhereIsRefused) {
  const std::string bytes = read_file(kFolder + "kinds_legacy.bin", 1 << 20);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(test::error_of([&] { parse_torch(bytes.substr(0, size), "x", nullptr); }).empty()) << size;
}

TEST(TorchFile, AChangedByteIsRefusedOrHarmless) {
  for (const char* name : {"kinds.bin", "kinds_legacy.bin"}) {
    const std::string good = read_file(kFolder + name, 1 << 20);
    int refused = 0;
    for (size_t at = 0; at < good.size(); ++at) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
      try {
        double sum = 0;
        for (const auto& [key, tensor] : parse_torch(bytes, name, nullptr).tensors)
          for (size_t i = 0; i < tensor.byte_count(); ++i)
            sum += static_cast<const unsigned char*>(tensor.bytes())[i];
        EXPECT_GE(sum, 0);
      } catch (const Error& error) {
        ++refused;
        EXPECT_PRED_FORMAT2(::testing::IsSubstring, name, error.what());
      }
    }
    EXPECT_GT(refused, static_cast<int>(good.size()) / 4) << name;
  }
}

// Strided copies against a walk over all indices, for every order of a cube's axes.
TEST(TorchFile, CopiesStridedTensorsInRowMajorOrder) {
  const Shape sizes{2, 3, 4}, strides{12, 4, 1};
  std::vector<int32_t> memory(24);
  for (int i = 0; i < 24; ++i) memory[i] = 100 + i;
  const auto storage = [&](std::string_view) {
    return std::string_view(reinterpret_cast<const char*>(memory.data()), 96);
  };
  std::vector<size_t> order{0, 1, 2};
  do {
    Pickle pickle;
    StoredTensor cube{{DType::i32, "0", 24}, 0, {}, {}};
    for (const size_t axis : order) {
      cube.shape.push_back(sizes[axis]);
      cube.strides.push_back(strides[axis]);
    }
    pickle.tensors = {cube};
    pickle.items = {{{PickleValue::Kind::text, 0, "t"}, {PickleValue::Kind::tensor, 0, {}}}};
    pickle.top = {PickleValue::Kind::dict, 0, {}};
    const Tensor tensor = torch_tensors(pickle, "x", storage, nullptr, 96).at("t");
    ASSERT_EQ(tensor.shape(), cube.shape);
    size_t at = 0;
    for (int64_t i = 0; i < cube.shape[0]; ++i)
      for (int64_t j = 0; j < cube.shape[1]; ++j)
        for (int64_t k = 0; k < cube.shape[2]; ++k)
          EXPECT_EQ(tensor.data<int32_t>()[at++],
                    memory[i * cube.strides[0] + j * cube.strides[1] + k * cube.strides[2]]);
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace frugal
