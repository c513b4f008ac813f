// The graph that generation runs: a model's, of whose logits only the rows that choose a token are kept.
#pragma once

#include "frugal/models/model.h"

namespace frugal {

// Whether the model has a language-model head that predicts the next token: others cannot generate.
bool predicts_next_token(const ModelInfo& info);
void require_next_token_head(const Model& model);

// Adds the model and makes "next", the logits after each sequence's last token, F32[S, vocab], its only
// output.
void build_next_token(const Model& model, Net& net);

}  // namespace frugal
