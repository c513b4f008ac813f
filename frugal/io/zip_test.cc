#include "frugal/io/zip.h"

#include <gtest/gtest.h>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

std::string kinds() {
  return read_file(std::string(FRUGAL_SOURCE_DIR) + "/tests/cases/torch/kinds.bin", 1 << 20);
}

TEST(Zip, ListsAndReadsWhatTorchWrites) {
  const std::string bytes = kinds();
  const ZipArchive archive(bytes, "kinds.bin");
  EXPECT_TRUE(archive.has("archive/data.pkl"));
  EXPECT_FALSE(archive.has("archive/data"));
  EXPECT_EQ(archive.read("archive/byteorder"), "little");
  EXPECT_EQ(archive.read("archive/data/0").size(), 3 * 4 * sizeof(float));
  const char* start = archive.read("archive/data/0").data();
  EXPECT_TRUE(start > bytes.data() && start < bytes.data() + bytes.size()) << "a view, not a copy";
  EXPECT_EQ((start - bytes.data()) % 64, 0);
  EXPECT_ERROR(archive.read("archive/data/99"), "kinds.bin: has no entry \"archive/data/99\"");
}

template <class... T>
std::string packed(T... values) {
  std::string bytes;
  (bytes.append(reinterpret_cast<const char*>(&values), sizeof(values)), ...);
  return bytes;
}

// As files above 4 GB are written: all ones where sizes and places are, and these in 64 bits elsewhere.
TEST(Zip, ReadsWideFields) {
  const uint16_t none = 0, ones = 0xFFFF;
  const uint32_t wide = 0xFFFFFFFF, zero = 0;
  const std::string data = "twelve bytes";
  const std::string local = packed(uint32_t{0x04034b50}, uint16_t{45}, none, none, none, none, zero, wide,
                                   wide, uint16_t{1}, uint16_t{20}) +
                            "a" + packed(uint16_t{1}, uint16_t{16}, uint64_t{12}, uint64_t{12});
  const std::string other = packed(uint16_t{0x7075}, uint16_t{3}) + "abc";  // an extra field of another kind
  const std::string central =
      packed(uint32_t{0x02014b50}, uint16_t{45}, uint16_t{45}, none, none, none, none, zero, wide, wide,
             uint16_t{1}, uint16_t{35}, none, none, none, zero, wide) +
      "a" + other + packed(uint16_t{1}, uint16_t{24}, uint64_t{12}, uint64_t{12}, uint64_t{0});
  const uint64_t start = local.size() + data.size();
  const std::string end = packed(uint32_t{0x06064b50}, uint64_t{44}, uint16_t{45}, uint16_t{45}, zero, zero,
                                 uint64_t{1}, uint64_t{1}, uint64_t{central.size()}, start) +
                          packed(uint32_t{0x07064b50}, zero, start + central.size(), uint32_t{1}) +
                          packed(uint32_t{0x06054b50}, none, none, ones, ones, wide, wide, none);
  const std::string bytes = local + data + central + end;
  EXPECT_EQ(ZipArchive(bytes, "x").read("a"), data);
}

TEST(Zip, ChecksWhatIsRead) {
  std::string bytes = kinds();
  const size_t at = static_cast<size_t>(ZipArchive(bytes, "x").read("archive/data/0").data() - bytes.data());
  bytes[at + 5] ^= 1;
  const ZipArchive archive(bytes, "kinds.bin");
  EXPECT_EQ(archive.read("archive/byteorder"), "little") << "another entry is not touched";
  EXPECT_ERROR(archive.read("archive/data/0"), "do not match their checksum");
}

TEST(Zip, HasLimits) {
  const std::string bytes = kinds();
  EXPECT_ERROR(ZipArchive(bytes, "x", {.entries = 3}), "the limit is 3");
  EXPECT_ERROR(ZipArchive(bytes, "x", {.name_bytes = 10}), "the limit is 10");
}

TEST(Zip, AnArchiveCutAnywhereIsRefused) {
  const std::string bytes = kinds();
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_ERROR(ZipArchive(std::string_view(bytes).substr(0, size), "x"), "does not end with a directory");
}

}  // namespace
}  // namespace frugal
