#include "frugal/shrink/candidates.h"

#include <algorithm>

#include "frugal/models/folder.h"
#include "frugal/shrink/quantize.h"
#include "frugal/shrink/trim_vocabulary.h"

namespace frugal {
namespace {

// The metric over a list of rows, for intervals of correlations.
RowMetric correlation(const ModelAnswers& answers, const Targets& targets) {
  return [&](std::span<const int64_t> rows) {
    std::vector<double> ours, truth;
    for (int64_t row : rows) ours.push_back(answers.values[row]), truth.push_back(targets.reals[row]);
    return spearman(ours, truth);
  };
}

std::string folder_name(std::string name) {
  std::erase(name, ',');
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

}  // namespace

Estimate share_of_teacher(const ModelAnswers& teacher, const ModelAnswers& student, const Targets& targets,
                          uint64_t seed) {
  if (!targets.classes.empty()) return share_of(teacher.right, student.right, seed);
  return share_of(targets.size(), correlation(teacher, targets), correlation(student, targets), seed, 500);
}

Measured measure_folder(const std::string& folder, const Examples& examples, const Targets& targets,
                        const std::vector<int64_t>& rows, int max_length, const Context& context) {
  const ModelFolder loaded = load_model_folder(folder);
  const Part part = make_part(examples, targets, rows, *loaded.tokenizer, max_length);
  Measured measured;
  measured.answers = answer(*loaded.model, loaded.store, context, part.sequences, part.targets);
  const Quality quality = quality_of(measured.answers, part.targets);
  const Speed speed = speed_of(*loaded.model, loaded.store, context, part.sequences, measured.answers);
  measured.measurement.metric = quality.value;
  measured.measurement.rows = quality.rows;
  measured.measurement.latency_ms = speed.latency_ms;
  measured.measurement.texts_per_second = speed.texts_per_second;
  measured.measurement.peak_memory_bytes = static_cast<int64_t>(speed.memory_bytes);
  return measured;
}

std::vector<Candidate> make_candidates(const CandidateContext& c, const std::string& name, const Model& model,
                                       const Store& store, const ModelAnswers* teacher) {
  std::vector<Candidate> candidates;
  std::optional<ModelAnswers> reference;
  if (teacher) reference = *teacher;
  const Targets targets = c.data.validation_targets();
  for (const bool int8 : {false, true}) {
    if (int8 && !c.int8) continue;
    for (const Vocabulary& vocabulary : c.vocabularies) {
      const bool trimmed = !vocabulary.kept.empty();
      Student variant{std::shared_ptr<const Model>(&model, [](const Model*) {}), std::make_shared<Store>()};
      for (const auto& [tensor_name, tensor] : weights_to_save(model, store))
        variant.store->set(tensor_name, tensor);
      if (trimmed) variant = trim_vocabulary(*variant.model, *variant.store, vocabulary.kept);
      if (int8) variant = quantize(*variant.model, *variant.store);

      Candidate candidate;
      candidate.row.name =
          fmt::format("{}{}{}{}", name, trimmed ? ", " : "", vocabulary.name, int8 ? ", int8" : "");
      candidate.folder = c.folder + "/" + folder_name(candidate.row.name);
      save_model_folder(candidate.folder, *variant.model, *variant.store, trimmed ? "" : c.tokenizer);
      if (trimmed) write_trimmed_tokenizer(candidate.folder, c.tokenizer, vocabulary.kept);
      candidate.row.layers = variant.model->info().layers;
      candidate.row.vocabulary = variant.model->info().vocab_size;
      candidate.row.precision = int8 ? "int8" : "fp32";
      candidate.row.parameters = parameter_count(*variant.model);
      candidate.row.bytes = folder_bytes(candidate.folder);

      Measured measured = measure_folder(candidate.folder, c.data.train, c.data.train_targets,
                                         c.data.validation_rows, c.max_length, c.context);
      candidate.validation = std::move(measured.answers);
      if (!reference) reference = candidate.validation;  // the first variant of the teacher is the teacher
      measured.measurement.share = share_of_teacher(*reference, candidate.validation, targets, c.seed);
      candidate.row.validation = measured.measurement;
      candidates.push_back(std::move(candidate));
    }
  }
  return candidates;
}

}  // namespace frugal
