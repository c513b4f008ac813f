// The output folder of a job: who may use it, and whether it holds a run to continue.
#pragma once

#include <string>

#include "frugal/io/folder_lock.h"
#include "frugal/io/json.h"

namespace frugal {

class RunFolder {
 public:
  // Takes the folder for a run with these settings. A folder with anything else in it, or with a run of other
  // settings, is an Error that leaves it untouched; `must_resume` makes an empty one an Error too.
  RunFolder(std::string path, const Json& settings, bool must_resume);

  const std::string& path() const { return path_; }
  std::string work() const { return path_ + "/work"; }
  bool resumed() const { return resumed_; }
  bool finished() const { return finished_; }
  void finish();  // the result is complete

 private:
  std::string path_;
  FolderLock lock_;
  Json settings_;
  bool resumed_ = false, finished_ = false;
};

}  // namespace frugal
