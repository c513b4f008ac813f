// Records of a TensorBoard event file: TFRecord frames around Event messages (event.proto).
//
// A frame is the length (8 bytes, little-endian), the masked CRC-32C of the length, the message, and its
// masked CRC-32C. TensorBoard reads any file whose name holds "tfevents".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frugal {

// A tag groups charts by what stands before its slash: "train/loss".
using NamedValues = std::vector<std::pair<std::string, double>>;

std::string event_file_start(double wall_time);  // the first record
std::string scalar_event(double wall_time, int64_t step, std::string_view group, const NamedValues& values);

uint32_t crc32c(std::string_view bytes);

}  // namespace frugal
