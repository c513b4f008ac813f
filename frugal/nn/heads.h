// The heads that several families put on their last rows, as the published checkpoints name them. Each adds
// its outputs, and its loss when the net has labels (nn/losses.h).
#pragma once

#include "frugal/nn/losses.h"

namespace frugal {

// Scores of every row of a table of words, [T, rows]: x [T, H] times the matrix `weight` [rows, H], which may
// be the embedding itself, plus `bias` F32[rows] (may be empty). `at` names the head.
Value word_scores(Net& net, const Scope& at, const Scope& weight, Value x, int64_t rows, Value bias = {});

// A causal language model's outputs: "logits" of each row by the words' table `weight`, and the loss. The
// head is called lm_head.
void next_word_scores(Net& net, const Scope& weight, Value x, int64_t words);
// "score", a linear layer without bias, of each sequence's last row; output "logits".
void last_token_classes(Net& net, Value x, int64_t labels);

// "classifier" of each token: dropout and one linear layer; output "logits".
void token_classes(Net& net, Value x, int64_t labels, double dropout);

// dropout, at.dense, activation, dropout, at.out_proj of x [S, H]; gives the scores [S, labels].
Value two_layer_classes(Net& net, const Scope& at, Value x, int64_t labels, Activation activation,
                        double dropout);

// Scores [S, 1] of sequences that are the choices of S / choices questions; output "logits".
void choice_scores(Net& net, Value scores);

}  // namespace frugal
