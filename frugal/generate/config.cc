#include "frugal/generate/config.h"

#include <array>
#include <filesystem>

#include "frugal/base/error.h"

namespace frugal {
namespace {

constexpr int64_t kMost = std::numeric_limits<int32_t>::max();

// Settings of the reference that change what is generated and that frugal lacks, with the value that switches
// each off.
struct Lacking {
  const char* name;
  double off;
};
constexpr Lacking kLacking[] = {
    {"assistant_early_exit", 0},
    {"diversity_penalty", 0},
    {"encoder_no_repeat_ngram_size", 0},
    {"encoder_repetition_penalty", 1},
    {"epsilon_cutoff", 0},
    {"eta_cutoff", 0},
    {"guidance_scale", 1},
    {"min_p", 0},
    {"num_beam_groups", 1},
    {"penalty_alpha", 0},
    {"prompt_lookup_num_tokens", 0},
    {"top_h", 0},
    {"typical_p", 1},
};
constexpr const char* kLackingFlags[] = {"remove_invalid_values", "renormalize_logits", "token_healing"};
constexpr const char* kLackingObjects[] = {"constraints", "exponential_decay_length_penalty",
                                           "force_words_ids", "sequence_bias", "watermarking_config"};

class Reader {
 public:
  Reader(const Json& json, const std::string& where) : json_(json), where_(where) {}

  bool has(const char* key) const { return has_value(json_, key); }
  int64_t integer(const char* key, int64_t least, int64_t most = kMost) const {
    return get_int(json_, key, where_, {least, most});
  }
  template <class T>
  void number(const char* key, T& target, int64_t least = 0) const {
    if (!has(key)) return;
    if constexpr (std::is_same_v<T, double>)
      target = get_double(json_, key, where_);
    else
      target = static_cast<T>(integer(key, least));
  }
  void count(const char* key, std::optional<int64_t>& target, int64_t least) const {
    if (has(key)) target = integer(key, least);
  }
  void flag(const char* key, bool& target) const { target = get_bool_or(json_, key, where_, target); }
  void id(const char* key, std::optional<int32_t>& target) const {
    if (has(key)) target = static_cast<int32_t>(integer(key, 0));
  }
  // One id or a list of them.
  void ids(const char* key, std::vector<int32_t>& target) const {
    if (!has(key)) return;
    target = json_.at(key).is_array() ? list(key, json_.at(key))
                                      : std::vector<int32_t>{static_cast<int32_t>(integer(key, 0))};
  }
  void lists(const char* key, std::vector<std::vector<int32_t>>& target) const {
    if (!has(key)) return;
    if (!json_.at(key).is_array()) wrong(key, "a list of lists of ids");
    target.clear();
    for (const Json& one : json_.at(key)) target.push_back(list(key, one));
  }
  void strings(const char* key, std::vector<std::string>& target) const {
    if (!has(key)) return;
    target = json_.at(key).is_string() ? std::vector<std::string>{get_string(json_, key, where_)}
                                       : get_strings(json_, key, where_);
  }
  void early_stopping(EarlyStopping& target) const {
    if (!has("early_stopping")) return;
    const Json& value = json_.at("early_stopping");
    if (value.is_boolean())
      target = value.get<bool>() ? EarlyStopping::yes : EarlyStopping::no;
    else if (value == "never")
      target = EarlyStopping::never;
    else
      wrong("early_stopping", "true, false or \"never\"");
  }
  void refuse_lacking() const {
    for (const auto& [name, off] : kLacking)
      if (has(name) && (!json_.at(name).is_number() || json_.at(name).get<double>() != off)) lacks(name);
    for (const char* name : kLackingFlags)
      if (get_bool_or(json_, name, where_, false)) lacks(name);
    for (const char* name : kLackingObjects)
      if (has(name)) lacks(name);
  }

 private:
  std::vector<int32_t> list(const char* key, const Json& value) const {
    if (!value.is_array() || value.empty()) wrong(key, "a list of ids");
    std::vector<int32_t> ids;
    for (const Json& id : value) {
      if (!id.is_number_integer() || (id.is_number_unsigned() && id.get<uint64_t>() > kMost) ||
          id.get<int64_t>() < 0)
        wrong(key, "a list of ids");
      ids.push_back(id.get<int32_t>());
    }
    return ids;
  }
  [[noreturn]] void wrong(const char* key, const char* wanted) const {
    throw Error(where_, fmt::format("\"{}\" must be {}", key, wanted));
  }
  [[noreturn]] void lacks(const char* key) const {
    throw Error(where_, fmt::format("\"{}\" is set, which frugal cannot do", key),
                "take it out to generate without it");
  }

  const Json& json_;
  const std::string& where_;
};

}  // namespace

void read_generation_options(const Json& json, const std::string& where, GenerationOptions& o) {
  if (!json.is_object()) throw Error(where, "expected an object");
  const Reader read(json, where);
  read.count("max_new_tokens", o.max_new_tokens, 1);
  read.count("max_length", o.max_length, 1);
  read.count("min_new_tokens", o.min_new_tokens, 0);
  read.number("min_length", o.min_length);
  read.number("num_beams", o.num_beams, 1);
  read.number("num_return_sequences", o.num_return_sequences, 1);
  read.number("length_penalty", o.length_penalty);
  read.early_stopping(o.early_stopping);
  read.number("repetition_penalty", o.repetition_penalty);
  read.number("no_repeat_ngram_size", o.no_repeat_ngram_size);
  read.flag("do_sample", o.do_sample);
  read.number("temperature", o.temperature);
  read.number("top_p", o.top_p);
  read.number("top_k", o.top_k);
  read.id("bos_token_id", o.bos);
  read.id("decoder_start_token_id", o.decoder_start);
  read.id("forced_bos_token_id", o.forced_bos);
  read.ids("eos_token_id", o.eos);
  read.ids("forced_eos_token_id", o.forced_eos);
  read.ids("suppress_tokens", o.suppress);
  read.ids("begin_suppress_tokens", o.begin_suppress);
  read.lists("bad_words_ids", o.bad_words);
  read.strings("stop_strings", o.stop_strings);
  read.refuse_lacking();
}

FolderGeneration generation_of_folder(const std::string& folder, const Json& config,
                                      const std::string& task) {
  const std::string own = folder + "/generation_config.json", older = folder + "/config.json";
  FolderGeneration made;
  GenerationOptions& options = made.options;
  if (std::filesystem::exists(own)) {
    read_generation_options(load_json(own), own, options);
  } else {
    read_generation_options(config, older, options);
    if (get_bool_or(config, "force_bos_token_to_be_generated", older, false))
      options.forced_bos = options.bos;  // BART's folders of 2020
  }
  if (!options.decoder_start) options.decoder_start = options.bos;
  for (const char* key : {"decoder_start_token_id", "bos_token_id", "pad_token_id"})
    if (!options.decoder_start && has_value(config, key))
      options.decoder_start = static_cast<int32_t>(get_int(config, key, older, {0, kMost}));
  if (!task.empty() && has_value(config, "task_specific_params")) {
    const Json& tasks = get_object(config, "task_specific_params", older);
    if (has_value(tasks, task)) {
      const Json& settings = get_object(tasks, task, older);
      read_generation_options(settings, older, options);
      made.prefix = get_string_or(settings, "prefix", older, "");
    }
  }
  return made;
}

}  // namespace frugal
