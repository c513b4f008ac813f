// soft_cross_entropy: how far a student's distribution is from its teacher's (Hinton et al., "Distilling the
// knowledge in a neural network", 2015): T^2 times the weighted mean over rows of
// KL(softmax(teacher / T) || softmax(student / T)), both [N,C]; weights[N] >= 0, 0 when all are 0.
//
// Outputs: the loss (scalar), log-sum-exp of student and teacher [N,2], and a workspace of row losses [N].
// The gradient goes to the student only.
// soft_cross_entropy_grad(student, teacher, weights, lse, dloss): dstudent[N,C].
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value soft_cross_entropy(Value student, Value teacher, Value weights, float temperature);

struct SoftCrossEntropy : Op {
  explicit SoftCrossEntropy(float temperature) : temperature(temperature) {}
  std::string_view name() const override { return "soft_cross_entropy"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  float temperature;
};

struct SoftCrossEntropyGrad : Op {
  explicit SoftCrossEntropyGrad(float temperature) : temperature(temperature) {}
  std::string_view name() const override { return "soft_cross_entropy_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  float temperature;
};

}  // namespace frugal
