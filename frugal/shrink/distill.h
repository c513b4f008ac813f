// Knowledge distillation: a student learns from labels, from its teacher's softened logits (Hinton et al.
// 2015, arXiv 1503.02531) and from the teacher's hidden states at the rows that the classifier's way passes
// through, layer by layer (Patient KD: Sun et al. 2019, arXiv 1908.09355). The teacher is frozen, so all it
// says is computed once and kept.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "frugal/data/labels.h"
#include "frugal/train/objective.h"

namespace frugal {

struct DistillWeights {
  double labels = 0.3;
  double soft =
      0.7;  // of T^2 KL(teacher / T || student / T); of the squared error to its value for regression
  double hidden = 10;  // of the mean squared error of matched hidden states
  double temperature = 2;
};

// What the teacher says of every training example, kPart of them in each part, fewer in the last.
struct TeacherAnswers {
  static constexpr int64_t kPart = 4096;
  // "logits" -> f32 [n, C]; "hidden.3" -> f32 [n, H]: the first row's state after layer 3.
  std::vector<std::map<std::string, Tensor>> parts;

  std::span<const float> row(const std::string& name, int64_t example) const;
};

class DistillObjective : public Objective {
 public:
  // `matches`: (student's tap, teacher's tap).
  DistillObjective(Targets targets, std::shared_ptr<const TeacherAnswers> teacher,
                   std::vector<std::pair<std::string, std::string>> matches, DistillWeights weights);
  LabelKind labels() const override { return given_.labels(); }
  void build(Net& net, const Model& model) const override;
  void write(Program& program, std::span<const int64_t> examples) const override;

 private:
  LabelObjective given_;
  std::shared_ptr<const TeacherAnswers> teacher_;
  std::vector<std::pair<std::string, std::string>> matches_;
  DistillWeights weights_;
};

}  // namespace frugal
