#include "frugal/train/dataset.h"

#include <numeric>

#include "frugal/data/split.h"

namespace frugal {

Part make_part(const Examples& examples, const Targets& targets, const std::vector<int64_t>& rows,
               const Tokenizer& tokenizer, int max_length) {
  Part part;
  EncodeOptions options;
  options.max_length = max_length;
  for (int64_t row : rows) {
    Encoding encoding = examples.has_pair
                            ? tokenizer.encode_pair(examples.text[row], examples.text_pair[row], options)
                            : tokenizer.encode(examples.text[row], options);
    part.sequences.push_back({std::move(encoding.ids), std::move(encoding.type_ids), {}});
    if (targets.classes.empty())
      part.targets.reals.push_back(targets.reals[row]);
    else
      part.targets.classes.push_back(targets.classes[row]);
  }
  return part;
}

TaskData read_task(const DataOptions& options) {
  TaskData data;
  data.train = read_examples(options.train, options.columns, true);
  data.labels = labels_of(data.train, options.train, options.kind);
  data.train_targets = encode_labels(data.train, data.labels, options.train);
  const DataSplit split = stratified_split(data.train_targets, options.validation, options.seed);
  data.training_rows = split.training;
  data.validation_rows = split.validation;
  if (options.test.empty()) return data;
  data.test = read_examples(options.test, options.columns, true);
  data.test_targets = encode_labels(data.test, data.labels, options.test);
  return data;
}

Targets TaskData::validation_targets() const {
  Targets targets;
  for (int64_t row : validation_rows)
    train_targets.classes.empty() ? targets.reals.push_back(train_targets.reals[row])
                                  : targets.classes.push_back(train_targets.classes[row]);
  return targets;
}

Part TaskData::training(const Tokenizer& tokenizer, int max_length) const {
  return make_part(train, train_targets, training_rows, tokenizer, max_length);
}

Part TaskData::validation(const Tokenizer& tokenizer, int max_length) const {
  return make_part(train, train_targets, validation_rows, tokenizer, max_length);
}

Part TaskData::testing(const Tokenizer& tokenizer, int max_length) const {
  std::vector<int64_t> rows(test.size());
  std::iota(rows.begin(), rows.end(), 0);
  return make_part(test, test_targets, rows, tokenizer, max_length);
}

}  // namespace frugal
