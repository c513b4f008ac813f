#include "frugal/shrink/run_folder.h"

#include <filesystem>

#include "frugal/base/error.h"
#include "frugal/io/file.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

// Nothing but what a run leaves that was killed before it had written run.json: the lock, and a work folder
// with that file's temporary names (io/atomic_file.h).
bool is_empty(const std::string& path) {
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().filename() == ".lock") continue;
    if (entry.path().filename() != "work" || !entry.is_directory()) return false;
    for (const auto& inner : fs::directory_iterator(entry.path()))
      if (!inner.path().filename().string().starts_with(".run.json.")) return false;
  }
  return true;
}

std::string changed_keys(const Json& before, const Json& now) {
  std::string keys;
  for (const auto& [key, value] : now.items())
    if (before.value(key, Json()) != value) keys += (keys.empty() ? "" : ", ") + key;
  return keys;
}

}  // namespace

RunFolder::RunFolder(std::string path, const Json& settings, bool must_resume)
    : path_(std::move(path)), lock_(path_), settings_(settings) {
  const std::string file = work() + "/run.json";
  if (fs::exists(file)) {
    const Json run = load_json(file);
    if (run.value("settings", Json()) != settings_)
      throw Error(path_,
                  fmt::format("holds a run with other settings ({})",
                              changed_keys(run.value("settings", Json::object()), settings_)),
                  "repeat that run's command to continue it, or choose another --out");
    resumed_ = true;
    finished_ = get_bool_or(run, "finished", file, false);
    return;
  }
  if (!is_empty(path_))
    throw Error(path_, "is not empty and holds no run to continue",
                "choose another --out, or empty it yourself");
  if (must_resume) throw Error(path_, "holds no run to continue", "leave out --resume to start one");
  make_folder(work());
  write_json(file, {{"settings", settings_}, {"finished", false}});
}

void RunFolder::finish() {
  write_json(work() + "/run.json", {{"settings", settings_}, {"finished", true}});
  finished_ = true;
}

}  // namespace frugal
