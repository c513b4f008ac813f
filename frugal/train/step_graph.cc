#include "frugal/train/step_graph.h"

#include "frugal/base/error.h"
#include "frugal/graph/gradient.h"
#include "frugal/ops/adamw.h"
#include "frugal/ops/scale.h"
#include "frugal/ops/sum_squares.h"
#include "frugal/passes/lone_queries.h"
#include "frugal/passes/narrow.h"
#include "frugal/passes/rewrite.h"

namespace frugal {
namespace {

struct Gradient {
  ParameterSpec parameter;
  Value weight, gradient;
};

struct Differentiated {
  std::shared_ptr<Graph> graph;
  std::vector<Gradient> gradients;  // of the parameters that the loss depends on
};

Differentiated differentiate(const Model& model, const Objective& objective, const BatchShape& shape,
                             const StepOptions& options, bool loss_only) {
  Graph forward;
  NetOptions net_options;
  net_options.training = options.dropout;
  net_options.labels = objective.labels();
  net_options.label_smoothing = options.label_smoothing;
  Net net(forward, shape, net_options);
  objective.build(net, model);
  if (!forward.outputs().count("loss"))
    throw Error("", fmt::format("{} has no loss", model.info().architecture));
  if (loss_only) forward.keep_outputs({"loss"});

  Differentiated result;
  result.graph = options.narrow ? join_lone_queries(*narrow_rows(forward)) : copy_graph(forward);
  Graph& graph = *result.graph;
  std::vector<Value> weights;
  std::vector<ParameterSpec> specs;
  for (const ParameterSpec& spec : net.parameters())
    if (const auto weight = graph.find_variable(spec.name); weight && spec.trainable)
      weights.push_back(*weight), specs.push_back(spec);
  const std::vector<Value> gradients =
      add_gradients(graph, graph.outputs().at("loss"), weights, options.activations);
  for (size_t i = 0; i < weights.size(); ++i)
    if (gradients[i]) result.gradients.push_back({specs[i], weights[i], gradients[i]});
  return result;
}

// Matrices are decayed; one-dimensional tensors and embedding tables are not, unless all are.
bool decayed(const ParameterSpec& spec, const StepOptions& options) {
  return options.decay_all || (spec.shape.size() > 1 && spec.name.find("embeddings") == std::string::npos);
}

void add_updates(Graph& graph, const std::vector<Gradient>& gradients, const StepOptions& options) {
  graph.set_scope("optimizer");
  Value clip = graph.constant(Tensor::scalar(1.0f));
  if (options.clip > 0) {
    std::vector<Value> values;
    for (const Gradient& g : gradients) values.push_back(g.gradient);
    const Value squares = sum_squares(values);
    clip = clip_scale(squares, static_cast<float>(options.clip));
    graph.set_output("gradient_squares", squares);
  }
  const Value hyper = graph.input("hyper", f32({4}));
  for (const Gradient& g : gradients) {
    const std::string& name = g.parameter.name;
    graph.set_scope("optimizer." + name);
    adamw(g.weight, g.gradient, graph.variable("adam.m." + name, g.weight.type()),
          graph.variable("adam.v." + name, g.weight.type()), hyper, clip,
          {options.beta1, options.beta2, options.epsilon,
           decayed(g.parameter, options) ? options.weight_decay : 0});
  }
}

}  // namespace

StepOptions step_options(const TrainOptions& o) {
  StepOptions options;
  options.beta1 = o.beta1;
  options.beta2 = o.beta2;
  options.epsilon = o.epsilon;
  options.weight_decay = o.weight_decay;
  options.clip = o.clip;
  options.label_smoothing = o.label_smoothing;
  options.activations = o.store_activations ? Activations::store : Activations::rebuild;
  return options;
}

std::shared_ptr<Graph> update_graph(const Model& model, const Objective& objective, const BatchShape& shape,
                                    const StepOptions& options) {
  Differentiated d = differentiate(model, objective, shape, options, true);
  add_updates(*d.graph, d.gradients, options);
  return d.graph;
}

std::shared_ptr<Graph> accumulate_graph(const Model& model, const Objective& objective,
                                        const BatchShape& shape, const StepOptions& options, float share) {
  Differentiated d = differentiate(model, objective, shape, options, true);
  for (const Gradient& g : d.gradients)
    accumulate(d.graph->variable("gradient." + g.parameter.name, g.weight.type()), scale(g.gradient, share));
  return d.graph;
}

std::shared_ptr<Graph> apply_graph(const Model& model, const StepOptions& options) {
  auto graph = std::make_shared<Graph>();
  std::vector<Gradient> gradients;
  for (const ParameterSpec& spec : model.parameters()) {
    if (!spec.trainable) continue;
    const Value weight = graph->variable(spec.name, f32(spec.shape));
    gradients.push_back({spec, weight, graph->variable("gradient." + spec.name, f32(spec.shape))});
  }
  add_updates(*graph, gradients, options);
  for (const Gradient& g : gradients)
    accumulate(g.gradient, scale(g.gradient, -1.0f));  // back to zero, exactly
  return graph;
}

std::shared_ptr<Graph> gradient_graph(const Model& model, const Objective& objective,
                                      const BatchShape& shape) {
  StepOptions options;
  options.dropout = options.narrow = false;
  Differentiated d = differentiate(model, objective, shape, options, false);
  for (const Gradient& g : d.gradients) d.graph->set_output("gradient." + g.parameter.name, g.gradient);
  return d.graph;
}

}  // namespace frugal
