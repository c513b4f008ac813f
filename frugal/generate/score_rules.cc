#include "frugal/generate/score_rules.h"

#include <algorithm>
#include <limits>

namespace frugal {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
using Ids = std::vector<int32_t>;

void forbid(std::span<const int32_t> ids, std::span<float> scores) {
  for (int32_t id : ids) scores[id] = kNever;
}

void allow_only(std::span<const int32_t> ids, std::span<float> scores) {
  std::fill(scores.begin(), scores.end(), kNever);
  for (int32_t id : ids) scores[id] = 0;
}

// A prompt's ids may lie beyond the head's vocabulary (padded embeddings).
bool scored(int32_t id, std::span<const float> scores) {
  return id >= 0 && static_cast<size_t>(id) < scores.size();
}

class RepetitionPenalty : public ScoreRule {
 public:
  explicit RepetitionPenalty(double penalty) : penalty_(static_cast<float>(penalty)) {}
  void apply(const History& history, std::span<float> scores) const override {
    Ids seen(history.ids.begin(), history.ids.end());
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    for (int32_t id : seen) {
      if (!scored(id, scores)) continue;
      float& score = scores[id];
      score = score < 0 ? score * penalty_ : score / penalty_;
    }
  }

 private:
  float penalty_;
};

// No n ids in a row twice: forbids what followed an earlier copy of the last n - 1.
class NoRepeatNgram : public ScoreRule {
 public:
  explicit NoRepeatNgram(int size) : size_(size) {}
  void apply(const History& history, std::span<float> scores) const override {
    const auto ids = history.ids;
    if (ids.size() < size_) return;
    const auto last = ids.end() - static_cast<std::ptrdiff_t>(size_ - 1);
    for (auto begin = ids.begin(); begin + static_cast<std::ptrdiff_t>(size_ - 1) < ids.end(); ++begin) {
      const int32_t next = begin[static_cast<std::ptrdiff_t>(size_ - 1)];
      if (std::equal(last, ids.end(), begin) && scored(next, scores)) scores[next] = kNever;
    }
  }

 private:
  size_t size_;
};

class BadWords : public ScoreRule {
 public:
  explicit BadWords(std::vector<Ids> words) : words_(std::move(words)) {}
  void apply(const History& history, std::span<float> scores) const override {
    for (const Ids& word : words_) {
      const size_t before = word.size() - 1;
      if (before <= history.ids.size() &&
          std::equal(word.begin(), word.end() - 1, history.ids.end() - static_cast<std::ptrdiff_t>(before)))
        scores[word.back()] = kNever;
    }
  }

 private:
  std::vector<Ids> words_;
};

class LeastLength : public ScoreRule {
 public:
  explicit LeastLength(Ids eos) : eos_(std::move(eos)) {}
  void apply(const History& history, std::span<float> scores) const override {
    if (static_cast<int64_t>(history.ids.size()) < history.lengths.least) forbid(eos_, scores);
  }

 private:
  Ids eos_;
};

// The first token after a lone start token.
class ForcedFirst : public ScoreRule {
 public:
  explicit ForcedFirst(int32_t id) : ids_{id} {}
  void apply(const History& history, std::span<float> scores) const override {
    if (history.ids.size() == 1) allow_only(ids_, scores);
  }

 private:
  Ids ids_;
};

class ForcedLast : public ScoreRule {
 public:
  explicit ForcedLast(Ids ids) : ids_(std::move(ids)) {}
  void apply(const History& history, std::span<float> scores) const override {
    if (static_cast<int64_t>(history.ids.size()) == history.lengths.most - 1) allow_only(ids_, scores);
  }

 private:
  Ids ids_;
};

class Suppress : public ScoreRule {
 public:
  explicit Suppress(Ids ids) : ids_(std::move(ids)) {}
  void apply(const History&, std::span<float> scores) const override { forbid(ids_, scores); }

 private:
  Ids ids_;
};

// Among the first token chosen freely: after a forced one, the second.
class SuppressAtBegin : public ScoreRule {
 public:
  SuppressAtBegin(Ids ids, bool forced_first) : ids_(std::move(ids)), forced_first_(forced_first) {}
  void apply(const History& history, std::span<float> scores) const override {
    const int64_t prompt = history.lengths.prompt;
    const int64_t begin = prompt > 1 || !forced_first_ ? prompt : prompt + 1;
    if (static_cast<int64_t>(history.ids.size()) == begin) forbid(ids_, scores);
  }

 private:
  Ids ids_;
  bool forced_first_;
};

}  // namespace

ScoreRules::ScoreRules(const GenerationOptions& o) {
  const auto add = [&](auto rule) { rules_.push_back(std::make_shared<decltype(rule)>(std::move(rule))); };
  if (o.repetition_penalty != 1) add(RepetitionPenalty(o.repetition_penalty));
  if (o.no_repeat_ngram_size > 0) add(NoRepeatNgram(o.no_repeat_ngram_size));
  std::vector<Ids> words;  // an end token is never a bad word
  for (const Ids& word : o.bad_words) {
    const bool end = word.size() == 1 && std::count(o.eos.begin(), o.eos.end(), word[0]) > 0;
    if (!word.empty() && !end) words.push_back(word);
  }
  if (!words.empty()) add(BadWords(std::move(words)));
  if (!o.eos.empty() && (o.min_length > 0 || o.min_new_tokens)) add(LeastLength(o.eos));
  if (o.forced_bos) add(ForcedFirst(*o.forced_bos));
  if (!o.forced_eos.empty()) add(ForcedLast(o.forced_eos));
  if (!o.suppress.empty()) add(Suppress(o.suppress));
  if (!o.begin_suppress.empty()) add(SuppressAtBegin(o.begin_suppress, o.forced_bos.has_value()));
  if (!o.do_sample) return;
  // A beam must keep a token that does not end it.
  const int least = o.num_beams == 1 ? 1 : o.eos.empty() ? 2 : static_cast<int>(o.eos.size()) + 1;
  for (auto& rule : sampling_rules(o, least)) rules_.push_back(std::move(rule));
}

}  // namespace frugal
