#include "frugal/io/protobuf_reader.h"

#include <fmt/format.h>

#include <bit>

#include "frugal/base/error.h"

namespace frugal {
namespace {

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

}  // namespace

void ProtobufReader::refuse(const std::string& what) const {
  throw Error(where_, fmt::format("{} at byte {}", what, rest_.data() - start_),
              "the file is damaged, cut short or of another kind");
}

uint64_t ProtobufReader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (rest_.empty()) refuse("a number is cut short");
    const auto byte = static_cast<uint8_t>(rest_[0]);
    if (shift == 63 && byte > 1) break;  // more than 64 bits
    rest_.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  refuse("there is no number");
}

bool ProtobufReader::next() {
  if (rest_.empty()) return false;
  const uint64_t tag = varint();
  if (tag >> 32 != 0 || tag >> 3 == 0) refuse("there is no field");
  field_ = static_cast<uint32_t>(tag >> 3);
  type_ = tag & 7;
  uint64_t size = 0;
  switch (type_) {
    case kVarint:
      integer_ = varint();
      return true;
    case kBytes:
      size = varint();
      break;
    case kFixed32:
      size = 4;
      break;
    case kFixed64:
      size = 8;
      break;
    default:
      refuse(fmt::format("field {} is of an unknown type", field_));
  }
  if (size > rest_.size())
    refuse(fmt::format("field {} says {} bytes where {} are left", field_, size, rest_.size()));
  bytes_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

uint64_t ProtobufReader::integer() const {
  if (type_ != kVarint) refuse(fmt::format("field {} should be a whole number", field_));
  return integer_;
}

float ProtobufReader::number() const {
  if (type_ != kFixed32) refuse(fmt::format("field {} should be a float", field_));
  uint32_t bits = 0;
  for (int i = 3; i >= 0; --i) bits = bits << 8 | static_cast<uint8_t>(bytes_[static_cast<size_t>(i)]);
  return std::bit_cast<float>(bits);
}

std::string_view ProtobufReader::bytes() const {
  if (type_ != kBytes) refuse(fmt::format("field {} should be a text or a message", field_));
  return bytes_;
}

}  // namespace frugal
