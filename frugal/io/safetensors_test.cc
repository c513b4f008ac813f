// What must be accepted and written; what must be refused is in hostile_test.cc.
#include "frugal/io/safetensors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

using test::TempFolder;

// A file of hand-written bytes, for sizes below 256.
std::string bytes_of(const std::string& header, const std::string& data) {
  return std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header + data;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && a.shape() == b.shape() &&
         (a.byte_count() == 0 || std::memcmp(a.bytes(), b.bytes(), a.byte_count()) == 0);
}

Tensor counting(DType type, Shape shape) {
  Tensor tensor(type, std::move(shape));
  for (size_t i = 0; i < tensor.byte_count(); ++i)
    static_cast<uint8_t*>(tensor.bytes())[i] = static_cast<uint8_t>(i);
  return tensor;
}

TEST(Safetensors, ReadsHandWrittenBytes) {
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"x":{"dtype":"I16","shape":[2,1],"data_offsets":[0,4],"note":[1]}}  )";
  const std::string bytes = bytes_of(header, std::string("\x01\x00\xFF\xFF", 4));
  const TensorFile file = parse_safetensors(bytes, "x", nullptr);
  EXPECT_EQ(file.metadata, (Metadata{{"format", "pt"}}));
  ASSERT_EQ(file.tensors.size(), 1u);
  const Tensor& x = file.tensors.at("x");
  EXPECT_EQ(x.shape(), (Shape{2, 1}));
  EXPECT_EQ(x.data<int16_t>()[0], 1);
  EXPECT_EQ(x.data<int16_t>()[1], -1);
}

// Bytes of this process that are in memory.
int64_t resident() {
  int64_t all = 0, pages = 0;
  std::ifstream("/proc/self/statm") >> all >> pages;
  return pages * ::sysconf(_SC_PAGESIZE);
}

TEST(Safetensors, MappedTensorsGiveTheirMemoryBackAndReadAgain) {
  const TempFolder folder;
  const std::string path = folder.path() + "/x.safetensors";
  constexpr int64_t kBytes = 32 << 20;
  const Tensor written = counting(DType::u8, {kBytes});
  write_safetensors(path, {{"x", written}, {"y", counting(DType::u8, {3})}});
  const TensorFile file = read_safetensors(path);
  const Tensor& x = file.tensors.at("x");
  ASSERT_TRUE(same(x, written));
  const int64_t before = resident();
  x.drop_pages();
  EXPECT_LT(resident(), before - kBytes * 3 / 4);
  EXPECT_TRUE(same(x, written));
  EXPECT_TRUE(same(file.tensors.at("y"), counting(DType::u8, {3})));
  written.drop_pages();  // its own memory stays
  EXPECT_TRUE(same(x, written));
}

TEST(Safetensors, AcceptsEmptyThings) {
  EXPECT_TRUE(parse_safetensors(bytes_of("{}", ""), "x", nullptr).tensors.empty());
  const std::string header =
      R"({"b":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})";
  const std::string bytes = bytes_of(header, "!");
  const TensorFile file = parse_safetensors(bytes, "x", nullptr);
  EXPECT_EQ(file.tensors.at("a").count(), 1);
  EXPECT_EQ(file.tensors.at("a").data<uint8_t>()[0], '!');
  EXPECT_EQ(file.tensors.at("b").count(), 0);
}

TEST(Safetensors, EveryCutIsRefused) {
  const std::string bytes = bytes_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "12345678");
  EXPECT_NO_THROW(parse_safetensors(bytes, "x", nullptr));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(parse_safetensors(std::string_view(bytes).substr(0, size), "x", nullptr), Error) << size;
}

TEST(Safetensors, KeepsItsLimits) {
  const std::string bytes = bytes_of(
      R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
      "12");
  EXPECT_ERROR(parse_safetensors(bytes, "f", nullptr, {.header_bytes = 50}), "f: the header has");
  EXPECT_ERROR(parse_safetensors(bytes, "f", nullptr, {.tensors = 1}), "f: the header has 2 entries");
  EXPECT_NO_THROW(parse_safetensors(bytes, "f", nullptr, {.tensors = 2}));
}

TEST(Safetensors, CopiesMisalignedData) {
  const std::string header =
      R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[1],"data_offsets":[3,7]}})";
  const float value = 1.5f;
  std::string bytes = bytes_of(header, "abc");
  bytes.append(reinterpret_cast<const char*>(&value), 4);
  const TempFolder folder;
  write_file(folder / "f", bytes);
  for (const TensorFile& file : {parse_safetensors(bytes, "x", nullptr), read_safetensors(folder / "f")}) {
    const Tensor& b = file.tensors.at("b");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(b.bytes()) % 4, 0u);
    EXPECT_EQ(b.data<float>()[0], 1.5f);
  }
}

TensorMap every_type() {
  TensorMap tensors;
  for (const char* name :
       {"BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "BF16", "F32", "F64"})
    tensors.emplace(std::string("layer.") + name, counting(*dtype_from_name(name), {3, 5}));
  tensors.emplace("empty", Tensor(DType::f32, {0, 7}));
  tensors.emplace("scalar", Tensor::scalar(2.5f));
  tensors.emplace("name with \"quotes\", \\ and \xC3\xA9", counting(DType::u8, {1}));
  return tensors;
}

TEST(Safetensors, RoundTrip) {
  const TempFolder folder;
  const TensorMap tensors = every_type();
  const Metadata metadata{{"format", "pt"}, {"line\n", "\"\xE2\x82\xAC\""}};
  write_safetensors(folder / "f", tensors, metadata);
  const TensorFile file = read_safetensors(folder / "f");
  EXPECT_EQ(file.metadata, metadata);
  ASSERT_EQ(file.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(same(file.tensors.at(name), tensor)) << name;
}

TEST(Safetensors, WritesTheSameBytesAligned) {
  const TempFolder folder;
  write_safetensors(folder / "a", every_type());
  write_safetensors(folder / "b", read_safetensors(folder / "a").tensors);
  const std::string bytes = read_file(folder / "a", 1 << 20);
  EXPECT_EQ(bytes, read_file(folder / "b", 1 << 20));
  EXPECT_EQ(safetensors_header(every_type(), {}, "a").size() % 8, 0u);
  // Aligned in the file, so the views lie in the mapping: consecutive tensors are neighbours in memory.
  const TensorFile file = read_safetensors(folder / "a");
  const auto* f64 = static_cast<const char*>(file.tensors.at("layer.F64").bytes());
  EXPECT_EQ(f64 + 15 * 8, file.tensors.at("layer.I64").bytes());
}

TEST(Safetensors, WritesTheLayoutOfTheReference) {
  TensorMap tensors;
  tensors.emplace("b", counting(DType::f32, {1}));
  tensors.emplace("a", counting(DType::u8, {2}));
  tensors.emplace("c", counting(DType::i64, {1}));
  const std::string expected =
      R"({"__metadata__":{"format":"pt"},"c":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"a":{"dtype":"U8","shape":[2],"data_offsets":[12,14]}})";
  const std::string header = safetensors_header(tensors, {{"format", "pt"}}, "f");
  EXPECT_EQ(header.substr(8, expected.size()), expected);
  EXPECT_EQ(header.find_first_not_of(' ', 8 + expected.size()), std::string::npos);
}

TEST(Safetensors, ViewsOutliveTheFileAndSurviveOverwriting) {
  const TempFolder folder;
  write_safetensors(folder / "f", {{"x", counting(DType::f32, {1000})}});
  Tensor x = read_safetensors(folder / "f").tensors.at("x");
  write_safetensors(folder / "f", {{"x", x}});  // onto the file that x is mapped from
  std::filesystem::remove(folder / "f");
  EXPECT_TRUE(same(x, counting(DType::f32, {1000})));
}

TEST(Safetensors, WriterRefusesWhatTheReaderWould) {
  const TempFolder folder;
  const auto write = [&](const std::string& name, const Tensor& tensor, const Metadata& metadata = {}) {
    write_safetensors(folder / "f", {{name, tensor}}, metadata);
  };
  const Tensor one = Tensor::scalar(1);
  EXPECT_ERROR(write("__metadata__", one), "reserves this name");
  EXPECT_ERROR(write("a\nb", one), "control character");
  EXPECT_ERROR(write(std::string(513, 'n'), one), "the limit is 512");
  EXPECT_ERROR(write("\xFF", one), "is not UTF-8");
  EXPECT_ERROR(write("a", one, {{"k", "\xFF"}}), "is not valid UTF-8");
  EXPECT_ERROR(write("a", Tensor(DType::f32, Shape(9, 1))), "at most 8 are allowed");
  EXPECT_ERROR(write("a", Tensor()), "it has no data");
  EXPECT_TRUE(test::names_in(folder.path()).empty());
}

TEST(Safetensors, FullDiskLeavesTheOldFile) {
  const TempFolder folder;
  write_safetensors(folder / "f", {{"x", Tensor::scalar(1)}});
  int64_t budget = 1 << 20;
  FileCalls calls;
  calls.write = [&, real = FileCalls()](int fd, const void* bytes, size_t count) -> ssize_t {
    if ((budget -= static_cast<int64_t>(count)) >= 0) return real.write(fd, bytes, count);
    errno = ENOSPC;
    return -1;
  };
  const TensorMap large{{"x", Tensor(DType::f32, {100000})}, {"y", Tensor(DType::f32, {1000000})}};
  EXPECT_ERROR(write_safetensors(folder / "f", large, {}, calls), "the disk is full");
  EXPECT_EQ(read_safetensors(folder / "f").tensors.at("x").data<float>()[0], 1.0f);
  EXPECT_EQ(test::names_in(folder.path()), std::vector<std::string>{"f"});
}

}  // namespace
}  // namespace frugal
