// Base64 (RFC 4648) to bytes.
#pragma once

#include <string>
#include <string_view>

namespace frugal {

// Throws on anything but whole, padded groups of four; `where` names the origin in errors.
std::string from_base64(std::string_view text, const std::string& where);

}  // namespace frugal
