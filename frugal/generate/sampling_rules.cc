// Temperature, top-k, top-p.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "frugal/generate/score_rules.h"

namespace frugal {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

class Temperature : public ScoreRule {
 public:
  explicit Temperature(double temperature) : temperature_(static_cast<float>(temperature)) {}
  void apply(const History&, std::span<float> scores) const override {
    for (float& score : scores) score /= temperature_;
  }

 private:
  float temperature_;
};

// Keeps what scores no less than the k-th best: with ties more than k.
class TopK : public ScoreRule {
 public:
  TopK(int k, int least) : k_(static_cast<size_t>(std::max(k, least))) {}
  void apply(const History&, std::span<float> scores) const override {
    if (k_ >= scores.size()) return;
    std::vector<float> sorted(scores.begin(), scores.end());
    const auto kth = sorted.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(sorted.begin(), kth, sorted.end(), std::greater<>());
    const float bar = *kth;
    for (float& score : scores)
      if (score < bar) score = kNever;
  }

 private:
  size_t k_;
};

// Keeps the likeliest tokens that hold a share p: a token goes when it and all that are less likely have
// together at most 1 - p. Of equally likely ones the higher ids go first.
class TopP : public ScoreRule {
 public:
  TopP(double p, int least) : p_(p), least_(static_cast<size_t>(least)) {}
  void apply(const History&, std::span<float> scores) const override {
    const float top = *std::max_element(scores.begin(), scores.end());
    double total = 0;
    for (float score : scores) total += std::exp(score - top);
    if (!(total > 0)) return;  // nothing is allowed
    std::vector<int32_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    const auto better = [&](int32_t a, int32_t b) {
      return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
    };
    // The kept ones are few as a rule: 64 are sorted, then twice as many, and so on.
    double before = 0;
    size_t kept = 0, sorted = 0;
    for (bool more = true; more && kept < order.size();) {
      const size_t next = std::min(order.size(), std::max<size_t>(64, sorted * 2));
      std::partial_sort(order.begin() + static_cast<std::ptrdiff_t>(sorted),
                        order.begin() + static_cast<std::ptrdiff_t>(next), order.end(), better);
      sorted = next;
      while (kept < sorted && (more = kept < least_ || total - before > (1 - p_) * total))
        before += std::exp(scores[order[kept++]] - top);
    }
    for (size_t i = kept; i < order.size(); ++i) scores[order[i]] = kNever;
  }

 private:
  double p_;
  size_t least_;
};

}  // namespace

std::vector<std::shared_ptr<const ScoreRule>> sampling_rules(const GenerationOptions& o, int least) {
  std::vector<std::shared_ptr<const ScoreRule>> rules;
  if (o.temperature != 1) rules.push_back(std::make_shared<Temperature>(o.temperature));
  if (o.top_k > 0) rules.push_back(std::make_shared<TopK>(o.top_k, least));
  if (o.top_p < 1) rules.push_back(std::make_shared<TopP>(o.top_p, least));
  return rules;
}

}  // namespace frugal
