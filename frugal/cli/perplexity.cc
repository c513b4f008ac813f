#include <cmath>
#include <iterator>
#include <memory>

#include "frugal/cli/command.h"
#include "frugal/cli/lines.h"
#include "frugal/io/json.h"
#include "frugal/predict/perplexity.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder;
  PerplexityOptions perplexity;
  bool lines = false;
};

Json json_of(const Surprise& s) {
  return {{"perplexity", s.perplexity()},
          {"tokens", s.tokens},
          {"nats_per_token", s.nats / static_cast<double>(s.tokens)},
          {"bits_per_byte", s.bits_per_byte()}};
}

void print(const Surprise& s, const Options& options) {
  put_line(options.json ? to_text(json_of(s), -1)
                        : fmt::format("{:.4f}\t{}\t{:.4f}", s.perplexity(), s.tokens, s.bits_per_byte()));
}

int run(const Options& options) {
  if (options.perplexity.window < 0 || options.perplexity.stride < 0)
    throw UsageError("--window and --stride count tokens");
  const Context context = options.context();
  TextModel model(options.load(options.folder, context), context);
  if (options.lines) {
    for_each_line(
        [&](const std::string& line) { print(surprise_of(model, line, options.perplexity), options); });
    return 0;
  }
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const Surprise total = surprise_of(model, text, options.perplexity);
  if (total.tokens == 0) throw Error("standard input", "holds no token that another one stands before");
  print(total, options);
  return 0;
}

}  // namespace

std::function<int()> setup_perplexity(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "folder of a causal or masked language model")->required();
  app.add_flag("--lines", o->lines, "each line is a text of its own (default: all of standard input is one)");
  app.add_option("--window", o->perplexity.window, "tokens read at a time (default: what the model allows)");
  app.add_option("--stride", o->perplexity.stride,
                 "tokens that each window of a causal model adds (default: half a window)");
  o->add_threads(app);
  o->add_precision(app);
  o->add_json(app);
  app.description(
      app.get_description() +
      "\nOutput: perplexity TAB tokens TAB bits per byte. A masked model's is the pseudo-perplexity: "
      "each token is masked in turn.");
  return [o] { return run(*o); };
}

}  // namespace frugal::cli
