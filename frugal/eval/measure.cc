#include "frugal/eval/measure.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "frugal/predict/text_model.h"

namespace frugal {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

ModelFolder borrowed(const Model& model, const std::shared_ptr<Store>& store) {
  ModelFolder folder;
  folder.model = std::shared_ptr<const Model>(&model, [](const Model*) {});
  folder.store = store;
  return folder;
}

TextModel in_use(const Model& model, const std::shared_ptr<Store>& store, const Context& context) {
  TextModelOptions options;
  options.inference.only = {"logits"};
  return TextModel(borrowed(model, store), context, options);
}

// What the weights take in use: packed forms in place of the tensors they were folded from.
double weight_bytes(const Program& program) {
  double bytes = 0;
  const std::vector<bool> live = program.graph().live_nodes();
  for (size_t i = 0; i < live.size(); ++i) {
    const Node& node = program.graph().node(static_cast<int>(i));
    if (live[i] && (node.kind == NodeKind::constant || node.kind == NodeKind::variable))
      bytes += static_cast<double>(node.outputs[0].byte_count());
  }
  return bytes;
}

}  // namespace

ModelAnswers answer(const Model& model, const std::shared_ptr<Store>& store, const Context& context,
                    const std::vector<Sequence>& sequences, const Targets& targets) {
  ModelAnswers answers;
  TextModel text_model = in_use(model, store, context);
  if (!sequences.empty())  // packs the weights, outside of the time that is told
    text_model.run(std::span(sequences).first(1), "logits", [](size_t, std::span<const float>) {});
  const double begin = now();
  text_model.run(sequences, "logits", [&](size_t i, std::span<const float> logits) {
    if (targets.classes.empty()) {
      answers.values.push_back(logits[0]);
      return;
    }
    answers.classes.push_back(
        static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    answers.right.push_back(answers.classes.back() == targets.classes[i]);
  });
  answers.seconds = now() - begin;
  return answers;
}

Quality quality_of(const ModelAnswers& answers, const Targets& targets) {
  if (!targets.classes.empty())
    return {"accuracy",
            accuracy_of(std::count(answers.right.begin(), answers.right.end(), uint8_t{1}),
                        static_cast<int64_t>(answers.right.size())),
            static_cast<int64_t>(answers.right.size())};
  const std::vector<double> ours(answers.values.begin(), answers.values.end());
  const std::vector<double> truth(targets.reals.begin(), targets.reals.end());
  const double value = spearman(ours, truth);
  return {"spearman", {value, value, value}, static_cast<int64_t>(ours.size())};
}

Speed speed_of(const Model& model, const std::shared_ptr<Store>& store, const Context& context,
               const std::vector<Sequence>& sequences, const ModelAnswers& answers, int64_t texts) {
  Speed speed;
  TextModel text_model = in_use(model, store, context);
  speed.latency_texts = std::min<int64_t>(texts, static_cast<int64_t>(sequences.size()));
  std::vector<double> milliseconds;
  for (int round = 0; round < 2; ++round) {  // the first compiles the programs
    milliseconds.clear();
    for (int64_t i = 0; i < speed.latency_texts; ++i) {
      const double begin = now();
      const Sequence* one = &sequences[i];
      Program& program = text_model.inference().run(pack_for(model.info(), std::span(&one, 1)));
      milliseconds.push_back(1e3 * (now() - begin));
      speed.memory_bytes = std::max(
          speed.memory_bytes, weight_bytes(program) + static_cast<double>(program.arena_bytes()) +
                                  static_cast<double>(program.scratch_bytes()) * context.team->threads());
    }
  }
  speed.latency_ms = median(milliseconds);
  speed.latency_p95_ms = percentile(milliseconds, 0.95);
  int64_t tokens = 0;
  for (const Sequence& sequence : sequences) tokens += static_cast<int64_t>(sequence.ids.size());
  speed.texts_per_second = static_cast<double>(sequences.size()) / answers.seconds;
  speed.tokens_per_second = static_cast<double>(tokens) / answers.seconds;
  return speed;
}

int64_t parameter_count(const Model& model) {
  int64_t count = 0;
  for (const ParameterSpec& spec : model.parameters()) count += element_count(spec.shape);
  return count;
}

int64_t folder_bytes(const std::string& folder) {
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file()) bytes += static_cast<int64_t>(entry.file_size());
  return bytes;
}

}  // namespace frugal
