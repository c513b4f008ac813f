#include "frugal/train/event.h"

#include <boost/crc.hpp>

#include "frugal/train/event.pb.h"

namespace frugal {
namespace {

void append_little_endian(std::string& bytes, uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
}

// A checksum of bytes that hold checksums would be weak, so the format rotates and shifts it.
uint32_t masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

std::string framed(const events::Event& event) {
  const std::string message = event.SerializeAsString();
  std::string frame;
  append_little_endian(frame, message.size(), 8);
  append_little_endian(frame, masked(crc32c(frame)), 4);
  frame += message;
  append_little_endian(frame, masked(crc32c(message)), 4);
  return frame;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::string event_file_start(double wall_time) {
  events::Event event;
  event.set_wall_time(wall_time);
  event.set_file_version("brain.Event:2");
  return framed(event);
}

std::string scalar_event(double wall_time, int64_t step, std::string_view group, const NamedValues& values) {
  events::Event event;
  event.set_wall_time(wall_time);
  event.set_step(step);
  for (const auto& [name, value] : values) {
    events::Summary::Value& scalar = *event.mutable_summary()->add_value();
    scalar.set_tag(group.empty() ? name : std::string(group) + "/" + name);
    scalar.set_simple_value(static_cast<float>(value));
  }
  return framed(event);
}

}  // namespace frugal
