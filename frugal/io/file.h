// Reading files: whole, or mapped into memory. Writing is in atomic_file.h, which this header brings along.
//
// Every failure (missing, a folder, unreadable, too large) is a frugal::Error that names the path.
// Free functions and const members may be called from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "frugal/io/atomic_file.h"  // IWYU pragma: export

namespace frugal {

// The whole content. Reads pipes and devices too; stops with an error once there is more than max_bytes.
std::string read_file(const std::string& path, size_t max_bytes);

// One path component that names something inside a folder: not empty, no '/', not "." or "..".
bool is_plain_name(std::string_view name);

// A regular file, mapped read-only: pages are read when touched and shared between processes. Writing
// through the mapping is a segmentation fault. Files that frugal writes are replaced by rename, so a mapping
// keeps the old content; another program that cuts the file short in place makes a later touch a SIGBUS.
class MappedFile {
 public:
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {static_cast<const char*>(start_), size_}; }

 private:
  MappedFile(void* start, size_t size) : start_(start), size_(size) {}

  void* start_;  // null for an empty file, which cannot be mapped
  size_t size_;
};

}  // namespace frugal
