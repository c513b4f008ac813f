#include "frugal/io/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "frugal/base/error.h"
#include "frugal/io/crc32.h"
#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/system_error.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

constexpr char kManifest[] = "manifest.json";
constexpr char kTrash[] = ".trash";
constexpr char kPrefix[] = "step-";
constexpr char kTemporary[] = ".tmp";

// Renames the folder into the trash and deletes it there. Best effort: what stays is deleted next time.
void discard(const fs::path& root, const fs::path& folder) {
  std::error_code code;
  fs::create_directory(root / kTrash, code);
  const fs::path grave = root / kTrash / folder.filename();
  fs::remove_all(grave, code);
  fs::rename(folder, grave, code);
  if (code) throw_system_error(folder.string(), "move to the trash", code.value());
  fs::remove_all(grave, code);
}

// The step in "step-00000120"; nullopt for every other name.
std::optional<int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string digits = name.substr(sizeof kPrefix - 1);
  if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoll(digits);
}

// Newest first; complete or not.
std::vector<std::pair<int64_t, fs::path>> step_folders(const fs::path& root) {
  std::vector<std::pair<int64_t, fs::path>> found;
  std::error_code code;
  for (fs::directory_iterator entry(root, code), end; !code && entry != end; entry.increment(code))
    if (const auto step = step_of(entry->path().filename().string()))
      found.emplace_back(*step, entry->path());
  std::sort(found.rbegin(), found.rend());
  return found;
}

}  // namespace

std::string checkpoint_name(int64_t step) { return fmt::format("{}{:08}", kPrefix, step); }

CheckpointWriter::CheckpointWriter(std::string root, const std::string& name, FileCalls calls)
    : root_(std::move(root)),
      folder_(root_ + "/" + name),
      temporary_(folder_ + kTemporary),
      calls_(std::move(calls)) {
  assert(is_plain_name(name));
  make_folder(root_);
  std::error_code code;
  fs::remove_all(temporary_, code);
  if (code) throw_system_error(temporary_, "remove the leftover", code.value());
  make_folder(temporary_);
}

CheckpointWriter::~CheckpointWriter() {
  std::error_code code;
  if (open_) fs::remove_all(temporary_, code);
}

std::string CheckpointWriter::new_path(const std::string& file) {
  assert(is_plain_name(file) && file != kManifest && std::count(files_.begin(), files_.end(), file) == 0);
  files_.push_back(file);
  return temporary_ + "/" + file;
}

void CheckpointWriter::add(const std::string& file, std::string_view bytes) {
  write_file(new_path(file), bytes, calls_);
}

void CheckpointWriter::add_tensors(const std::string& file, const TensorMap& tensors,
                                   const Metadata& metadata) {
  write_safetensors(new_path(file), tensors, metadata, calls_);
}

std::string CheckpointWriter::commit() {
  Json files = Json::object();
  for (const std::string& file : files_) {  // read back: the checksum is of what the disk was given
    const auto content = MappedFile::open(temporary_ + "/" + file);
    files[file] = {{"bytes", content->bytes().size()}, {"crc32", crc32(content->bytes())}};
  }
  write_json(temporary_ + "/" + kManifest, {{"version", 1}, {"files", files}},
             calls_);  // syncs the folder too
  std::error_code code;
  if (fs::exists(folder_, code)) discard(root_, folder_);
  if (calls_.rename(temporary_.c_str(), folder_.c_str()) != 0) throw_system_error(folder_, "write", errno);
  open_ = false;
  sync_folder(root_, calls_);
  return folder_;
}

void check_checkpoint(const std::string& folder, Check check) {
  const std::string where = folder + "/" + kManifest;
  const Json manifest = load_json(where, {.bytes = size_t{1} << 20, .depth = 4});
  get_int(manifest, "version", where, {1, 1});
  for (const auto& [file, entry] : get_object(manifest, "files", where).items()) {
    if (!is_plain_name(file)) throw Error(where, fmt::format("{} is not a plain file name", in_quotes(file)));
    const std::string path = folder + "/" + file;
    const auto content = MappedFile::open(path);
    const int64_t bytes = get_int(entry, "bytes", where);
    if (static_cast<int64_t>(content->bytes().size()) != bytes)
      throw Error(path, fmt::format("has {} bytes, the manifest says {}", content->bytes().size(), bytes));
    if (check == Check::contents && crc32(content->bytes()) != get_int(entry, "crc32", where))
      throw Error(path, "is damaged: its checksum is not the manifest's");
  }
}

std::optional<std::string> latest_checkpoint(const std::string& root, std::vector<std::string>* broken) {
  for (const auto& [step, folder] : step_folders(root)) {
    try {
      check_checkpoint(folder.string());
      return folder.string();
    } catch (const Error& error) {
      if (broken) broken->push_back(fmt::format("{}: {}", error.where(), error.message()));
    }
  }
  return std::nullopt;
}

void prune_checkpoints(const std::string& root, int keep) {
  int kept = 0;
  for (const auto& [step, folder] : step_folders(root)) {
    bool valid = kept < std::max(keep, 1);
    try {
      if (valid) check_checkpoint(folder.string(), Check::sizes);  // reading 270 MB a checkpoint is too slow
    } catch (const Error&) {
      valid = false;
    }
    if (valid)
      ++kept;
    else
      discard(root, folder);
  }
  std::error_code code;
  std::vector<fs::path> leftovers;
  for (fs::directory_iterator entry(root, code), end; !code && entry != end; entry.increment(code)) {
    const fs::path& path = entry->path();
    if (path.extension() == kTemporary && step_of(path.stem().string())) leftovers.push_back(path);
  }
  for (const fs::path& path : leftovers) discard(root, path);
  fs::remove_all(fs::path(root) / kTrash, code);
}

}  // namespace frugal
