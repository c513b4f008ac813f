// The generation settings that a model folder carries.
#pragma once

#include <string>

#include "frugal/generate/options.h"
#include "frugal/io/json.h"

namespace frugal {

// Overwrites those of `options` that the object names, by the names of generation_config.json; null counts as
// not named. A wrong type is an Error, and so is a setting that frugal lacks (num_beam_groups,
// guidance_scale,
// ...) when it is switched on. `where` is the file.
void read_generation_options(const Json& json, const std::string& where, GenerationOptions& options);

// What a folder says: its generation_config.json, or, where there is none, the same names in config.json, as
// older folders have them. A decoder's start token is also looked for in config.json: decoder_start_token_id,
// then bos_token_id, then pad_token_id (T5's habit). `task` (may be empty) names an entry of config.json's
// task_specific_params that overrides the rest: "summarization".
struct FolderGeneration {
  GenerationOptions options;
  std::string prefix;  // of the task: put before each text ("summarize: ")
};
FolderGeneration generation_of_folder(const std::string& folder, const Json& config, const std::string& task);

}  // namespace frugal
