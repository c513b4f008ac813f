#include "frugal/shrink/student.h"

#include "frugal/base/error.h"

namespace frugal {

std::vector<int64_t> spread_layers(int64_t layers, int64_t count) {
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < count; ++i) chosen.push_back(count == 1 ? 0 : i * (layers - 1) / (count - 1));
  return chosen;
}

Student make_student(const Model& teacher, const Store& weights, const std::vector<int64_t>& layers) {
  Json config = teacher.config();
  const Model::LayerKeys keys = teacher.layer_keys();
  config[keys.layers] = layers.size();
  for (const char* key : {keys.heads, keys.ffn}) {
    if (!config.contains(key) || !config[key].is_array()) continue;
    Json picked = Json::array();
    for (int64_t layer : layers) picked.push_back(config[key][layer]);
    config[key] = picked;
  }
  Student student{make_model(config, "the student's configuration"), std::make_shared<Store>()};
  const std::string prefix = teacher.layer_prefix();
  for (const ParameterSpec& spec : student.model->parameters()) {
    std::string source = spec.name;
    if (!prefix.empty() && source.rfind(prefix, 0) == 0) {
      const size_t end = source.find('.', prefix.size());
      const int64_t index = std::stoll(source.substr(prefix.size(), end - prefix.size()));
      source = prefix + std::to_string(layers[index]) + source.substr(end);
    }
    const Tensor* tensor = weights.find(source);
    if (!tensor) throw Error(source, "the teacher has no such weight");
    student.store->set(spec.name, tensor->clone());
  }
  return student;
}

}  // namespace frugal
