// Turns an errno into a frugal::Error with words a user can act on.
#pragma once

#include <string>

namespace frugal {

// `action` completes "cannot ...": "read", "write", "create the folder". `code` is an errno value.
[[noreturn]] void throw_system_error(const std::string& path, const std::string& action, int code);

}  // namespace frugal
