#include "frugal/models/config_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "frugal/base/error.h"

namespace frugal {

template <class T, class F>
T ConfigReader::guarded(std::string_view key, T fallback, F&& read) {
  try {
    return read();
  } catch (const Error& error) {
    problem(key, error.message());
    return fallback;
  }
}

ModelInfo ConfigReader::info(std::string_view family, const std::vector<std::string>& heads) {
  ModelInfo info;
  const auto architectures = json_.find("architectures");
  if (architectures != json_.end() && architectures->is_array() && !architectures->empty() &&
      architectures->front().is_string())
    info.architecture = architectures->front().get<std::string>();
  else
    info.architecture = std::string(family) + "Model";
  info.head = info.architecture.substr(std::min(info.architecture.size(), family.size()));
  if (std::find(heads.begin(), heads.end(), info.head) == heads.end())
    problem("architectures", fmt::format("{} is not among {}{{{}}}", in_quotes(info.architecture), family,
                                         fmt::join(heads, ", ")));
  info.bare = info.head == "Model" || info.head == "EncoderModel";
  info.token_labels = info.head == "ForTokenClassification";
  info.shifted_labels =
      info.head == "LMHeadModel" || info.head == "ForCausalLM" || info.head == "ModelWithLMHead";
  if (info.shifted_labels || info.head == "ForMaskedLM" || info.head == "ForConditionalGeneration")
    info.token_labels = info.word_labels = true;
  info.problem_type = text("problem_type", "");
  const std::string precision = text("inference_precision", "fp32");
  info.bf16 = precision == "bf16";
  if (precision != "fp32" && precision != "bf16")
    problem("inference_precision", fmt::format("{} is neither \"fp32\" nor \"bf16\"", in_quotes(precision)));
  info.labels = optional_positive("num_labels", 2, 1'000'000);
  const auto names = json_.find("id2label");
  if (names != json_.end() && names->is_object() && !names->empty()) {
    info.labels = static_cast<int64_t>(names->size());
    for (int64_t i = 0; i < info.labels; ++i) {
      const auto name = names->find(std::to_string(i));
      if (name == names->end() || !name->is_string()) {
        problem("id2label", fmt::format("has {} entries but none for {}", info.labels, i));
        break;
      }
      info.label_names.push_back(name->get<std::string>());
    }
  }
  return info;
}

int64_t ConfigReader::positive(std::string_view key, int64_t most) {
  return guarded<int64_t>(key, 1, [&] { return get_int(json_, key, where_, {1, most}); });
}

int64_t ConfigReader::optional_positive(std::string_view key, int64_t fallback, int64_t most) {
  return guarded<int64_t>(key, fallback, [&] { return get_int_or(json_, key, where_, fallback, {1, most}); });
}

int64_t ConfigReader::integer(std::string_view key, int64_t fallback, IntRange range) {
  return guarded<int64_t>(key, fallback, [&] { return get_int_or(json_, key, where_, fallback, range); });
}

int64_t ConfigReader::head_size(std::string_view key, std::string_view hidden_key, int64_t hidden,
                                int64_t heads) {
  if (!has_value(json_, key) && hidden % heads != 0)
    problem(hidden_key, fmt::format("{} is not divisible by {} heads", hidden, heads));
  return optional_positive(key, hidden / heads);
}

std::vector<int64_t> ConfigReader::per_layer(std::string_view key, int64_t layers) {
  const auto list = json_.find(key);
  if (list == json_.end() || !list->is_array()) return std::vector<int64_t>(layers, positive(key, 1 << 20));
  std::vector<int64_t> values;
  for (const Json& item : *list)
    if (item.is_number_integer() && item.get<int64_t>() >= 1 && item.get<int64_t>() <= 1 << 20)
      values.push_back(item.get<int64_t>());
  if (static_cast<int64_t>(values.size()) != layers || values.size() != list->size()) {
    problem(key, fmt::format("the list must hold {} positive integers, one a layer", layers));
    values.assign(layers, 1);
  }
  return values;
}

std::vector<int64_t> ConfigReader::integers(std::string_view key, std::vector<int64_t> fallback,
                                            int64_t most) {
  if (!has_value(json_, key)) return fallback;
  const Json& given = json_.at(std::string(key));
  const Json list = given.is_array() ? given : Json::array({given});
  std::vector<int64_t> values;
  for (const Json& item : list)
    if (item.is_number_integer() && item.get<int64_t>() >= 1 && item.get<int64_t>() <= most)
      values.push_back(item.get<int64_t>());
  if (!values.empty() && values.size() == list.size()) return values;
  problem(key, fmt::format("must be integers in [1, {}]", most));
  return fallback;
}

std::vector<std::string> ConfigReader::texts(std::string_view key, std::vector<std::string> fallback) {
  if (!has_value(json_, key)) return fallback;
  return guarded<std::vector<std::string>>(key, fallback, [&] { return get_strings(json_, key, where_); });
}

double ConfigReader::real(std::string_view key, double fallback, double least, double most) {
  const double value =
      guarded<double>(key, fallback, [&] { return get_double_or(json_, key, where_, fallback); });
  if (value >= least && value <= most) return value;
  problem(key, fmt::format("{} is not in [{}, {}]", value, least, most));
  return fallback;
}

bool ConfigReader::boolean(std::string_view key, bool fallback) {
  return guarded<bool>(key, fallback, [&] { return get_bool_or(json_, key, where_, fallback); });
}

std::string ConfigReader::text(std::string_view key, const std::string& fallback) {
  return guarded<std::string>(key, fallback, [&] { return get_string_or(json_, key, where_, fallback); });
}

int64_t ConfigReader::id(std::string_view key, int64_t vocabulary, int64_t fallback) {
  if (!has_value(json_, key)) return json_.contains(key) ? -1 : fallback;
  return integer(key, fallback, {-1, vocabulary - 1});
}

Activation ConfigReader::activation(std::string_view key, const std::string& fallback) {
  return guarded<Activation>(key, Activation::gelu,
                             [&] { return activation_from_config(text(key, fallback)); });
}

void ConfigReader::problem(std::string_view key, const std::string& message) {
  // Messages of the JSON getters begin with the key already.
  const std::string quoted = in_quotes(key);
  problems_.push_back(message.find(quoted) != std::string::npos ? message
                                                                : fmt::format("{}: {}", quoted, message));
}

void ConfigReader::finish() const {
  if (!problems_.empty()) throw Error(where_, fmt::format("{}", fmt::join(problems_, "; ")));
}

}  // namespace frugal
