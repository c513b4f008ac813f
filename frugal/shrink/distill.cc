#include "frugal/shrink/distill.h"

#include <algorithm>

#include "frugal/ops/mse.h"
#include "frugal/ops/scale.h"
#include "frugal/ops/soft_cross_entropy.h"

namespace frugal {
namespace {

LabelObjective objective_of(Targets targets) {
  return targets.classes.empty() ? LabelObjective(std::move(targets.reals))
                                 : LabelObjective(std::move(targets.classes));
}

void copy_rows(const TeacherAnswers& answers, const std::string& name, std::span<const int64_t> examples,
               Tensor to) {
  float* at = to.data<float>().data();
  for (const int64_t example : examples) {
    const std::span<const float> row = answers.row(name, example);
    at = std::copy(row.begin(), row.end(), at);
  }
}

}  // namespace

std::span<const float> TeacherAnswers::row(const std::string& name, int64_t example) const {
  const Tensor& rows = parts[static_cast<size_t>(example / kPart)].at(name);
  const auto width = static_cast<size_t>(rows.dim(1));
  return rows.data<float>().subspan(static_cast<size_t>(example % kPart) * width, width);
}

DistillObjective::DistillObjective(Targets targets, std::shared_ptr<const TeacherAnswers> teacher,
                                   std::vector<std::pair<std::string, std::string>> matches,
                                   DistillWeights weights)
    : given_(objective_of(std::move(targets))),
      teacher_(std::move(teacher)),
      matches_(std::move(matches)),
      weights_(weights) {}

void DistillObjective::build(Net& net, const Model& model) const {
  model.build(net);
  net.graph.set_scope("distillation");
  const int64_t rows = net.shape.sequences;
  const Value logits = net.graph.outputs().at("logits");
  const Value ones = net.graph.input("example_weights", f32({rows}));
  const Value teacher = net.graph.input("teacher_logits", f32(logits.shape()));
  const Value soft =
      labels() == LabelKind::real
          ? mse(logits, teacher, ones)
          : soft_cross_entropy(logits, teacher, ones, static_cast<float>(weights_.temperature));
  Value loss = weighted_sum(net.graph.outputs().at("loss"), static_cast<float>(weights_.labels), soft,
                            static_cast<float>(weights_.soft));
  for (const auto& [student_tap, teacher_tap] : matches_) {
    const Value mine = net.first_of(net.taps().at(student_tap));
    const Value theirs = net.graph.input("teacher." + student_tap, f32(mine.shape()));
    const auto share = static_cast<float>(weights_.hidden / static_cast<double>(matches_.size()));
    loss = weighted_sum(loss, 1, mse(mine, theirs, ones), share);
  }
  net.output("loss", loss, Rows::whole);
}

void DistillObjective::write(Program& program, std::span<const int64_t> examples) const {
  given_.write(program, examples);
  Tensor ones = program.input("example_weights");
  std::ranges::fill(ones.data<float>(), 1.0f);
  copy_rows(*teacher_, "logits", examples, program.input("teacher_logits"));
  for (const auto& [student_tap, teacher_tap] : matches_)
    copy_rows(*teacher_, teacher_tap, examples, program.input("teacher." + student_tap));
}

}  // namespace frugal
