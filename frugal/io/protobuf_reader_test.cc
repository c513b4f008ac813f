#include "frugal/io/protobuf_reader.h"

#include <gtest/gtest.h>

#include "frugal/io/testing.h"

namespace frugal {
namespace {

using namespace std::string_literals;

const std::string kWhere = "a.model";

TEST(ProtobufReader, ReadsEachKindOfField) {
  // 1: 150, 2: "abc", 3: 1.5f, 1: the largest number, 16: 8 fixed bytes
  const std::string file =
      "\x08\x96\x01\x12\x03"
      "abc"
      "\x1d\x00\x00\xc0\x3f\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x81\x01"
      "12345678"s;
  ProtobufReader reader(file, kWhere);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.field(), 1u);
  EXPECT_EQ(reader.integer(), 150u);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.bytes(), "abc");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.number(), 1.5f);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.integer(), ~uint64_t{0});
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.field(), 16u);
  EXPECT_FALSE(reader.next());
}

std::string refusal(const std::string& file) {
  return test::error_of([&] {
    for (ProtobufReader reader(file, kWhere); reader.next();) {
    }
  });
}

TEST(ProtobufReader, NamesFileAndByteOfDamage) {
  EXPECT_NE(refusal("\x08"s).find("a.model: a number is cut short at byte 1"), std::string::npos);
  EXPECT_NE(refusal("\x12\x05xy"s).find("field 2 says 5 bytes where 2 are left at byte 2"),
            std::string::npos);
  EXPECT_NE(refusal("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s).find("where 0 are left"),
            std::string::npos);
  EXPECT_NE(refusal("\x1d\x00\x00"s).find("says 4 bytes"), std::string::npos);
  EXPECT_NE(refusal("\x0b"s).find("unknown type"), std::string::npos);  // a group
  EXPECT_NE(refusal("\x00\x01"s).find("no field"), std::string::npos);  // field 0
  EXPECT_NE(refusal("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s).find("no number"), std::string::npos);
  EXPECT_NE(refusal("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"s).find("no number"),
            std::string::npos);  // 65 bits
}

TEST(ProtobufReader, RefusesAValueOfAnotherKind) {
  const std::string file = "\x08\x01\x12\x01x"s;
  ProtobufReader reader(file, kWhere);
  reader.next();
  EXPECT_NE(test::error_of([&] { reader.bytes(); }).find("field 1 should be a text"), std::string::npos);
  EXPECT_NE(test::error_of([&] { reader.number(); }).find("field 1 should be a float"), std::string::npos);
  reader.next();
  EXPECT_NE(test::error_of([&] { reader.integer(); }).find("field 2 should be a whole number"),
            std::string::npos);
}

}  // namespace
}  // namespace frugal
