// Checkpoints that a kill at any instant cannot spoil.
//
// A checkpoint is a folder `root/name/` with a manifest.json that lists the size and CRC-32 of every file in
// it. It is written as `root/name.tmp/`: the files, the manifest last, all synced, then renamed. So a folder
// without the .tmp ending is complete unless the disk lost something, and the checksums tell that. Old ones
// are renamed into `root/.trash/` before they are deleted, so a half-deleted one is never taken for a
// checkpoint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/io/atomic_file.h"
#include "frugal/io/safetensors.h"

namespace frugal {

std::string checkpoint_name(int64_t step);  // "step-00000120"

class CheckpointWriter {
 public:
  // Creates root/name.tmp/, replacing a leftover of a killed run. One writer a name at a time (see
  // FolderLock).
  CheckpointWriter(std::string root, const std::string& name, FileCalls calls = {});
  ~CheckpointWriter();  // without commit(): removes what was written
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  // `file` is a plain name, each once.
  void add(const std::string& file, std::string_view bytes);
  void add_tensors(const std::string& file, const TensorMap& tensors, const Metadata& metadata = {});

  // Makes it valid and durable; returns its folder. One of the same name is moved away first: between the two
  // renames there is neither, so give each checkpoint its own step. Call once, last.
  std::string commit();

 private:
  std::string new_path(const std::string& file);

  std::string root_, folder_, temporary_;
  std::vector<std::string> files_;
  FileCalls calls_;
  bool open_ = true;
};

// Throws Error, saying which file is missing, cut short or changed, unless the folder is a valid checkpoint.
enum class Check { sizes, contents };
void check_checkpoint(const std::string& folder, Check check = Check::contents);

// The valid checkpoint of the highest step among root/step-*, as a path; nullopt when there is none. Broken
// ones are passed over; `broken`, if given, receives why, one line each.
std::optional<std::string> latest_checkpoint(const std::string& root,
                                             std::vector<std::string>* broken = nullptr);

// Deletes all root/step-* but the `keep` (at least one) newest ones that are whole by their sizes, the
// leftovers of killed runs (step-*.tmp), and what is in the trash. Not while a CheckpointWriter is open.
void prune_checkpoints(const std::string& root, int keep);

}  // namespace frugal
