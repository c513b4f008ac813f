#include "frugal/ops/testing.h"

#include <cstring>

#include "frugal/graph/gradient.h"

namespace frugal::testing {
namespace {

struct WeightedTotal : Op {
  std::string_view name() const override { return "test_weighted_total"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override {
    require(in.size() == 2 && in[0] == in[1], "needs two tensors of one type");
    return {f32({})};
  }
  std::vector<Value> gradient(const GradientContext& context) const override {
    return {context.inputs[1], {}};
  }
  Kernel kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const override {
    return {[n = element_count(in[0].shape)](const KernelArgs& args, Worker& worker) {
      worker.single([&] {
        double sum = 0;
        for (int64_t i = 0; i < n; ++i) sum += double{args.input<float>(0)[i]} * args.input<float>(1)[i];
        *args.output<float>(0) = static_cast<float>(sum);
      });
    }};
  }
};

}  // namespace

std::vector<std::vector<Tensor>> evaluate(const Graph& graph, const Context& context,
                                          const std::map<int, Tensor>& given) {
  std::vector<std::vector<Tensor>> values(graph.nodes().size());
  for (size_t i = 0; i < values.size(); ++i) {
    const Node& node = graph.node(static_cast<int>(i));
    if (node.kind == NodeKind::constant) {
      values[i] = {node.value};
    } else if (node.kind != NodeKind::operation) {
      values[i] = {given.at(static_cast<int>(i)).clone()};
    } else {
      KernelArgs args;
      const std::vector<TensorType> types = types_of(node.inputs);
      for (const Value& input : node.inputs)
        args.in.push_back(input ? values[input.node][input.output].bytes() : nullptr);
      for (const TensorType& type : node.outputs) {
        Tensor out = node.op->is_view()
                         ? values[node.inputs[0].node][node.inputs[0].output].reshaped(type.shape)
                         : Tensor(type.type, type.shape);
        if (!node.op->is_view() && out.byte_count() > 0) std::memset(out.bytes(), 0xff, out.byte_count());
        args.out.push_back(out.bytes());
        values[i].push_back(std::move(out));
      }
      const Kernel kernel = node.op->kernel(context, types, node.outputs);
      context.team->reserve_scratch(kernel.scratch_bytes);
      context.team->run([&](Worker& worker) { kernel.run(args, worker); });
    }
  }
  return values;
}

std::vector<Tensor> compute(const Build& build, const std::vector<Tensor>& inputs, const Context& context) {
  Graph graph;
  std::map<int, Tensor> given;
  std::vector<Value> values;
  for (const Tensor& input : inputs) {
    values.push_back(graph.input("in" + std::to_string(values.size()), {input.type(), input.shape()}));
    given[values.back().node] = input;
  }
  const Value result = build(values);
  return evaluate(graph, context, given)[result.node];
}

Tensor normal(Shape shape, Random& random, double deviation) {
  Tensor tensor(DType::f32, std::move(shape));
  for (float& value : tensor.data<float>()) value = static_cast<float>(random.normal() * deviation);
  return tensor;
}

int count_of(const Graph& graph, std::string_view operation) {
  int count = 0;
  const std::vector<bool> live = graph.live_nodes();
  for (size_t i = 0; i < live.size(); ++i) {
    const Node& node = graph.node(static_cast<int>(i));
    count += live[i] && node.op && node.op->name() == operation;
  }
  return count;
}

Tensor integers(Shape shape, Random& random, int64_t low, int64_t high) {
  Tensor tensor(DType::i32, std::move(shape));
  for (int32_t& value : tensor.data<int32_t>())
    value = static_cast<int32_t>(low + static_cast<int64_t>(random.below(static_cast<uint64_t>(high - low))));
  return tensor;
}

Tensor ints(std::vector<int32_t> values) {
  return Tensor::of<int32_t>({static_cast<int64_t>(values.size())}, values);
}
Tensor floats(Shape shape, std::vector<float> values) { return Tensor::of<float>(std::move(shape), values); }

Value weighted_total(Value x, Value w) { return x.graph->add<WeightedTotal>({x, w}); }

}  // namespace frugal::testing
