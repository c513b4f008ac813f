// The graph that generation runs: a model's, of whose logits only the rows that choose a token are kept.
#pragma once

#include <span>
#include <vector>

#include "frugal/data/batch.h"
#include "frugal/models/model.h"
#include "frugal/runtime/program.h"

namespace frugal {

// Whether the model has a language-model head that predicts the next token: others cannot generate.
bool predicts_next_token(const ModelInfo& info);
void require_next_token_head(const Model& model);

// Adds the model and makes "next", the logits after each sequence's last token, F32[S, vocab], its only
// output.
void build_next_token(const Model& model, Net& net);
// The first `rows` rows of "next" after a run; valid until the program's memory is used again.
std::vector<std::span<float>> next_logits(const Program& program, size_t rows);

}  // namespace frugal
