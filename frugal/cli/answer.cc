#include <memory>

#include "frugal/cli/command.h"
#include "frugal/cli/lines.h"
#include "frugal/io/json.h"
#include "frugal/predict/answerer.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder, question;
  AnswerOptions answer;
};

int run(const Options& options) {
  if (options.answer.top < 1) throw UsageError("--top must be at least 1");
  if (options.answer.longest < 1) throw UsageError("--max-answer-length must be at least 1");
  if (options.answer.window < 8) throw UsageError("--window must be at least 8");
  const Context context = options.context();
  Answerer answerer(TextModel(options.load(options.folder, context), context, {.quick_start = true}));
  for_each_line([&](const std::string& line) {
    const size_t tab = line.find('\t');
    if (options.question.empty() && tab == std::string::npos)
      throw Error("", "has no TAB between question and text", "or give the one question with --question");
    const std::string question = options.question.empty() ? line.substr(0, tab) : options.question;
    const std::string text = options.question.empty() ? line.substr(tab + 1) : line;
    Json json = Json::array();
    std::string out;
    for (const Answer& answer : answerer.answer(question, text, options.answer)) {
      const std::string words = text.substr(answer.begin, answer.end - answer.begin);
      json.push_back({{"answer", words},
                      {"score", answer.score},
                      {"start", count_characters(text, answer.begin)},
                      {"end", count_characters(text, answer.end)}});
      out += fmt::format("{}{}\t{:.4f}", out.empty() ? "" : "\t", words, answer.score);
    }
    put_line(options.json ? to_text(json, -1) : out);
  });
  return 0;
}

}  // namespace

std::function<int()> setup_answer(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "model folder with a question answering head")->required();
  app.add_option("--question", o->question, "the one question; each line is then a text");
  app.add_option("--top", o->answer.top, "the best so many answers (default 1)");
  app.add_flag("--no-answer", o->answer.no_answer,
               "the text may hold no answer: it is then empty (for models trained on SQuAD 2)");
  app.add_option("--max-answer-length", o->answer.longest, "tokens of an answer (default 15)");
  app.add_option("--window", o->answer.window,
                 "tokens of question and text at a time (default 384); longer texts are read in windows");
  o->add_threads(app);
  o->add_precision(app);
  o->add_json(app);
  app.description(app.get_description() + "\nA line is question TAB text. Output: answer TAB probability.");
  return [o] { return run(*o); };
}

}  // namespace frugal::cli
