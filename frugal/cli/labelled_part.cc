#include "frugal/cli/labelled_part.h"

#include <numeric>

namespace frugal::cli {

Part labelled_part(Classifier& classifier, const std::string& data, const ColumnOptions& columns) {
  const Examples examples = read_examples(data, columns, true);
  const bool regression = classifier.regression();
  const LabelSet labels{regression, regression ? std::vector<std::string>{} : classifier.labels()};
  std::vector<int64_t> rows(examples.size());
  std::iota(rows.begin(), rows.end(), 0);
  TextModel& model = classifier.model();
  return make_part(examples, encode_labels(examples, labels, data), rows, *model.folder().tokenizer,
                   model.max_length());
}

}  // namespace frugal::cli
