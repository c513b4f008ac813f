// Any bytes as a table: refused by an Error, or examples whose parts fit together, a label set and a split.
// The first byte chooses the format, whether labels are asked for, and how the columns are named.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "frugal/base/error.h"
#include "frugal/data/split.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void read(std::string_view text, uint8_t choice) {
  using namespace frugal;
  constexpr TableFormat kFormats[] = {TableFormat::tsv, TableFormat::csv, TableFormat::json_lines};
  const bool labels_required = (choice & 4) != 0;
  ColumnOptions options;
  if ((choice & 8) != 0) options.label = "2";
  if ((choice & 16) != 0) options.text_pair = "3";
  const TableFormat format = (choice & 3) == 3 ? table_format("data", text) : kFormats[choice & 3];
  const Examples examples =
      take_examples(parse_table(text, format, "fuzz", {.bytes = 1 << 16, .line_bytes = 4096, .columns = 50}),
                    options, labels_required, "fuzz");
  const size_t rows = examples.text.size();
  require(rows > 0 && examples.line.size() == rows);
  require(examples.text_pair.size() == (examples.has_pair ? rows : 0));
  require(examples.label.size() == rows || (!labels_required && examples.label.empty()));
  for (size_t i = 1; i < rows; ++i) require(examples.line[i] > examples.line[i - 1]);
  if (examples.label.empty()) return;
  const LabelSet labels = labels_of(examples, "fuzz");
  const Targets targets = encode_labels(examples, labels, "fuzz");
  require(targets.size() == static_cast<int64_t>(rows) && targets.classes.empty() == labels.regression);
  for (size_t i = 0; i < targets.classes.size(); ++i) {
    require(labels.names[static_cast<size_t>(targets.classes[i])] == examples.label[i]);
    require(labels.find(examples.label[i]) == targets.classes[i]);
  }
  const DataSplit split = stratified_split(targets, 0.25, choice);
  require(split.training.size() + split.validation.size() == rows);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    read({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0]);
  } catch (const frugal::Error&) {
  }
  return 0;
}
