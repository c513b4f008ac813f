// The losses of the published heads. Each adds the output "loss" when the net has labels, else nothing.
#pragma once

#include "frugal/nn/net.h"

namespace frugal {

// Cross entropy of each token; input "labels" I32[T], < 0 where there is none.
void token_loss(Net& net, Value logits);
// One label a row of logits [N, C]: class_index reads I32[N], real F32[N] (C == 1) or F32[N, C], multi_hot
// F32[N, C]. Real and multi-hot labels need "label_weights" F32[N]: 0 for rows that are round-up, else 1.
void sequence_loss(Net& net, Value logits, const std::string& label_name, LabelKind kind);
// Masked words plus the relation of two sentences: inputs "labels" I32[T] and `relation_label` I32[S].
void pretraining_loss(Net& net, Value words, Value relation, const std::string& relation_label);
// Span heads: outputs "start_logits" and "end_logits" from logits [T, 2] of a side; inputs "start_positions"
// and "end_positions" I32[S] count rows within the sequence.
void span_outputs(Net& net, Value logits, const Side& side, Rows rows);
inline void span_outputs(Net& net, Value logits) { span_outputs(net, logits, net.source, Rows::token); }

}  // namespace frugal
