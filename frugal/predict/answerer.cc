#include "frugal/predict/answerer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "frugal/base/error.h"
#include "frugal/predict/softmax.h"

namespace frugal {
namespace {

// Probabilities over the tokens that may begin or end an answer, and the one that stands for none.
std::vector<double> probabilities(std::span<const float> logits, const std::vector<bool>& allowed) {
  std::vector<float> kept(logits.begin(), logits.end());
  for (size_t t = 0; t < kept.size(); ++t)
    if (!allowed[t]) kept[t] = -std::numeric_limits<float>::infinity();
  const double total = log_sum_exp(kept);
  std::vector<double> result;
  for (const float logit : kept) result.push_back(std::exp(logit - total));
  return result;
}

// The token for "no answer": the first that the template added (a sequence's first, but XLNet's last).
size_t none_of(const Encoding& window, int32_t cls) {
  for (size_t t = 0; t < window.size(); ++t)
    if (window.sources[t] == Encoding::kTemplate && (cls < 0 || window.ids[t] == cls)) return t;
  return 0;
}

}  // namespace

Answerer::Answerer(TextModel model) : model_(std::move(model)) {
  const ModelInfo& info = model_.info();
  const bool spans = info.head.starts_with("ForQuestionAnswering");
  if (!spans || info.decoder || info.architecture == "XLNetForQuestionAnswering")
    throw Error(model_.folder().path,
                fmt::format("{} has no head for the start and end of an answer", info.architecture),
                "an encoder ...ForQuestionAnswering has one (of XLNet ...ForQuestionAnsweringSimple)");
}

std::vector<Answer> Answerer::answer(std::string_view question, std::string_view text,
                                     const AnswerOptions& options) {
  const Tokenizer& tokenizer = *model_.folder().tokenizer;
  EncodeOptions encode;
  encode.offsets = true;
  encode.max_length =
      model_.max_length() > 0 ? std::min(model_.max_length(), options.window) : options.window;
  const int overlap = std::min(options.overlap, encode.max_length / 2);
  const std::vector<Encoding> windows =
      tokenizer.pair_windows(question, text, encode, static_cast<size_t>(overlap));
  std::vector<Sequence> sequences;
  for (const Encoding& window : windows) sequences.push_back({window.ids, window.type_ids, {}});

  double none = 1;
  std::map<std::pair<size_t, size_t>, double> found;  // by place
  model_.run_tokens(
      sequences, {"start_logits", "end_logits"}, [&](size_t i, std::span<const std::span<const float>> rows) {
        const Encoding& window = windows[i];
        const size_t count = window.size(), no_answer = none_of(window, tokenizer.special_ids().cls);
        std::vector<bool> allowed(count);
        for (size_t t = 0; t < count; ++t)
          allowed[t] = t == no_answer || window.sources[t] == Encoding::kSecond;
        const std::vector<double> starts = probabilities(rows[0], allowed),
                                  ends = probabilities(rows[1], allowed);
        none = std::min(none, starts[no_answer] * ends[no_answer]);
        for (size_t s = 0; s < count; ++s)
          for (size_t e = s; e < std::min(count, s + static_cast<size_t>(options.longest)); ++e) {
            if (s == no_answer || e == no_answer || !allowed[s] || !allowed[e]) continue;
            double& score = found[{window.offsets[s].first, window.offsets[e].second}];
            score = std::max(score, starts[s] * ends[e]);
          }
      });
  std::vector<Answer> answers;
  for (const auto& [place, score] : found) answers.push_back({place.first, place.second, score});
  if (options.no_answer || answers.empty()) answers.push_back({0, 0, none});
  std::ranges::stable_sort(answers, [](const Answer& a, const Answer& b) { return a.score > b.score; });
  // The same words with other neighbours say the same again.
  std::vector<Answer> best;
  for (const Answer& one : answers) {
    if (static_cast<int>(best.size()) == options.top) break;
    const bool overlaps = std::ranges::any_of(
        best, [&](const Answer& other) { return one.begin < other.end && other.begin < one.end; });
    if (!overlaps) best.push_back(one);
  }
  return best;
}

}  // namespace frugal
