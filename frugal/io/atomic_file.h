// Writing files so that a reader, a crash or a full disk sees the old content or the new, never a part.
//
// The bytes go to a temporary name in the same folder; commit() does fsync, rename, fsync of the folder, so
// that the new file also survives a power cut. A failure removes the temporary name and leaves the old file.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

namespace frugal {

// The system calls that change what is on the disk. Tests pass their own to fail, or to die, at any of them.
// Each returns -1 and sets errno on failure.
struct FileCalls {
  std::function<ssize_t(int fd, const void* bytes, size_t count)> write;
  std::function<int(int fd)> fsync;
  std::function<int(const char* from, const char* to)> rename;

  FileCalls();  // the real ones
};

class AtomicFile {
 public:
  // Opens the temporary file. A link is followed: the file it points to is replaced, the link stays.
  // An existing pipe or device (/dev/stdout) cannot be renamed over and is written directly.
  explicit AtomicFile(std::string path, FileCalls calls = {});
  ~AtomicFile();  // without commit(): nothing is left behind, the old file stays
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);  // appends; throws when the disk is full
  void commit();                       // makes it the file; call once, last

 private:
  void open_temporary(unsigned mode);
  void flush();
  void put(std::string_view bytes);
  void close();

  std::string path_;       // as the caller said it, for errors
  std::string target_;     // what is replaced
  std::string temporary_;  // empty: written directly, or nothing to remove
  std::string buffer_;     // small writes are joined
  FileCalls calls_;
  int fd_ = -1;
};

void write_file(const std::string& path, std::string_view bytes, const FileCalls& calls = {});

// Makes renames, creations and removals in the folder durable.
void sync_folder(const std::string& folder, const FileCalls& calls = {});

// Creates the folder and those above it; fine if it is there already.
void make_folder(const std::string& folder);

}  // namespace frugal
