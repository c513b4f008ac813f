#include "frugal/generate/chain_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace frugal {
namespace {

// Replaces the scores by e^(score - best).
int32_t draw(std::span<float> scores, int32_t best, double unit) {
  const float top = scores[best];
  if (!std::isfinite(top)) return best;  // every token is forbidden
  double total = 0;
  for (float& score : scores) total += score = std::exp(score - top);
  double mass = 0;
  int32_t last = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] == 0) continue;
    last = static_cast<int32_t>(i);
    if ((mass += scores[i]) > unit * total) break;
  }
  return last;
}

}  // namespace

ChainSearch::ChainSearch(std::shared_ptr<const SearchSettings> settings, std::vector<int32_t> prompt,
                         const Lengths& lengths, uint64_t index)
    : settings_(std::move(settings)),
      lengths_(lengths),
      index_(index),
      ids_(settings_->options.num_return_sequences, std::move(prompt)),
      chains_(ids_.size()),
      live_(ids_.size()) {
  std::iota(live_.begin(), live_.end(), 0);
}

int32_t ChainSearch::choose(size_t chain, std::span<float> scores) const {
  settings_->rules.apply({ids_[chain], lengths_}, scores);
  const int32_t best = settings_->rows.argmax(scores);
  if (!settings_->options.do_sample) return best;
  const auto position = static_cast<int64_t>(chains_[chain].ids.size());
  return draw(scores, best, random_unit(settings_->options.seed, index_, position, chain));
}

std::vector<Search::Row> ChainSearch::advance(std::span<const std::span<float>> logits) {
  std::vector<Row> next;
  std::vector<size_t> live;
  std::vector<float> copy;
  for (size_t i = 0; i < live_.size(); ++i) {
    const size_t chain = live_[i];
    std::span<float> scores = logits[std::min(i, logits.size() - 1)];
    if (logits.size() < live_.size()) {  // the prompt's row serves every chain
      copy.assign(scores.begin(), scores.end());
      scores = copy;
    }
    const int32_t id = choose(chain, scores);
    ids_[chain].push_back(id);
    chains_[chain].ids.push_back(id);
    if (const auto finish = finish_of(*settings_, lengths_, chains_[chain].ids)) {
      chains_[chain].finish = *finish;
    } else {
      next.push_back({static_cast<int>(std::min(i, logits.size() - 1)), id});
      live.push_back(chain);
    }
  }
  live_ = std::move(live);
  return next;
}

}  // namespace frugal
