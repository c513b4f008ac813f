// CRC-32 as zip and PNG use it (polynomial 0x04C11DB7, reflected): finds damage, not malice.
#pragma once

#include <cstdint>
#include <string_view>

namespace frugal {

uint32_t crc32(std::string_view bytes);

}  // namespace frugal
