#include "frugal/predict/perplexity.h"

#include <algorithm>
#include <cmath>

#include "frugal/base/error.h"
#include "frugal/predict/likelihood.h"
#include "frugal/predict/mask_filler.h"
#include "frugal/predict/softmax.h"

namespace frugal {
namespace {

constexpr int kWidestWindow = 2048;  // of models whose positions have no end
constexpr size_t kMaskedAtOnce = 32;

using Progress = std::function<void(int64_t, int64_t)>;

int window_of(const TextModel& model, const PerplexityOptions& options) {
  const int most = model.max_length() > 0 ? model.max_length() : kWidestWindow;
  if (options.window > most && model.max_length() > 0)
    throw UsageError(fmt::format("--window {} is more than the model's {} positions", options.window, most));
  const int window = options.window > 0 ? options.window : std::min(most, kWidestWindow);
  if (window < 2 || options.stride >= window)
    throw UsageError("--window must be at least 2, and --stride less than it");
  return window;
}

Surprise causal_surprise(TextModel& model, std::string_view text, const PerplexityOptions& options,
                         const Progress& progress) {
  Likelihood likelihood(model);
  const auto window = static_cast<size_t>(window_of(model, options));
  const size_t stride =
      options.stride > 0 ? static_cast<size_t>(options.stride) : std::max<size_t>(1, window / 2);
  EncodeOptions encode;
  encode.special_tokens = false;
  const Encoding encoding = model.folder().tokenizer->encode(text, encode);
  const std::vector<int32_t>& ids = encoding.ids;
  Surprise total;
  total.bytes = static_cast<int64_t>(text.size());
  // The first window scores all but the first token, each other its last `stride`.
  for (size_t scored = 1; scored < ids.size();) {
    const size_t end = std::min(ids.size(), scored == 1 ? window : scored + stride);
    const size_t begin = end > window ? end - window : 0;
    ScoredTokens item{{ids.begin() + begin, ids.begin() + scored}, {ids.begin() + scored, ids.begin() + end}};
    const auto found = likelihood.of(std::span(&item, 1));
    for (const double log_probability : found[0]) total.nats -= log_probability;
    total.tokens += static_cast<int64_t>(end - scored);
    scored = end;
    if (progress) progress(static_cast<int64_t>(scored), static_cast<int64_t>(ids.size()));
  }
  return total;
}

Surprise masked_surprise(TextModel& model, std::string_view text, const PerplexityOptions& options,
                         const Progress& progress) {
  const Tokenizer& tokenizer = *model.folder().tokenizer;
  const int32_t mask = tokenizer.special_ids().mask;
  if (mask < 0) throw Error(model.folder().path, "the tokenizer has no mask token");
  EncodeOptions encode;
  encode.max_length = window_of(model, options);
  Surprise total;
  total.bytes = static_cast<int64_t>(text.size());
  const std::vector<Encoding> windows = tokenizer.windows(text, encode, 0);
  int64_t done = 0, all = 0;
  for (const Encoding& window : windows) all += static_cast<int64_t>(window.size());
  for (const Encoding& window : windows) {
    std::vector<Sequence> copies;
    std::vector<size_t> places;
    const auto score = [&] {
      model.run_picked(copies, places, word_logits(model.info()),
                       [&](size_t i, std::span<const float> scores) {
                         total.nats -= log_probability(scores, window.ids[places[i]]);
                       });
      total.tokens += static_cast<int64_t>(copies.size());
      copies.clear();
      places.clear();
      if (progress) progress(done, all);
    };
    for (size_t t = 0; t < window.size(); ++t, ++done) {
      if (window.sources[t] == Encoding::kTemplate) continue;
      copies.push_back({window.ids, window.type_ids, {}});
      copies.back().ids[t] = mask;
      places.push_back(t);
      if (copies.size() == kMaskedAtOnce) score();
    }
    if (!copies.empty()) score();
  }
  return total;
}

}  // namespace

double Surprise::perplexity() const { return std::exp(nats / static_cast<double>(tokens)); }
double Surprise::bits_per_byte() const { return nats / std::log(2.0) / static_cast<double>(bytes); }

Surprise& Surprise::operator+=(const Surprise& other) {
  nats += other.nats;
  tokens += other.tokens;
  bytes += other.bytes;
  return *this;
}

Surprise surprise_of(TextModel& model, std::string_view text, const PerplexityOptions& options,
                     const Progress& progress) {
  const ModelInfo& info = model.info();
  if (fills_masks(info)) return masked_surprise(model, text, options, progress);
  if (info.decoder)
    throw Error(model.folder().path, "an encoder-decoder model has no perplexity of a text alone");
  return causal_surprise(model, text, options, progress);
}

}  // namespace frugal
