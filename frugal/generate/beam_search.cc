#include "frugal/generate/beam_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "frugal/generate/top_list.h"

namespace frugal {
namespace {

// The reference's mark of what must not be chosen: below any sum of log probabilities, yet finite.
constexpr float kOut = -1e9f;

}  // namespace

BeamSearch::BeamSearch(std::shared_ptr<const SearchSettings> settings, std::vector<int32_t> prompt,
                       const Lengths& lengths, uint64_t index)
    : settings_(std::move(settings)),
      prompt_(std::move(prompt)),
      lengths_(lengths),
      index_(index),
      candidates_(std::max<size_t>(2, 1 + settings_->options.eos.size()) * settings_->options.num_beams),
      beams_(settings_->options.num_beams),
      found_(settings_->options.num_beams) {
  for (size_t i = 1; i < beams_.size(); ++i)
    beams_[i].score = kOut;  // all begin alike: only the first counts
  for (Finished& found : found_) found.hypothesis.score = kOut;
}

float BeamSearch::length_factor(int64_t length) const {
  return static_cast<float>(std::pow(static_cast<double>(length), settings_->options.length_penalty));
}

std::vector<Search::Row> BeamSearch::advance(std::span<const std::span<float>> logits) {
  std::vector<int32_t> ids = prompt_;
  for (size_t i = 0; i < logits.size(); ++i) {
    ids.resize(prompt_.size());
    ids.insert(ids.end(), beams_[i].ids.begin(), beams_[i].ids.end());
    settings_->rows.log_softmax(logits[i]);
    settings_->rules.apply({ids, lengths_}, logits[i]);
  }
  std::vector<Candidate> candidates =
      settings_->options.do_sample ? drawn_candidates(logits) : best_candidates(logits);
  std::vector<int32_t> fresh;
  for (Candidate& candidate : candidates) {
    fresh = beams_[candidate.beam].ids;
    fresh.push_back(candidate.id);
    candidate.finish = finish_of(*settings_, lengths_, fresh);
  }
  keep_finished(candidates);
  std::vector<Row> rows = continue_open(candidates);
  if (logits.size() < beams_.size())
    for (Row& row : rows) row.parent = 0;

  improvable_ = improvable_ && can_improve();
  const bool full = std::all_of(found_.begin(), found_.end(), [](const Finished& f) { return f.real; });
  const bool ended = full && settings_->options.early_stopping == EarlyStopping::yes;
  const bool open =
      std::any_of(candidates.begin(), candidates.end(), [](const auto& c) { return !c.finish; });
  if (!improvable_ || ended || !open) rows.clear();
  return rows;
}

std::vector<BeamSearch::Candidate> BeamSearch::best_candidates(
    std::span<const std::span<float>> scores) const {
  const size_t vocab = scores[0].size();
  TopList<float> best(candidates_);
  for (size_t beam = 0; beam < beams_.size(); ++beam) {
    const std::span<const float> row = scores[std::min(beam, scores.size() - 1)];
    best.offer(row, beams_[beam].score, beam * vocab);
  }
  std::vector<Candidate> candidates;
  for (const auto& [score, index] : best.entries())
    candidates.push_back({static_cast<int>(index / vocab), static_cast<int32_t>(index % vocab), score, {}});
  return candidates;
}

std::vector<BeamSearch::Candidate> BeamSearch::drawn_candidates(
    std::span<const std::span<float>> scores) const {
  const size_t vocab = scores[0].size();
  TopList<double> best(candidates_);
  std::vector<double> keys(vocab);
  for (size_t beam = 0; beam < beams_.size(); ++beam) {
    const std::span<const float> row = scores[std::min(beam, scores.size() - 1)];
    for (size_t id = 0; id < vocab; ++id) {
      const float score = row[id] + beams_[beam].score;
      const double unit = random_unit(settings_->options.seed, index_, fresh(), beam * vocab + id);
      keys[id] = score - std::log(-std::log(unit));
    }
    best.offer(std::span<const double>(keys), 0, beam * vocab);
  }
  std::vector<Candidate> candidates;
  for (const auto& [key, index] : best.entries()) {
    const auto beam = static_cast<int>(index / vocab);
    const auto id = static_cast<int32_t>(index % vocab);
    const float score = scores[std::min<size_t>(beam, scores.size() - 1)][id] + beams_[beam].score;
    candidates.push_back({beam, id, score, {}});
  }
  return candidates;
}

// Merges what just ended with what ended before; of equal scores the earlier stays.
void BeamSearch::keep_finished(const std::vector<Candidate>& candidates) {
  const bool full = std::all_of(found_.begin(), found_.end(), [](const Finished& f) { return f.real; });
  const bool closed = !improvable_ || (full && settings_->options.early_stopping == EarlyStopping::yes);
  if (closed) return;
  const float factor = length_factor(fresh() + 1);
  for (size_t i = 0; i < beams_.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (!candidate.finish) continue;
    const float score = candidate.score / factor;
    const auto place = std::find_if(found_.begin(), found_.end(),
                                    [&](const Finished& f) { return f.hypothesis.score < score; });
    if (place == found_.end()) continue;
    Finished finished{{beams_[candidate.beam].ids, score, *candidate.finish}, true};
    finished.hypothesis.ids.push_back(candidate.id);
    found_.insert(place, std::move(finished));
    found_.pop_back();
  }
}

std::vector<Search::Row> BeamSearch::continue_open(const std::vector<Candidate>& candidates) {
  std::vector<float> scores;
  for (const Candidate& candidate : candidates)
    scores.push_back(candidate.score + (candidate.finish ? kOut : 0));
  TopList<float> best(beams_.size());
  best.offer(std::span<const float>(scores), 0, 0);
  std::vector<Beam> next;
  std::vector<Row> rows;
  for (const auto& [score, index] : best.entries()) {
    const Candidate& candidate = candidates[index];
    next.push_back({beams_[candidate.beam].ids, score});
    next.back().ids.push_back(candidate.id);
    rows.push_back({candidate.beam, candidate.id});
  }
  beams_ = std::move(next);
  return rows;
}

// Whether the best open beam could still beat the worst finished one. With a positive length penalty scores
// may rise with the length: `never` then reckons with the longest.
bool BeamSearch::can_improve() const {
  const GenerationOptions& options = settings_->options;
  const bool longest = options.early_stopping == EarlyStopping::never && options.length_penalty > 0;
  const int64_t length = longest ? lengths_.most - lengths_.prompt : fresh();
  const float best = beams_[0].score / length_factor(length);
  float worst = std::numeric_limits<float>::infinity();
  for (const Finished& found : found_) worst = std::min(worst, found.hypothesis.score);
  return std::any_of(found_.begin(), found_.end(),
                     [&](const Finished& f) { return best > (f.real ? worst : kOut); });
}

std::vector<Hypothesis> BeamSearch::results() const {
  std::vector<Hypothesis> results;
  for (int i = 0; i < settings_->options.num_return_sequences; ++i)
    results.push_back(found_[static_cast<size_t>(i)].hypothesis);
  return results;
}

}  // namespace frugal
