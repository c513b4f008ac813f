#include "frugal/predict/tagger.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "frugal/base/error.h"
#include "frugal/predict/softmax.h"

namespace frugal {
namespace {

struct Kind {
  bool begins;
  std::string name;
};

Kind kind_of(const std::string& label) {
  const bool begins = label.starts_with("B-");
  return {begins, begins || label.starts_with("I-") ? label.substr(2) : label};
}

}  // namespace

Tagger::Tagger(TextModel model) : model_(std::move(model)) {
  const ModelInfo& info = model_.info();
  if (info.head != "ForTokenClassification" || info.decoder)
    throw Error(model_.folder().path, fmt::format("{} labels no tokens", info.architecture),
                "a model ...ForTokenClassification does");
  labels_ = label_names(info);
}

std::vector<Tag> Tagger::tokens(std::string_view text) {
  EncodeOptions options;
  options.offsets = true;
  options.max_length = model_.max_length();
  const int overlap = options.max_length / 2;
  const std::vector<Encoding> windows =
      model_.folder().tokenizer->windows(text, options, static_cast<size_t>(std::max(0, overlap - 2)));
  std::vector<Sequence> sequences;
  for (const Encoding& window : windows) sequences.push_back({window.ids, window.type_ids, {}});
  // A token of two windows counts where it stands further from the edge.
  struct Found {
    Tag tag;
    size_t distance;
  };
  std::map<std::pair<uint32_t, uint32_t>, Found> found;
  model_.run_tokens(sequences, {"logits"}, [&](size_t i, std::span<const std::span<const float>> rows) {
    const size_t count = sequences[i].ids.size(), width = rows[0].size() / count;
    for (size_t t = 0; t < count; ++t) {
      if (windows[i].sources[t] == Encoding::kTemplate) continue;
      const auto logits = rows[0].subspan(t * width, width);
      const auto best = std::max_element(logits.begin(), logits.end());
      const auto [begin, end] = windows[i].offsets[t];
      const size_t distance = std::min(t, count - 1 - t);
      const auto [slot, fresh] = found.try_emplace({begin, end});
      if (!fresh && slot->second.distance >= distance) continue;
      slot->second = {{labels_[best - logits.begin()], begin, end, std::exp(*best - log_sum_exp(logits))},
                      distance};
    }
  });
  std::vector<Tag> tags;
  for (auto& [place, one] : found) tags.push_back(std::move(one.tag));
  return tags;
}

std::vector<Tag> Tagger::entities(std::string_view text) {
  std::vector<Tag> all;
  int tokens = 0;
  for (const Tag& tag : this->tokens(text)) {
    const auto [begins, name] = kind_of(tag.label);
    if (!all.empty() && !begins && all.back().label == name) {
      all.back().end = tag.end;
      all.back().score += (tag.score - all.back().score) / ++tokens;
      continue;
    }
    all.push_back(tag);
    all.back().label = name;
    tokens = 1;
  }
  std::erase_if(all, [](const Tag& tag) { return tag.label == "O"; });
  return all;
}

}  // namespace frugal
