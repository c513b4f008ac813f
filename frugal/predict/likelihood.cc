#include "frugal/predict/likelihood.h"

#include "frugal/base/error.h"
#include "frugal/predict/softmax.h"

namespace frugal {

Likelihood::Likelihood(TextModel& model) : model_(model) {
  const ModelInfo& info = model.info();
  if (!info.word_labels || !(info.decoder || info.shifted_labels) || info.permutes)
    throw Error(model.folder().path,
                fmt::format("{} has no head that predicts a text's next token", info.architecture),
                "a causal language model or an encoder-decoder model has one");
}

void Likelihood::check(const ScoredTokens& item) const {
  const ModelInfo& info = model_.info();
  const size_t given = item.given.size(), scored = item.scored.size();
  const size_t longest = info.decoder ? std::max(given, scored) : given + scored;
  if (given == 0) throw Error("", "there is no token before the first one to be scored");
  if (info.max_positions > 0 && longest > static_cast<size_t>(info.max_positions))
    throw Error("",
                fmt::format("{} tokens are more than the model's {} positions", longest, info.max_positions));
}

std::vector<std::vector<double>> Likelihood::of(std::span<const ScoredTokens> items) {
  for (const ScoredTokens& item : items) check(item);
  if (!model_.info().decoder) return causal(items);
  std::vector<std::vector<double>> all;
  for (const ScoredTokens& item : items) all.push_back(of_target(item));
  return all;
}

std::vector<std::vector<double>> Likelihood::causal(std::span<const ScoredTokens> items) {
  std::vector<Sequence> sequences;
  for (const auto& [given, scored] : items) {
    sequences.push_back(sequence_of(given));
    sequences.back().ids.insert(sequences.back().ids.end(), scored.begin(), scored.end());
    sequences.back().types.resize(sequences.back().ids.size());
  }
  std::vector<std::vector<double>> all(items.size());
  model_.run_tokens(sequences, {"logits"}, [&](size_t i, std::span<const std::span<const float>> rows) {
    const auto& [given, scored] = items[i];
    const size_t width = rows[0].size() / sequences[i].ids.size();
    for (size_t t = 0; t < scored.size(); ++t)
      all[i].push_back(log_probability(rows[0].subspan((given.size() + t - 1) * width, width), scored[t]));
  });
  return all;
}

std::vector<double> Likelihood::of_target(const ScoredTokens& item) {
  const Sequence target = moved_right(model_.info(), sequence_of(item.scored));
  const Sequence source = sequence_of(item.given);
  PackedBatch batch = pack_batch(std::span(&source, 1));
  pack_target(batch, std::span(&target, 1));
  const Tensor logits = model_.inference().run(batch).output("logits");
  const auto width = static_cast<size_t>(logits.dim(1));
  std::vector<double> found;
  for (size_t t = 0; t < item.scored.size(); ++t)
    found.push_back(log_probability(logits.data<float>().subspan(t * width, width), item.scored[t]));
  return found;
}

}  // namespace frugal
