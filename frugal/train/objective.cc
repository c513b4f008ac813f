#include "frugal/train/objective.h"

#include <algorithm>

namespace frugal {

void LabelObjective::write(Program& program, std::span<const int64_t> examples) const {
  Tensor labels = program.input("labels");
  for (size_t i = 0; i < examples.size(); ++i) {
    if (classes_.empty())
      labels.data<float>()[i] = reals_[examples[i]];
    else
      labels.data<int32_t>()[i] = classes_[examples[i]];
  }
  if (program.has_input("label_weights")) {
    Tensor weights = program.input("label_weights");
    std::ranges::fill(weights.data<float>(), 1.0f);
  }
}

}  // namespace frugal
