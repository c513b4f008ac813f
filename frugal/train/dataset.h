// Labelled text made ready for a model: tokenized, labels as numbers, a validation part split off by seed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frugal/data/batch.h"
#include "frugal/data/columns.h"
#include "frugal/data/labels.h"
#include "frugal/data/table_examples.h"
#include "frugal/text/tokenizer.h"

namespace frugal {

// Some of a file's examples, as a model reads them.
struct Part {
  std::vector<Sequence> sequences;
  Targets targets;
  int64_t size() const { return targets.size(); }
};

struct DataOptions {
  std::string train, test;  // files; test may be empty
  ColumnOptions columns;
  std::optional<TaskKind> kind;
  double validation = 0.1;  // share of train
  uint64_t seed = 0;
};

// Texts and labels, not yet tokenized: several tokenizers may read them.
struct TaskData {
  LabelSet labels;
  Examples train, test;
  Targets train_targets, test_targets;
  std::vector<int64_t> training_rows, validation_rows;  // of `train`

  Targets validation_targets() const;
  Part training(const Tokenizer& tokenizer, int max_length) const;
  Part validation(const Tokenizer& tokenizer, int max_length) const;
  Part testing(const Tokenizer& tokenizer, int max_length) const;
};

// All that can be wrong with the files is an Error at file and line.
TaskData read_task(const DataOptions& options);

Part make_part(const Examples& examples, const Targets& targets, const std::vector<int64_t>& rows,
               const Tokenizer& tokenizer, int max_length);

}  // namespace frugal
