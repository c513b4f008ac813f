#include "frugal/generate/scheduler.h"

#include <algorithm>
#include <exception>

#include "frugal/base/error.h"

namespace frugal {
namespace {

void require_tokens(std::span<const int32_t> ids, int64_t vocab) {
  for (int32_t id : ids)
    if (id < 0 || id >= vocab)
      throw Error("", fmt::format("{} is no token: the model's ids are 0 to {}", id, vocab - 1));
}

}  // namespace

Lengths check_prompt(const StepModel& model, const GenerationOptions& options, const Prompt& prompt) {
  require_tokens(prompt.source, model.vocab_size());
  require_tokens(prompt.decoder, model.vocab_size());
  const auto source = static_cast<int64_t>(prompt.source.size());
  if (prompt.decoder.empty() || (model.encodes() && source == 0))
    throw Error("", "an empty prompt has nothing to continue");
  if (model.source_positions() > 0 && source > model.source_positions())
    throw Error("", fmt::format("a text of {} tokens is too long: the encoder has {} positions", source,
                                model.source_positions()));
  return lengths_of(options, static_cast<int64_t>(prompt.decoder.size()), model.positions());
}

Scheduler::Scheduler(StepModel& model, Context context, std::shared_ptr<const SearchSettings> settings,
                     SchedulerLimits limits)
    : model_(model), context_(std::move(context)), settings_(std::move(settings)), limits_(limits) {}

void Scheduler::submit(GenerationRequest request) {
  const Prompt& prompt = request.prompt;
  const Lengths lengths = check_prompt(model_, settings_->options, prompt);
  Job job;
  job.search = make_search(settings_, prompt.decoder, lengths, request.index);
  job.source = static_cast<int64_t>(prompt.source.size());
  job.decoder = lengths.prompt + job.search->most_rows() * (lengths.most - lengths.prompt);
  job.request = std::move(request);
  waiting_.push_back(std::move(job));
}

// In the order of submission, so that none waits for ever; one prompt runs however large it is.
void Scheduler::admit() {
  for (int64_t joining = 0; !waiting_.empty();) {
    Job& job = waiting_.front();
    const Prompt& prompt = job.request.prompt;
    const int rows = job.search->most_rows();
    joining += static_cast<int64_t>(prompt.source.size() + prompt.decoder.size());
    const bool fits = live_rows_ + rows <= limits_.rows &&
                      model_.cache_bytes(source_ + job.source, decoder_ + job.decoder) <= limits_.cache_bytes;
    if (!live_.empty() && (!fits || joining > limits_.prompt_tokens)) return;
    live_rows_ += rows;
    source_ += job.source;
    decoder_ += job.decoder;
    live_.push_back(std::move(job));
    waiting_.pop_front();
  }
}

std::vector<StepRow> Scheduler::rows() {
  std::vector<StepRow> rows;
  for (Job& job : live_) {
    const int first = job.first_row;
    job.first_row = static_cast<int>(rows.size());
    if (!job.begun) rows.push_back({-1, &job.request.prompt, job.request.prompt.decoder});
    for (const Search::Row& row : job.next) rows.push_back({first + row.parent, nullptr, {&row.id, 1}});
  }
  return rows;
}

// Searches are independent of each other: each thread takes some.
void Scheduler::advance(std::span<const std::span<float>> logits) {
  std::vector<std::exception_ptr> errors(live_.size());
  const auto advance_one = [&](int64_t i) {
    Job& job = live_[static_cast<size_t>(i)];
    const size_t count = job.begun ? job.next.size() : 1;
    try {
      job.next = job.search->advance(logits.subspan(static_cast<size_t>(job.first_row), count));
    } catch (...) {
      errors[static_cast<size_t>(i)] = std::current_exception();
    }
    job.begun = true;
  };
  const auto jobs = static_cast<int64_t>(live_.size());
  if (jobs == 1)
    advance_one(0);
  else
    context_.team->run([&](Worker& worker) { worker.for_each(jobs, advance_one); });
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

bool Scheduler::step() {
  admit();
  if (live_.empty()) return false;
  model_.reserve(source_, decoder_);
  const std::vector<StepRow> all = rows();
  advance(model_.step(all));
  for (Job& job : live_)
    if (job.request.on_ids) job.request.on_ids(job.search->settled());
  for (size_t i = 0; i < live_.size();) {
    Job& job = live_[i];
    if (!job.next.empty()) {
      ++i;
      continue;
    }
    live_rows_ -= job.search->most_rows();
    source_ -= job.source;
    decoder_ -= job.decoder;
    const Job done = std::move(job);
    live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(i));
    done.request.on_done(done.search->results());
  }
  return !live_.empty() || !waiting_.empty();
}

}  // namespace frugal
