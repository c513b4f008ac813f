// Labelled text as the jobs use it: texts, pairs, labels, and the line each came from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frugal/data/columns.h"
#include "frugal/data/table.h"

namespace frugal {

struct Examples {
  std::vector<std::string> text;
  std::vector<std::string> text_pair;  // empty unless has_pair
  std::vector<std::string> label;      // without surrounding blanks; empty if the file has none
  std::vector<int64_t> line;           // in the file, from 1
  bool has_pair = false;

  int64_t size() const { return static_cast<int64_t>(text.size()); }
};

// Empty texts are allowed, empty labels are not (nor labels above 1,000 bytes: that column is the text). With
// labels_required == false a label column is used if one is found by name.
Examples read_examples(const std::string& path, const ColumnOptions& options, bool labels_required,
                       const TableLimits& limits = {});
// Takes the texts out of the table; `where` is the file's name in errors.
Examples take_examples(Table table, const ColumnOptions& options, bool labels_required,
                       const std::string& where);

}  // namespace frugal
