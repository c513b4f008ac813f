#include "frugal/generate/next_token_graph.h"

#include "frugal/base/error.h"

namespace frugal {

bool predicts_next_token(const ModelInfo& info) {
  return info.word_labels && (info.decoder || info.shifted_labels || info.permutes);
}

void require_next_token_head(const Model& model) {
  if (!predicts_next_token(model.info()))
    throw Error(model.info().architecture, "has no head that predicts a text's next token",
                "generation needs a causal language model or an encoder-decoder model");
}

void build_next_token(const Model& model, Net& net) {
  model.build(net);
  const Value logits = net.graph.outputs().at("logits");
  const bool two_sides = model.info().decoder || model.info().permutes;
  net.output("next", net.last_of(two_sides ? net.target : net.source, logits), Rows::sequence);
  net.graph.keep_outputs({"next"});
}

std::vector<std::span<float>> next_logits(const Program& program, size_t rows) {
  Tensor logits = program.output("next");
  const auto vocab = static_cast<size_t>(logits.dim(1));
  std::vector<std::span<float>> found;
  for (size_t i = 0; i < rows; ++i) found.push_back(logits.data<float>().subspan(i * vocab, vocab));
  return found;
}

}  // namespace frugal
