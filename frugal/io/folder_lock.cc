#include "frugal/io/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/system_error.h"

namespace frugal {
namespace {

// " (process 123)" as the holder wrote it; nothing when it does not read as a number.
std::string holder(int fd) {
  char text[16];
  const ssize_t n = ::pread(fd, text, sizeof text, 0);
  const std::string pid(text, n > 0 ? static_cast<size_t>(n) : 0);
  if (pid.empty() || pid.find_first_not_of("0123456789") != std::string::npos) return "";
  return " (process " + pid + ")";
}

// A killed process holds its lock until the system has taken back its memory, some tens of milliseconds.
bool lock_soon(int fd) {
  for (int attempt = 0;; ++attempt) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK || attempt == 10) return false;
    ::usleep(50'000);
  }
}

}  // namespace

FolderLock::FolderLock(const std::string& folder) {
  make_folder(folder);
  const std::string path = folder + "/.lock";
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd_ < 0) throw_system_error(path, "write", errno);
  if (!lock_soon(fd_)) {
    const int error = errno;
    const std::string other = holder(fd_);
    ::close(fd_);
    if (error != EWOULDBLOCK) throw_system_error(path, "lock", error);
    throw Error(folder, "another run is writing to this folder" + other,
                "wait until it ends, or choose another folder with --out");
  }
  // Only for the other run's error message, so a full disk is no reason to stop.
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) < 0) errno = 0;
}

FolderLock::~FolderLock() { ::close(fd_); }

}  // namespace frugal
