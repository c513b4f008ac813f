// Beam search as Hugging Face Transformers 5 does it (generation/utils.py, _beam_search): each step keeps
// max(2, 1 + eos tokens) * num_beams candidates of all beams, so that num_beams open ones remain when the
// others end; ended ones among the best num_beams enter the finished list with score
// log probability / length^length_penalty, length counting new ids. With do_sample the candidates are drawn
// without replacement by the Gumbel top-k rule (Kool et al. 2019, arXiv 1903.06059), their order the draw's.
//
// Of equal scores the earlier beam wins, then the lower id: what torch.topk gives as a rule, not by promise.
#pragma once

#include "frugal/generate/search.h"

namespace frugal {

class BeamSearch : public Search {
 public:
  BeamSearch(std::shared_ptr<const SearchSettings> settings, std::vector<int32_t> prompt,
             const Lengths& lengths, uint64_t index);

  std::vector<Row> advance(std::span<const std::span<float>> logits) override;
  std::vector<Hypothesis> results() const override;
  int most_rows() const override { return settings_->options.num_beams; }

 private:
  struct Beam {
    std::vector<int32_t> ids;  // new ones
    float score = 0;           // sum of log probabilities
  };
  struct Candidate {
    int beam = 0;
    int32_t id = 0;
    float score = 0;
    std::optional<Finish> finish;
  };
  struct Finished {
    Hypothesis hypothesis;
    bool real = false;  // else a placeholder
  };

  std::vector<Candidate> best_candidates(std::span<const std::span<float>> scores) const;
  std::vector<Candidate> drawn_candidates(std::span<const std::span<float>> scores) const;
  void keep_finished(const std::vector<Candidate>& candidates);
  std::vector<Row> continue_open(const std::vector<Candidate>& candidates);
  bool can_improve() const;
  int64_t fresh() const { return static_cast<int64_t>(beams_[0].ids.size()); }
  float length_factor(int64_t length) const;

  std::shared_ptr<const SearchSettings> settings_;
  std::vector<int32_t> prompt_;
  Lengths lengths_;
  uint64_t index_;
  size_t candidates_;            // kept each step
  std::vector<Beam> beams_;      // open, the best first
  std::vector<Finished> found_;  // num_beams, the best first
  bool improvable_ = true;
};

}  // namespace frugal
