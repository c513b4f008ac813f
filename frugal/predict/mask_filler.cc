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

std::string word_logits(const ModelInfo& info) {
  return info.head == "ForPreTraining" ? "prediction_logits" : "logits";
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
  std::vector<std::vector<Filling>> fillings;
  const auto fill_row = [&](std::span<const float> scores) {
    const int count = static_cast<int>(
        std::min<int64_t>({top, static_cast<int64_t>(scores.size()), tokenizer.vocab_size()}));
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
  };
  const size_t length = sequence.ids.size();
  model_.run_tokens(std::span(&sequence, 1), {word_logits(model_.info())}, [&](size_t, auto rows) {
    const size_t width = rows[0].size() / length;
    for (size_t t = 0; t < length; ++t)
      if (sequence.ids[t] == mask) fill_row(rows[0].subspan(t * width, width));
  });
  return fillings;
}

}  // namespace frugal
