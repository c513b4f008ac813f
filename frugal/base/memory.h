// Zero-filled memory for tensors and scratch.
#pragma once

#include <cstddef>
#include <memory>

namespace frugal {

// 64-byte aligned, at least one byte. A large block comes straight from the system, in 2 MiB pages where the
// system has them: fewer faults when it is first written, fewer misses of the address cache ever after.
// Throws std::bad_alloc.
std::shared_ptr<std::byte> zeroed_memory(size_t bytes);

}  // namespace frugal
