// What is done with whole rows of a vocabulary's scores, by Highway on one thread.
#pragma once

#include <cstdint>
#include <span>

namespace frugal {

// x - log(sum(exp(x))), in place; a row of minus infinities stays as it is.
void log_softmax(std::span<float> scores);
// The first of the largest; 0 when there is none above minus infinity. NaN is never the largest.
int32_t argmax(std::span<const float> scores);

}  // namespace frugal
