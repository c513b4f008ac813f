#include "frugal/cli/generation.h"

#include <unistd.h>

#include <exception>

#include "frugal/base/error.h"
#include "frugal/base/interrupt.h"
#include "frugal/cli/id_list.h"
#include "frugal/cli/lines.h"
#include "frugal/io/json.h"
#include "frugal/predict/text_model.h"

namespace frugal::cli {
namespace {

const char* name_of(Finish finish) {
  switch (finish) {
    case Finish::end:
      return "end";
    case Finish::stop:
      return "stop";
    case Finish::length:
      break;
  }
  return "length";
}

// Prints results in the order of their prompts, whatever the order in which they come: text of the first
// unfinished prompt at once, what comes for later ones when it is their turn.
class OrderedOutput {
 public:
  explicit OrderedOutput(size_t prompts) : waiting_(prompts), done_(prompts) {}

  void add(size_t prompt, std::string_view text) {
    waiting_[prompt] += text;
    show();
  }
  void finish(size_t prompt) {
    done_[prompt] = true;
    while (show(), turn_ < done_.size() && done_[turn_]) ++turn_;
  }

 private:
  void show() {
    if (turn_ == waiting_.size() || waiting_[turn_].empty()) return;
    put_text(waiting_[turn_]);
    flush_output();
    waiting_[turn_].clear();
  }

  std::vector<std::string> waiting_;
  std::vector<bool> done_;
  size_t turn_ = 0;
};

class Session {
 public:
  Session(const GenerationCommand& command, Generator& generator, std::string prefix)
      : command_(command), generator_(generator), prefix_(std::move(prefix)) {
    const GenerationOptions& o = generator.options();
    streams_ = isatty(STDOUT_FILENO) && !command.json && !command.input_ids && o.num_beams == 1 &&
               o.num_return_sequences == 1;
  }

  // All lines together; a bad one ends the run when those before it are done.
  void run(const std::vector<std::string>& lines) {
    std::vector<Prompt> prompts;
    std::exception_ptr bad;
    try {
      for (const std::string& line : lines) prompts.push_back(prompt_of(line, number_ + prompts.size() + 1));
    } catch (const Error&) {
      bad = std::current_exception();
    }
    OrderedOutput output(prompts.size());
    const auto done = [&](size_t i, const std::vector<Hypothesis>& found) {
      if (streams_)
        output.add(i, "\n");
      else
        for (const Hypothesis& one : found) output.add(i, line_of(one) + "\n");
      output.finish(i);
    };
    const auto text = [&](size_t i, std::string_view piece) { output.add(i, piece); };
    generator_.run(prompts, number_, done, streams_ ? text : Generator::OnText());
    number_ += prompts.size();
    if (bad) std::rethrow_exception(bad);
  }

 private:
  Prompt prompt_of(const std::string& line, size_t number) const {
    const std::string where =
        command_.prompt ? std::string("--prompt") : fmt::format("standard input:{}", number);
    try {
      Prompt prompt = command_.input_ids ? generator_.prompt_of(parse_ids(line, where))
                                         : generator_.prompt_of(prefix_ + line, command_.max_length);
      generator_.check(prompt);
      return prompt;
    } catch (const Error& error) {
      throw Error(where, error.message(), error.hint());
    }
  }

  std::string line_of(const Hypothesis& one) const {
    if (!command_.json) return command_.input_ids ? to_text(Json(one.ids), -1) : generator_.text_of(one.ids);
    Json json{{"ids", one.ids}, {"finish", name_of(one.finish)}};
    if (generator_.tokenizer()) json["text"] = generator_.text_of(one.ids);
    if (generator_.options().num_beams > 1) json["score"] = one.score;
    return to_text(json, -1);
  }

  const GenerationCommand& command_;
  Generator& generator_;
  std::string prefix_;
  bool streams_ = false;
  size_t number_ = 0;  // prompts before these
};

}  // namespace

int GenerationCommand::run() const {
  FolderOptions load;
  load.tokenizer = !input_ids;
  const Context used = context();
  ModelFolder model = Common::load(folder, used, load);
  FolderGeneration said = generation_of_folder(folder, model.model->config(), task);
  flags.apply(said.options);
  GenerationCommand self = *this;
  if (summarizes) {
    if (!model.model->info().decoder)
      throw Error(folder, "is no encoder-decoder model", "`frugal generate` continues texts with it");
    if (!input_ids) self.max_length = text_length(model, max_length);
  }
  Generator generator(std::move(model), used, std::move(said.options));
  Session session(self, generator, std::move(said.prefix));
  if (prompt)
    session.run({*prompt});
  else
    for_each_block(1024, [&](const std::vector<std::string>& lines) { session.run(lines); });
  return 0;
}

}  // namespace frugal::cli
