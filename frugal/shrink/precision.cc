#include "frugal/shrink/precision.h"

#include <algorithm>

#include "frugal/base/error.h"
#include "frugal/eval/measure.h"
#include "frugal/models/inference.h"
#include "frugal/shrink/quantize.h"

namespace frugal {
namespace {

constexpr const char* kKey = "inference_precision";

}  // namespace

void check_precision(const std::string& precision, const Context& context) {
  if (precision != "fp32" && precision != "bf16" && precision != "int8")
    throw UsageError(fmt::format("unknown --precision '{}'", precision), "fp32, bf16 or int8");
  if (precision == "bf16" && !has_bf16(context.isa))
    throw UsageError(fmt::format("--precision bf16: {} has no bf16 products", name_of(context.isa)));
}

ModelFolder in_precision(ModelFolder folder, const std::string& precision, const Context& context) {
  if (precision != "auto") check_precision(precision, context);
  if (precision == "auto" || (precision == "int8" && is_quantized(*folder.model))) return folder;
  if (is_quantized(*folder.model))
    throw Error(folder.path, fmt::format("holds integer weights: it cannot compute in {}", precision),
                "use the folder that it was quantized from");
  if (precision == "int8") {
    const Student small = quantize(*folder.model, *folder.store);
    folder.model = small.model;
    folder.store = small.store;
    return folder;
  }
  Json config = folder.model->config();
  config[kKey] = precision;
  folder.model = make_model(config, folder.path);
  return folder;
}

std::vector<std::string> precisions_of(const ModelFolder& folder, const Context& context) {
  if (is_quantized(*folder.model)) return {"int8"};
  return has_bf16(context.isa) ? std::vector<std::string>{"fp32", "bf16", "int8"}
                               : std::vector<std::string>{"fp32", "int8"};
}

std::vector<PrecisionTrial> try_precisions(const ModelFolder& folder, const std::vector<Sequence>& sequences,
                                           const Targets& targets, double least, const Context& context) {
  std::vector<PrecisionTrial> trials;
  for (const std::string& precision : precisions_of(folder, context)) {
    const ModelFolder used = in_precision(folder, precision, context);
    PrecisionTrial trial{precision};
    const ModelAnswers answers = answer(*used.model, used.store, context, sequences, targets);
    trial.value = quality_of(answers, targets).value.value;
    trial.latency_ms = speed_of(*used.model, used.store, context, sequences, answers).latency_ms;
    trial.share = trials.empty() ? 1 : trial.value / trials.front().value;
    trial.holds = trial.share >= least;
    trials.push_back(trial);
  }
  std::stable_sort(trials.begin(), trials.end(), [](const PrecisionTrial& a, const PrecisionTrial& b) {
    return a.holds != b.holds ? a.holds : a.latency_ms < b.latency_ms;
  });
  return trials;
}

}  // namespace frugal
