// A command of the program: what it is called, what its help says, and a function that declares its options
// and returns what to run.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "frugal/base/context.h"
#include "frugal/models/folder.h"

namespace frugal::cli {

struct Command {
  const char* name;
  const char* summary;
  const char* examples;  // shown under the options of --help
  std::function<int()> (*setup)(CLI::App& app);
};

// In the order of the help.
std::vector<Command> commands();

// Options that every command has.
struct Common {
  int threads = 0;  // 0: all cores
  uint64_t seed = 0;
  bool json = false;
  bool quiet = false;
  std::string precision = "auto";

  void add_threads(CLI::App& app);
  void add_seed(CLI::App& app);
  void add_json(CLI::App& app);
  void add_quiet(CLI::App& app);
  void add_precision(CLI::App& app);
  // Checks the thread count (1 .. 4 times the machine's cores and at most 1024) and makes the context.
  Context context() const;
  // A model folder for use, in the precision asked for.
  ModelFolder load(const std::string& folder, const Context& context,
                   const FolderOptions& options = {}) const;
};

// The command as it was typed, quoted for a shell: for reports and for "repeat this to continue".
const std::string& command_line();

// Exit status of a parsed command line; errors go to stderr as one message.
int run_program(int argc, const char* const* argv);

std::function<int()> setup_answer(CLI::App& app);
std::function<int()> setup_bench(CLI::App& app);
std::function<int()> setup_classify(CLI::App& app);
std::function<int()> setup_convert(CLI::App& app);
std::function<int()> setup_embed(CLI::App& app);
std::function<int()> setup_eval(CLI::App& app);
std::function<int()> setup_fill(CLI::App& app);
std::function<int()> setup_generate(CLI::App& app);
std::function<int()> setup_info(CLI::App& app);
std::function<int()> setup_perplexity(CLI::App& app);
std::function<int()> setup_quantize(CLI::App& app);
std::function<int()> setup_run(CLI::App& app);
std::function<int()> setup_serve(CLI::App& app);
std::function<int()> setup_shrink(CLI::App& app);
std::function<int()> setup_summarize(CLI::App& app);
std::function<int()> setup_tag(CLI::App& app);
std::function<int()> setup_tokenize(CLI::App& app);
std::function<int()> setup_train(CLI::App& app);

}  // namespace frugal::cli
