#include "frugal/nn/heads.h"

#include "frugal/ops/matmul.h"
#include "frugal/ops/reshape.h"

namespace frugal {

Value word_scores(Net& net, const Scope& at, const Scope& weight, Value x, int64_t rows, Value bias) {
  net.graph.set_scope(at.path());
  return linear(x, net.parameter(weight, {rows, x.dim(1)}), bias);
}

void next_word_scores(Net& net, const Scope& weight, Value x, int64_t words) {
  const Value logits = word_scores(net, "lm_head", weight, x, words);
  net.output("logits", logits, Rows::token);
  token_loss(net, logits);
}

void last_token_classes(Net& net, Value x, int64_t labels) {
  const Value logits = net.linear_no_bias("score", net.last_of(net.source, x), labels);
  net.output("logits", logits, Rows::sequence);
  sequence_loss(net, logits, "labels", net.options.labels);
}

void token_classes(Net& net, Value x, int64_t labels, double dropout) {
  const Value logits = net.linear("classifier", net.dropout("classifier", x, dropout), labels);
  net.output("logits", logits, Rows::token);
  token_loss(net, logits);
}

Value two_layer_classes(Net& net, const Scope& at, Value x, int64_t labels, Activation activation,
                        double dropout) {
  x = net.linear(at / "dense", net.dropout(at / "first", x, dropout), x.dim(1));
  return net.linear(at / "out_proj", net.dropout(at / "second", net.activate(x, activation), dropout),
                    labels);
}

void choice_scores(Net& net, Value scores) {
  const Value logits = reshape(scores, {net.shape.sequences / net.shape.choices, net.shape.choices});
  net.output("logits", logits, Rows::whole);
  sequence_loss(net, logits, "labels", LabelKind::class_index);
}

}  // namespace frugal
