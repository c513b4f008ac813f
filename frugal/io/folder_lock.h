// Keeps two runs out of one output folder.
#pragma once

#include <string>

namespace frugal {

// Holds an flock on `<folder>/.lock` from construction to destruction; the system lets go of it when the
// process dies, however it dies. The file stays behind and means nothing by itself. The folder is created if
// it is missing. Throws Error, naming the other process, when it is taken.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace frugal
