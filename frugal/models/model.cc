#include "frugal/models/model.h"

#include <array>
#include <cstring>

#include "frugal/base/error.h"
#include "frugal/models/albert.h"
#include "frugal/models/bart.h"
#include "frugal/models/bert.h"
#include "frugal/models/distilbert.h"
#include "frugal/models/electra.h"
#include "frugal/models/gpt2.h"
#include "frugal/models/llama.h"
#include "frugal/models/megatron_bert.h"
#include "frugal/models/reformer.h"
#include "frugal/models/roberta.h"
#include "frugal/models/switch.h"
#include "frugal/models/t5.h"
#include "frugal/models/xlnet.h"

namespace frugal {
namespace {

struct Family {
  std::string_view prefix;      // of the architecture's name
  std::string_view model_type;  // in config.json
  std::unique_ptr<Model> (*make)(const Json&, const std::string&);
};

// One row a family.
constexpr std::array kFamilies{
    Family{"Bert", "bert", &Bert::make},
    Family{"Roberta", "roberta", &Roberta::make},
    Family{"DistilBert", "distilbert", &DistilBert::make},
    Family{"Albert", "albert", &Albert::make},
    Family{"Electra", "electra", &Electra::make},
    Family{"MegatronBert", "megatron-bert", &MegatronBert::make},
    Family{"GPT2", "gpt2", &Gpt2::make},
    Family{"Llama", "llama", &Llama::make},
    Family{"Mistral", "mistral", &Llama::make_mistral},
    Family{"Qwen2", "qwen2", &Llama::make_qwen2},
    Family{"Bart", "bart", &Bart::make},
    Family{"XLNet", "xlnet", &Xlnet::make},
    Family{"MT5", "mt5", &T5::make_mt5},
    Family{"T5", "t5", &T5::make_t5},
    Family{"Reformer", "reformer", &Reformer::make},
    Family{"SwitchTransformers", "switch_transformers", &Switch::make},
};

}  // namespace

std::vector<ParameterSpec> Model::parameters() const {
  Graph graph;
  NetOptions options;
  Net net(graph, kSmallestBatch, options);
  build(net);
  return net.parameters();
}

std::string Model::canonical_name(const std::string& stored) const {
  for (const auto& [old, today] : {std::pair{".gamma", ".weight"}, std::pair{".beta", ".bias"}})
    if (stored.ends_with(old)) return stored.substr(0, stored.size() - std::strlen(old)) + today;
  return stored;
}

bool Model::is_buffer(const std::string& name) const {
  return name.ends_with("position_ids") || name.ends_with("token_type_ids");
}

std::unique_ptr<Model> make_model(const Json& config, const std::string& where) {
  std::string architecture, known;
  const auto list = config.find("architectures");
  if (list != config.end() && list->is_array() && !list->empty() && list->front().is_string())
    architecture = list->front().get<std::string>();
  const std::string type = get_string_or(config, "model_type", where, "");
  for (const Family& family : kFamilies) {
    if (architecture.empty() ? type == family.model_type : architecture.rfind(family.prefix, 0) == 0)
      return family.make(config, where);
    known += (known.empty() ? "" : ", ") + std::string(family.model_type);
  }
  throw Error(where,
              fmt::format("unknown architecture {}", in_quotes(architecture.empty() ? type : architecture)),
              "known model types: " + known);
}

LabelKind default_labels(const ModelInfo& info) {
  if (info.problem_type == "regression") return LabelKind::real;
  if (info.problem_type == "multi_label_classification") return LabelKind::multi_hot;
  return info.head == "ForSequenceClassification" && info.labels == 1 ? LabelKind::real
                                                                      : LabelKind::class_index;
}

}  // namespace frugal
