// A file of labelled text, as a classifier reads it.
#pragma once

#include <string>

#include "frugal/data/columns.h"
#include "frugal/predict/classifier.h"
#include "frugal/train/dataset.h"

namespace frugal::cli {

// All rows of the file. A label that the classifier does not know is an Error at its line.
Part labelled_part(Classifier& classifier, const std::string& data, const ColumnOptions& columns);

}  // namespace frugal::cli
