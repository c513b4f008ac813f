#include "frugal/nn/experts.h"

#include "frugal/base/random.h"
#include "frugal/ops/expert_linear.h"
#include "frugal/ops/gather_rows.h"
#include "frugal/ops/jitter.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/scale_rows.h"
#include "frugal/ops/top1_route.h"

namespace frugal {
namespace {

Value route(Net& net, const Scope& at, Value x, const ExpertsConfig& config) {
  net.graph.set_scope(at.path());
  if (net.options.training && config.jitter > 0)
    x = jitter(x, net.random(), static_cast<float>(config.jitter), hash_of(at.path() + "#jitter"));
  return linear_exact(
      x, net.parameter(at / "classifier.weight", {config.count, x.dim(1)}),
      config.router_bias ? net.parameter(at / "classifier.bias", {config.count}, Init::zeros) : Value{});
}

// One layer of all experts.
Value apart(Net& net, const Scope& at, const std::string& layer, Value x, Value bounds, int64_t out,
            int64_t count) {
  std::vector<Value> weights;
  for (int64_t e = 0; e < count; ++e)
    weights.push_back(
        net.parameter(at / ("expert_" + std::to_string(e)) / layer / "weight", {out, x.dim(1)}));
  net.graph.set_scope((at / layer).path());
  return expert_linear(x, weights, bounds);
}

}  // namespace

Experts experts(Net& net, const Scope& at, Value x, Value offsets, const ExpertsConfig& config) {
  const Value logits = route(net, at / "router", x, config);
  const Top1Routing routing = top1_route(logits, offsets, config.capacity);
  // Rows of one expert side by side, through both its layers, and back to their places.
  const Scope body = at / "experts";
  Value y = gather_rows(x, routing.order, offsets);
  y = net.activate(apart(net, body, "wi", y, routing.bounds, config.inner, config.count), config.activation);
  y = apart(net, body, "wo", net.dropout(body, y, config.dropout), routing.bounds, x.dim(1), config.count);
  y = gather_rows(y, routing.slot, offsets);
  return {scale_rows(y, routing.probability), logits};
}

}  // namespace frugal
