#include "frugal/train/event.h"

#include <gtest/gtest.h>

namespace frugal {
namespace {

// RFC 3720, appendix B.4.
TEST(Event, Crc32c) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

// Byte for byte what TensorFlow's record writer makes of the same messages.
TEST(Event, Bytes) {
  constexpr char kStart[] =
      "\x18\x00\x00\x00\x00\x00\x00\x00\xa3\x7f\x4b\x22\x09\x00\x00\x00\x00\x00\x00\xf8\x3f\x1a\x0d\x62"
      "\x72\x61\x69\x6e\x2e\x45\x76\x65\x6e\x74\x3a\x32\x2a\x28\x64\x6c";
  constexpr char kScalars[] =
      "\x32\x00\x00\x00\x00\x00\x00\x00\x24\x19\x56\xec\x09\x00\x00\x00\x00\x00\x00\x04\x40\x10\xac\x02"
      "\x2a\x24\x0a\x11\x0a\x0a\x74\x72\x61\x69\x6e\x2f\x6c\x6f\x73\x73\x15\x00\x00\x00\x3f\x0a\x0f\x0a"
      "\x08\x74\x72\x61\x69\x6e\x2f\x6c\x72\x15\x00\x00\x80\x3e\x60\x07\x6f\x1a";
  EXPECT_EQ(event_file_start(1.5), std::string(kStart, sizeof kStart - 1));
  EXPECT_EQ(scalar_event(2.5, 300, "train", {{"loss", 0.5}, {"lr", 0.25}}),
            std::string(kScalars, sizeof kScalars - 1));
}

}  // namespace
}  // namespace frugal
