// Part of the rows put aside for validation, by seed.
#pragma once

#include <cstdint>
#include <vector>

#include "frugal/data/labels.h"

namespace frugal {

struct DataSplit {
  std::vector<int64_t> training, validation;  // row numbers, rising; every row is in one of them
};

// `fraction` in (0, 1) of the rows, rounded, goes to validation: of each class its share (largest remainder),
// but never a class's last row; of regression any. Which rows is a pure function of the labels and the seed.
// Throws Error when a part would be empty.
DataSplit stratified_split(const Targets& targets, double fraction, uint64_t seed);

}  // namespace frugal
