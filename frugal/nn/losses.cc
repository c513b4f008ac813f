#include "frugal/nn/losses.h"

#include "frugal/ops/bce_with_logits.h"
#include "frugal/ops/column.h"
#include "frugal/ops/cross_entropy.h"
#include "frugal/ops/mse.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/scale.h"
#include "frugal/ops/segment_cross_entropy.h"

namespace frugal {
namespace {

Value class_loss(Net& net, Value logits, const std::string& label_name) {
  const Value labels = net.label(label_name, i32({logits.dim(0)}));
  return cross_entropy(logits, labels, static_cast<float>(net.options.label_smoothing));
}

}  // namespace

void token_loss(Net& net, Value logits) {
  if (net.options.labels == LabelKind::none) return;
  net.output("loss", class_loss(net, logits, "labels"), Rows::whole);
}

void sequence_loss(Net& net, Value logits, const std::string& label_name, LabelKind kind) {
  if (net.options.labels == LabelKind::none) return;
  if (kind == LabelKind::class_index)
    return net.output("loss", class_loss(net, logits, label_name), Rows::whole);
  const Value targets = net.label(label_name, f32(logits.shape()));
  const Value weights = net.label("label_weights", f32({logits.dim(0)}));
  net.output(
      "loss",
      kind == LabelKind::real ? mse(logits, targets, weights) : bce_with_logits(logits, targets, weights),
      Rows::whole);
}

void pretraining_loss(Net& net, Value words, Value relation, const std::string& relation_label) {
  if (net.options.labels == LabelKind::none) return;
  net.output("loss",
             weighted_sum(class_loss(net, words, "labels"), 1, class_loss(net, relation, relation_label), 1),
             Rows::whole);
}

void span_outputs(Net& net, Value logits, const Side& side, Rows rows) {
  const Value start = column(logits, 0), end = column(logits, 1);
  net.output("start_logits", start, rows);
  net.output("end_logits", end, rows);
  if (net.options.labels == LabelKind::none) return;
  const auto loss = [&](Value x, const std::string& label) {
    return segment_cross_entropy(x, side.offsets(), net.label(label, i32({net.shape.sequences})));
  };
  net.output("loss", weighted_sum(loss(start, "start_positions"), 0.5f, loss(end, "end_positions"), 0.5f),
             Rows::whole);
}

}  // namespace frugal
