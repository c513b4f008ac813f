#include "frugal/io/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "frugal/io/system_error.h"

namespace frugal {
namespace {

constexpr size_t kBuffer = 256 << 10;
constexpr size_t kLongestWrite = size_t{1} << 30;  // Linux writes at most 2 GiB a call

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

FileCalls::FileCalls()
    : write(::write),
      fsync(::fsync),
      rename([](const char* from, const char* to) { return std::rename(from, to); }) {}

AtomicFile::AtomicFile(std::string path, FileCalls calls)
    : path_(std::move(path)), target_(path_), calls_(std::move(calls)) {
  struct stat status;
  unsigned mode = 0;  // the umask decides
  if (::stat(path_.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) throw_system_error(path_, "write", EISDIR);
    if (::access(path_.c_str(), W_OK) != 0) throw_system_error(path_, "write", errno);
    if (!S_ISREG(status.st_mode)) {
      fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
      if (fd_ < 0) throw_system_error(path_, "write", errno);
      return;
    }
    mode = status.st_mode & 0777;
    std::error_code code;
    target_ = std::filesystem::canonical(path_, code).string();
    if (code) throw_system_error(path_, "write", code.value());
  } else if (errno != ENOENT) {
    throw_system_error(path_, "write", errno);
  }
  open_temporary(mode);
}

void AtomicFile::open_temporary(unsigned mode) {
  // A name longer than 255 bytes is refused by the system: keep room for the rest of the temporary name.
  const std::string name = std::filesystem::path(target_).filename().string().substr(0, 200);
  for (int attempt = 0; fd_ < 0; ++attempt) {
    temporary_ = fmt::format("{}/.{}.{}-{}.tmp", folder_of(target_), name, ::getpid(), attempt);
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ < 0 && errno != EEXIST) {
      const int error = errno;
      temporary_.clear();
      throw_system_error(path_, "write", error);
    }
  }
  if (mode != 0) (void)::fchmod(fd_, mode);  // keep the old file's permissions where we may
}

AtomicFile::~AtomicFile() {
  close();
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void AtomicFile::write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBuffer) flush();
  if (bytes.size() > kBuffer)
    put(bytes);
  else
    buffer_.append(bytes);
}

void AtomicFile::flush() {
  put(buffer_);
  buffer_.clear();
}

void AtomicFile::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = calls_.write(fd_, bytes.data(), std::min(bytes.size(), kLongestWrite));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw_system_error(path_, "write", n < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void AtomicFile::commit() {
  flush();
  if (temporary_.empty()) return close();
  if (calls_.fsync(fd_) != 0) throw_system_error(path_, "write", errno);
  close();
  if (calls_.rename(temporary_.c_str(), target_.c_str()) != 0) throw_system_error(path_, "write", errno);
  temporary_.clear();
  sync_folder(folder_of(target_), calls_);
}

void write_file(const std::string& path, std::string_view bytes, const FileCalls& calls) {
  AtomicFile file(path, calls);
  file.write(bytes);
  file.commit();
}

void sync_folder(const std::string& folder, const FileCalls& calls) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == EACCES) return;  // a folder we may write into but not list
  if (fd < 0) throw_system_error(folder, "open the folder", errno);
  const int result = calls.fsync(fd);
  const int error = errno;
  ::close(fd);
  // Some network file systems cannot sync a folder and say EINVAL; there is nothing more to do there.
  if (result != 0 && error != EINVAL) throw_system_error(folder, "sync the folder", error);
}

void make_folder(const std::string& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) throw_system_error(folder, "create the folder", code.value());
}

}  // namespace frugal
