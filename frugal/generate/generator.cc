#include "frugal/generate/generator.h"

#include <algorithm>

#include "frugal/base/error.h"
#include "frugal/generate/cached_steps.h"
#include "frugal/generate/next_token_graph.h"
#include "frugal/generate/whole_steps.h"

namespace frugal {

namespace {

std::unique_ptr<StepModel> make_steps(const ModelFolder& folder, const Context& context) {
  require_next_token_head(*folder.model);
  if (cache_cost(*folder.model).token > 0)
    return std::make_unique<CachedSteps>(folder.model, folder.store, context);
  return std::make_unique<WholeSteps>(folder.model, folder.store, context);
}

}  // namespace

Generator::Generator(ModelFolder folder, Context context, GenerationOptions options, SchedulerLimits limits)
    : folder_(std::move(folder)),
      context_(std::move(context)),
      limits_(limits),
      model_(make_steps(folder_, context_)) {
  const auto vocab = model_->vocab_size();
  options.check(vocab);
  if (model_->encodes() && !options.decoder_start)
    throw Error(folder_.path, "does not say what the decoder starts with",
                "add decoder_start_token_id to generation_config.json");
  if (!options.stop_strings.empty() && !folder_.tokenizer)
    throw UsageError("stop strings need a tokenizer, and the folder has none");
  // A search needs room for its rows however few the limit allows.
  limits_.rows = std::max({limits_.rows, options.num_beams, options.num_return_sequences});
  auto settings = std::make_shared<SearchSettings>();
  settings->rules = ScoreRules(options);
  settings->stop = make_stop_test(folder_.tokenizer, options.stop_strings);
  settings->options = std::move(options);
  settings_ = std::move(settings);
}

Prompt Generator::prompt_of(std::vector<int32_t> ids) const {
  if (model_->encodes()) return {std::move(ids), {*options().decoder_start}};
  if (ids.empty() && options().bos) ids.push_back(*options().bos);
  return {{}, std::move(ids)};
}

Prompt Generator::prompt_of(std::string_view text, int limit) const {
  if (!folder_.tokenizer) throw Error(folder_.path, "has no tokenizer", "give ids: --input-ids");
  EncodeOptions encode;
  encode.max_length = limit;
  Encoding encoding = folder_.tokenizer->encode(text, encode);
  // What the template puts behind a text ends it; a continuation must not begin there.
  if (!model_->encodes())
    while (!encoding.ids.empty() && encoding.sources.back() == Encoding::kTemplate) {
      encoding.ids.pop_back();
      encoding.sources.pop_back();
    }
  return prompt_of(std::move(encoding.ids));
}

void Generator::run(const std::vector<Prompt>& prompts, uint64_t first, const OnDone& on_done,
                    const OnText& on_text) {
  Scheduler scheduler(*model_, context_, settings_, limits_);
  for (size_t i = 0; i < prompts.size(); ++i) {
    GenerationRequest request;
    request.prompt = prompts[i];
    request.index = first + i;
    const auto stream = on_text ? std::make_shared<TextStream>(folder_.tokenizer, options().stop_strings)
                                : std::shared_ptr<TextStream>();
    if (stream)
      request.on_ids = [=](std::span<const int32_t> ids) {
        if (const std::string piece = stream->update(ids); !piece.empty()) on_text(i, piece);
      };
    request.on_done = [=](std::vector<Hypothesis> found) {
      if (stream)
        if (const std::string piece = stream->finish(found[0].ids); !piece.empty()) on_text(i, piece);
      on_done(i, std::move(found));
    };
    scheduler.submit(std::move(request));
  }
  scheduler.run();
}

std::string Generator::text_of(std::span<const int32_t> ids) const {
  std::string text = generated_text(*folder_.tokenizer, ids);
  text.resize(stop_position(text, options().stop_strings));
  return text;
}

}  // namespace frugal
