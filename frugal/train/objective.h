// What a training run minimises: a loss added to the model's graph, and the inputs it needs beside the texts.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "frugal/models/model.h"
#include "frugal/runtime/program.h"

namespace frugal {

class Objective {
 public:
  virtual ~Objective() = default;
  virtual LabelKind labels() const = 0;
  // Builds the model and sets the output "loss".
  virtual void build(Net& net, const Model& model) const { model.build(net); }
  // Writes the inputs of a batch of these examples.
  virtual void write(Program& program, std::span<const int64_t> examples) const = 0;
};

// The head's own loss on given labels: class indices or real values, one an example.
class LabelObjective : public Objective {
 public:
  explicit LabelObjective(std::vector<int32_t> classes) : classes_(std::move(classes)) {}
  explicit LabelObjective(std::vector<float> reals) : reals_(std::move(reals)) {}
  LabelKind labels() const override { return classes_.empty() ? LabelKind::real : LabelKind::class_index; }
  void write(Program& program, std::span<const int64_t> examples) const override;

 private:
  std::vector<int32_t> classes_;
  std::vector<float> reals_;
};

}  // namespace frugal
