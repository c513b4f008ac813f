#include "frugal/nn/span_search.h"

#include "frugal/ops/add.h"
#include "frugal/ops/bce_with_logits.h"
#include "frugal/ops/gather_rows.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/pair_rows.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/scale.h"
#include "frugal/ops/segment_cross_entropy.h"
#include "frugal/ops/segment_top.h"
#include "frugal/ops/slice_columns.h"

namespace frugal {
namespace {

constexpr float kExcluded = -1e30f;

// A linear layer of two vectors side by side, [first, second], as the sum of its halves.
struct Halves {
  Value first, second, bias;
};
Halves halves(Net& net, const Scope& at, int64_t width) {
  const Value weight = net.parameter(at / "weight", {width, 2 * width});
  net.graph.set_scope(at.path());
  return {slice_columns(weight, 0, width), slice_columns(weight, width, width),
          net.parameter(at / "bias", {width}, Init::zeros)};
}

// Scores of every token as the end, for each of N starts a sequence: F32[T, N].
Value end_scores(Net& net, Value x, Value starts, double norm_eps) {
  const Scope at = "end_logits";
  const Halves dense = halves(net, at / "dense_0", x.dim(1));
  Value y = pair_rows(linear(x, dense.first, {}), linear(starts, dense.second, dense.bias), net.offsets());
  y = net.norm(at / "LayerNorm", net.activate(y, Activation::tanh), norm_eps);
  return reshape(net.linear(at / "dense_1", y, 1), {x.dim(0), starts.dim(0) / net.shape.sequences});
}

// Whether there is no answer, from the state of its start and the classifying token's: F32[S, 1].
Value class_scores(Net& net, Value x, Value start) {
  const Scope at = "answer_class";
  const Halves dense = halves(net, at / "dense_0", x.dim(1));
  const Value y =
      add(linear(start, dense.first, dense.bias), linear(net.last_of(net.source, x), dense.second, {}));
  return net.linear_no_bias(at / "dense_1", net.activate(y, Activation::tanh), 1);
}

}  // namespace

void span_search_outputs(Net& net, Value x, const SpanSearch& options) {
  const int64_t tokens = x.dim(0), sequences = net.shape.sequences;
  const Value mask = net.graph.input("p_mask", f32({tokens, 1}));
  const Value start = weighted_sum(net.linear("start_logits.dense", x, 1), 1, mask, kExcluded);
  if (net.options.labels != LabelKind::none) {
    const Value state = gather_rows(x, net.label("start_rows", i32({sequences})), net.one_each());
    const Value end = weighted_sum(end_scores(net, x, state, options.norm_eps), 1, mask, kExcluded);
    const auto loss = [&](Value scores, const std::string& label) {
      return segment_cross_entropy(reshape(scores, {tokens}), net.offsets(),
                                   net.label(label, i32({sequences})));
    };
    const Value span = weighted_sum(loss(start, "start_positions"), 0.5f, loss(end, "end_positions"), 0.5f);
    const Value none =
        bce_with_logits(class_scores(net, x, state), net.label("is_impossible", f32({sequences, 1})),
                        net.label("is_impossible_weights", f32({sequences})));
    return net.output("loss", weighted_sum(span, 1, none, 0.5f), Rows::whole);
  }
  const auto per_sequence = [&](const std::string& name, Value value) {
    net.output(name, reshape(value, {sequences, element_count(value.shape()) / sequences}), Rows::sequence);
  };
  const auto starts = segment_top(start, net.offsets(), net.positions(), options.starts);
  per_sequence("start_top_log_probs", starts.largest);
  per_sequence("start_top_index", starts.positions);
  const Value states = gather_rows(x, reshape(starts.rows, {sequences * options.starts}), net.one_each());
  const Value nothing = net.graph.constant(Tensor(DType::f32, {sequences * options.starts, 1}));
  const Value end =
      weighted_sum(end_scores(net, x, states, options.norm_eps), 1,
                   reshape(pair_rows(mask, nothing, net.offsets()), {tokens, options.starts}), kExcluded);
  const auto ends = segment_top(end, net.offsets(), net.positions(), options.ends);
  per_sequence("end_top_log_probs", ends.largest);
  per_sequence("end_top_index", ends.positions);
  const Value start_state = segment_weighted_sum(x, starts.shares, net.offsets());
  net.output("cls_logits", reshape(class_scores(net, x, start_state), {sequences}), Rows::sequence);
}

}  // namespace frugal
