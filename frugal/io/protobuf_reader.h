// The fields of a protocol buffer message from a file that nobody vouches for, one after the other.
//
// The wire format of protobuf 2 and 3 without groups: https://protobuf.dev/programming-guides/encoding/.
// Nothing is copied; what bytes() returns lives as long as the message. Every error names the file and the
// byte in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace frugal {

class ProtobufReader {
 public:
  // `where` names the file and must outlive the reader.
  ProtobufReader(std::string_view file, const std::string& where)
      : ProtobufReader(file, file.data(), where) {}

  bool next();  // to the next field; false at the end of the message
  uint32_t field() const { return field_; }

  // The value of the present field. They throw when it is of another kind.
  uint64_t integer() const;
  bool boolean() const { return integer() != 0; }
  float number() const;
  std::string_view bytes() const;
  ProtobufReader message() const { return {bytes(), start_, where_}; }

 private:
  ProtobufReader(std::string_view message, const char* start, const std::string& where)
      : rest_(message), start_(start), where_(where) {}
  uint64_t varint();
  [[noreturn]] void refuse(const std::string& what) const;

  std::string_view rest_;
  const char* start_;  // of the file, for errors
  const std::string& where_;
  uint32_t field_ = 0, type_ = 0;
  uint64_t integer_ = 0;
  std::string_view bytes_;
};

}  // namespace frugal
