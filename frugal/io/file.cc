#include "frugal/io/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "frugal/base/error.h"
#include "frugal/io/system_error.h"

namespace frugal {
namespace {

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_ < 0) throw_system_error(path, "read", errno);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }

  struct stat status() const {
    struct stat status;
    if (::fstat(fd_, &status) != 0) throw_system_error(path_, "read", errno);
    if (S_ISDIR(status.st_mode)) throw_system_error(path_, "read", EISDIR);
    return status;
  }

 private:
  const std::string& path_;
  int fd_;
};

[[noreturn]] void throw_too_large(const std::string& path, size_t max_bytes) {
  throw Error(path, fmt::format("is larger than the limit of {} bytes for a file of this kind", max_bytes));
}

}  // namespace

std::string read_file(const std::string& path, size_t max_bytes) {
  constexpr size_t kChunk = 64 << 10;
  const Descriptor file(path, O_RDONLY);
  const struct stat status = file.status();
  const size_t expected = S_ISREG(status.st_mode) ? static_cast<size_t>(status.st_size) : 0;
  if (expected > max_bytes) throw_too_large(path, max_bytes);

  std::string content;
  size_t filled = 0;
  for (;;) {
    // One byte beyond the expected size: the read that returns 0 then needs no second allocation.
    if (filled == content.size()) content.resize(std::max(expected + 1, filled + std::max(kChunk, filled)));
    const ssize_t n = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_system_error(path, "read", errno);
    if (n == 0) break;
    filled += static_cast<size_t>(n);
    if (filled > max_bytes) throw_too_large(path, max_bytes);
  }
  content.resize(filled);
  return content;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);  // a pipe is refused below instead of waited for
  const struct stat status = file.status();
  if (!S_ISREG(status.st_mode)) throw Error(path, "is a pipe or a device, a regular file was expected");
  const size_t size = static_cast<size_t>(status.st_size);
  void* start = nullptr;
  if (size > 0) {
    start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (start == MAP_FAILED) throw_system_error(path, "map into memory", errno);
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(start, size));
}

MappedFile::~MappedFile() {
  if (start_) ::munmap(start_, size_);
}

}  // namespace frugal
