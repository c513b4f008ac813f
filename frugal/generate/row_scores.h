// What is done with whole rows of a vocabulary's scores, by Highway on one thread.
#pragma once

#include <cstdint>
#include <span>

namespace frugal {

// The kernels of the instruction set that Context::make chose last. Choosing asks the CPU what it has, which
// takes microseconds in a virtual machine: once, not once a row.
class RowScores {
 public:
  RowScores();
  // x - log(sum(exp(x))), in place; a row without a finite largest score stays as it is.
  void log_softmax(std::span<float> scores) const;
  // The first of the largest; 0 when there is none above minus infinity.
  int32_t argmax(std::span<const float> scores) const;

 private:
  void (*subtract_log_sum_)(float* x, int64_t n);
  float (*largest_)(const float* x, int64_t n);
};

}  // namespace frugal
