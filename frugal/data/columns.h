// Which columns of a table are the text, its pair and the label.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frugal/data/table.h"

namespace frugal {

// A column by its header's name, or by its number from 1 where no header has that name. Empty: guessed.
struct ColumnOptions {
  std::string text = {};            // --text-column
  std::string text_pair = {};       // --pair-column
  std::string label = {};           // --label-column
  std::optional<bool> header = {};  // empty: guessed; JSON lines always have names
};

struct Columns {
  bool header = false;             // the first row is one
  std::vector<std::string> names;  // of all columns; "1", "2", ... without a header
  int text = 0;                    // indices from 0
  std::optional<int> text_pair, label;
};

// Guesses by the names that public data sets use (sentence, premise and hypothesis, intent, ...); the one
// column that is left besides a known one is taken too. Without a header, of two columns the label is the one
// with fewer distinct values. What stays unclear is an Error that lists the columns and names the options.
Columns choose_columns(const Table& table, const ColumnOptions& options, bool labels_required,
                       const std::string& where);

// Whether the first row names the columns: distinct short words of which one is a name that data sets use, or
// words only whose place below holds each label at least twice; and none of them occurs again below itself.
bool first_row_is_header(const Table& table);

}  // namespace frugal
