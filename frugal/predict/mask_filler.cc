#include "frugal/predict/mask_filler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "frugal/base/error.h"

namespace frugal {

MaskFiller MaskFiller::load(const std::string& folder, const Context& context, TextModelOptions options) {
  ModelFolder loaded = load_model_folder(folder);
  const ModelInfo& info = loaded.model->info();
  if (info.head != "ForMaskedLM" && info.head != "ForPreTraining")
    throw Error(folder, fmt::format("{} has no masked-LM head", info.architecture));
  if (loaded.tokenizer->special_ids().mask < 0) throw Error(folder, "the tokenizer has no mask token");
  return MaskFiller(TextModel(std::move(loaded), context, std::move(options)));
}

std::vector<std::vector<Filling>> MaskFiller::fill(const std::string& text, int top) {
  const Sequence sequence = model_.tokenize(Text{text, {}, false});
  const Tokenizer& tokenizer = *model_.folder().tokenizer;
  const int32_t mask = tokenizer.special_ids().mask;
  if (std::find(sequence.ids.begin(), sequence.ids.end(), mask) == sequence.ids.end())
    throw Error("", fmt::format("the text has no {}", tokenizer.piece_of(mask)));
  Program& program = model_.inference().run(pack_batch(std::span(&sequence, 1)));
  const Tensor logits =
      program.output(program.has_output("prediction_logits") ? "prediction_logits" : "logits");
  const int64_t width = logits.dim(1);
  const int count =
      static_cast<int>(std::min<int64_t>(top, std::min<int64_t>(width, tokenizer.vocab_size())));

  std::vector<std::vector<Filling>> fillings;
  for (size_t row = 0; row < sequence.ids.size(); ++row) {
    if (sequence.ids[row] != mask) continue;
    const float* scores = logits.data<float>().data() + static_cast<int64_t>(row) * width;
    const double best = *std::max_element(scores, scores + width);
    double sum = 0;
    for (int64_t i = 0; i < width; ++i) sum += std::exp(scores[i] - best);
    std::vector<int32_t> order(tokenizer.vocab_size());
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](int32_t a, int32_t b) {
      return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
    });
    auto& filling = fillings.emplace_back();
    for (int i = 0; i < count; ++i)
      filling.push_back(
          {std::string(tokenizer.piece_of(order[i])), order[i], std::exp(scores[order[i]] - best) / sum});
  }
  return fillings;
}

}  // namespace frugal
