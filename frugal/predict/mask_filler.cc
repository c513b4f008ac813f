#include "frugal/predict/mask_filler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "frugal/base/error.h"
#include "frugal/predict/softmax.h"

namespace frugal {

bool fills_masks(const ModelInfo& info) {
  return info.word_labels && !info.shifted_labels && !info.decoder && !info.permutes;
}

MaskFiller::MaskFiller(TextModel model) : model_(std::move(model)) {
  const ModelInfo& info = model_.info();
  const ModelFolder& folder = model_.folder();
  if (!fills_masks(info))
    throw Error(folder.path, fmt::format("{} has no masked-LM head", info.architecture));
  if (folder.tokenizer->special_ids().mask < 0) throw Error(folder.path, "the tokenizer has no mask token");
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
    const auto scores = logits.data<float>().subspan(row * static_cast<size_t>(width), width);
    const double total = log_sum_exp(scores);
    std::vector<int32_t> order(tokenizer.vocab_size());
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](int32_t a, int32_t b) {
      return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
    });
    auto& filling = fillings.emplace_back();
    for (int i = 0; i < count; ++i)
      filling.push_back(
          {std::string(tokenizer.piece_of(order[i])), order[i], std::exp(scores[order[i]] - total)});
  }
  return fillings;
}

}  // namespace frugal
