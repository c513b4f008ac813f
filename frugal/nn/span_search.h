// The answer head of XLNet's SQuAD code: where an answer ends depends on where it begins, and whether there
// is one on both and on a classifying token.
#pragma once

#include "frugal/nn/net.h"

namespace frugal {

struct SpanSearch {
  int64_t starts = 5, ends = 5;  // that the search keeps
  double norm_eps = 1e-12;
};

// From the states x F32[T, H]. Input "p_mask" F32[T, 1] is 1 where no answer may begin or end; `write_batch`
// sets it to 0. The classifying token is each sequence's last, unless the caller changes the input
// "last_rows".
//
// Without labels, as the published code names its outputs (which are shares, not their logarithms): the best
// starts "start_top_log_probs" and "start_top_index" [S, starts]; for each of them the best ends,
// "end_top_log_probs" and "end_top_index" [S, ends * starts]; "cls_logits" [S], above 0 where there is no
// answer. An index is a token's position; -1 where a sequence has too few.
//
// With labels the loss alone: the mean cross entropy of start and end, the end's with the true start known,
// plus half of the loss of "is_impossible" F32[S, 1] with "is_impossible_weights" F32[S]. Inputs
// "start_positions" and "end_positions" I32[S] count rows within the sequence; "start_rows" I32[S] are the
// starts' rows in the batch.
void span_search_outputs(Net& net, Value x, const SpanSearch& options);

}  // namespace frugal
