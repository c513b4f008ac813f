// The options that `train` and `shrink` share: data columns and a training recipe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frugal/cli/command.h"
#include "frugal/train/dataset.h"
#include "frugal/train/options.h"

namespace frugal::cli {

// "0,2,5" as numbers of at least `least`; anything else is a UsageError that names the option.
std::vector<int64_t> integer_list(const std::string& option, const std::string& text, int64_t least);

// --text-column, --pair-column and --label-column.
void add_columns(CLI::App& app, ColumnOptions& columns);

struct DataFlags {
  std::string data, test, task;
  ColumnOptions columns;
  double validation = 0.1;
  bool no_header = false;

  void add(CLI::App& app);
  DataOptions options(uint64_t seed) const;
};

struct RecipeFlags {
  TrainOptions train;
  std::string schedule = "linear", precision = "auto", recipe;

  void add(CLI::App& app);
  // With a recipe file (TOML), its values where no flag was given.
  TrainOptions options(CLI::App& app, uint64_t seed) const;
};

}  // namespace frugal::cli
