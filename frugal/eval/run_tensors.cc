#include "frugal/eval/run_tensors.h"

#include <cmath>

#include "frugal/base/error.h"
#include "frugal/eval/padded_batch.h"
#include "frugal/models/inference.h"
#include "frugal/train/step_graph.h"

namespace frugal {
namespace {

// The head's own loss; labels are written by the padded batch.
class GivenLabels : public Objective {
 public:
  explicit GivenLabels(LabelKind kind) : kind_(kind) {}
  LabelKind labels() const override { return kind_; }
  void write(Program&, std::span<const int64_t>) const override {}

 private:
  LabelKind kind_;
};

void collect_outputs(const Inference& inference, Program& program, const PaddedBatch& batch,
                     TensorMap& outputs) {
  for (const auto& [name, value] : program.graph().outputs())
    outputs[name] = batch.unpack(program.output(name), inference.rows_of(name));
}

TensorMap gradients_of(Program& program) {
  const std::string prefix = "gradient.";
  TensorMap gradients;
  for (const auto& [name, value] : program.graph().outputs())
    if (name.rfind(prefix, 0) == 0) gradients[name.substr(prefix.size())] = program.output(name).clone();
  return gradients;
}

Tensor train_steps(const Model& model, const std::shared_ptr<Store>& store, const Context& context,
                   const RunRequest& request, const PaddedBatch& batch, const Objective& objective) {
  StepOptions options;
  options.weight_decay = request.weight_decay;
  options.decay_all = true;
  options.clip = 0;
  options.dropout = false;
  const auto program = compile_for_training(*update_graph(model, objective, batch.packed().shape, options),
                                            context, store, Precision::f32);
  write_batch(*program, batch.packed());
  batch.write_labels(request.inputs, model.info(), *program);
  Tensor losses(DType::f32, {request.steps});
  for (int64_t step = 0; step < request.steps; ++step) {
    const double t = static_cast<double>(step + 1);
    const double values[4] = {request.learning_rate, 1 - std::pow(0.9, t), 1 - std::pow(0.999, t), 0};
    Tensor hyper = program->input("hyper");
    for (int i = 0; i < 4; ++i) hyper.data<float>()[i] = static_cast<float>(values[i]);
    program->run();
    losses.data<float>()[step] = program->output("loss").data<float>()[0];
  }
  return losses;
}

}  // namespace

RunResult run_tensors(const Model& model, const std::shared_ptr<Store>& store, const Context& context,
                      const RunRequest& request) {
  const PaddedBatch batch(request.inputs, model.info());
  InferenceOptions options;
  options.labels = batch.labels(request.inputs, model.info());
  if (options.labels == LabelKind::none && (request.gradients || request.steps > 0))
    throw Error("labels", fmt::format("are missing: {} has no loss without them", model.info().architecture));
  RunResult result;
  {
    Inference inference(std::shared_ptr<const Model>(&model, [](const Model*) {}), store, context, options);
    Program& program = inference.prepare(batch.packed());
    batch.write_labels(request.inputs, model.info(), program);
    program.run();
    collect_outputs(inference, program, batch, result.outputs);
  }
  store->folded().clear();
  const GivenLabels objective(options.labels);
  if (request.gradients) {
    const auto program = compile_for_training(*gradient_graph(model, objective, batch.packed().shape),
                                              context, store, Precision::f32);
    write_batch(*program, batch.packed());
    batch.write_labels(request.inputs, model.info(), *program);
    program->run();
    result.gradients = gradients_of(*program);
  }
  if (request.steps > 0) result.losses = train_steps(model, store, context, request, batch, objective);
  return result;
}

}  // namespace frugal
