#include <algorithm>
#include <string>

#include "frugal/ops/registry.h"
#include "frugal/ops/testing.h"

namespace frugal {

int64_t Sampler::size() {
  constexpr int64_t kSmall[] = {1, 3, 15, 16, 17, 33, 130}, kLarge[] = {131, 200, 259};
  return large_ ? kLarge[random_.below(3)] : kSmall[random_.below(7)];
}

Value Sampler::given(Tensor tensor) {
  const std::string name = "in" + std::to_string(values_.size());
  const Value value = graph_->input(name, {tensor.type(), tensor.shape()});
  values_[value.node] = std::move(tensor);
  return value;
}

Value Sampler::state(Tensor tensor) {
  const std::string name = "state" + std::to_string(values_.size());
  const Value value = graph_->variable(name, {tensor.type(), tensor.shape()});
  values_[value.node] = std::move(tensor);
  return value;
}

Value Sampler::normal(Shape shape) { return given(testing::normal(std::move(shape), random_)); }

Value Sampler::weight(Shape shape) {
  weights_.push_back(normal(std::move(shape)));
  return weights_.back();
}

Value Sampler::uniform(Shape shape) {
  Tensor tensor(DType::f32, std::move(shape));
  for (float& value : tensor.data<float>()) value = static_cast<float>(random_.uniform());
  return given(std::move(tensor));
}

Value Sampler::integers(int64_t count, int64_t low, int64_t high) {
  return given(testing::integers({count}, random_, low, high));
}

Value Sampler::offsets(int64_t segments, int64_t rows) {
  Tensor tensor = testing::integers({segments + 1}, random_, 0, rows + 1);
  const auto data = tensor.data<int32_t>();
  std::sort(data.begin(), data.end());
  return given(std::move(tensor));
}

}  // namespace frugal
