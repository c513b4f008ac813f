// Parsing, help and the one place where errors become messages and exit codes.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <thread>

#include "frugal/base/error.h"
#include "frugal/cli/command.h"
#include "frugal/data/labels.h"
#include "frugal/shrink/precision.h"

namespace frugal::cli {
namespace {

std::string typed_command;

std::string quoted(const std::string& word) {
  if (!word.empty() &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=,:@%+") ==
          std::string::npos)
    return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

constexpr int kFailed = 1, kUsage = 2, kInterrupted = 130;

// "unknown option --epoch; did you mean --epochs?"
UsageError unknown_argument(const CLI::App& app, const std::string& given) {
  const std::string name = given.substr(0, given.find('='));
  if (name.size() < 2 || name[0] != '-')
    return UsageError(fmt::format("unexpected argument '{}'", given),
                      fmt::format("see `{} --help`", app.get_name()));
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& known : option->get_lnames()) names.push_back("--" + known);
  const auto nearest = nearest_name(name, names);
  return UsageError(fmt::format("unknown option {}", name),
                    nearest ? fmt::format("did you mean {}?", *nearest)
                            : fmt::format("see `frugal {} --help`", app.get_name()));
}

UsageError unknown_command(const std::string& given) {
  std::vector<std::string> names;
  for (const Command& command : commands()) names.push_back(command.name);
  const auto nearest = nearest_name(given, names);
  return UsageError(fmt::format("unknown command '{}'", given),
                    nearest ? fmt::format("did you mean `frugal {}`?", *nearest) : "see `frugal --help`");
}

int report(const Error& error, int status) {
  fmt::print(stderr, "frugal: {}\n", error.what());
  return status;
}

int parse_and_run(int argc, const char* const* argv) {
  CLI::App app("frugal: trains, shrinks and serves Transformer language models on the hardware people have",
               "frugal");
  app.set_version_flag("--version", "frugal 0.1.0");
  app.footer(
      "`frugal COMMAND --help` shows a command's options and examples.\nExit status: 0 done, 1 failed, 2 "
      "usage, "
      "3 target not met (the best result is saved all the same).");
  std::vector<std::function<int()>> runs;
  std::vector<CLI::App*> apps;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    sub->footer(fmt::format("Examples:\n{}", command.examples));
    sub->allow_extras();
    apps.push_back(sub);
    runs.push_back(command.setup(*sub));
  }
  app.allow_extras();
  try {
    app.parse(argc, const_cast<char**>(argv));
  } catch (const CLI::CallForHelp&) {
    const auto used = app.get_subcommands();
    std::cout << (used.empty() ? app.help() : used[0]->help());
    return 0;
  } catch (const CLI::CallForVersion&) {
    std::cout << "frugal 0.1.0\n";
    return 0;
  } catch (const CLI::ParseError& error) {
    // A mistyped flag is the likelier mistake than the required one it leaves missing.
    for (CLI::App* sub : apps)
      if (sub->parsed() && !sub->remaining().empty()) throw unknown_argument(*sub, sub->remaining()[0]);
    throw UsageError(error.what(), "see --help");
  }
  for (size_t i = 0; i < apps.size(); ++i) {
    if (!apps[i]->parsed()) continue;
    if (const auto extras = apps[i]->remaining(); !extras.empty())
      throw unknown_argument(*apps[i], extras[0]);
    return runs[i]();
  }
  if (const auto extras = app.remaining(); !extras.empty()) throw unknown_command(extras[0]);
  std::cout << app.help();
  return kUsage;
}

}  // namespace

void Common::add_threads(CLI::App& app) {
  app.add_option("--threads", threads, "threads to use (default: all cores)")->check(CLI::Range(1, 1024));
}
void Common::add_seed(CLI::App& app) {
  app.add_option("--seed", seed, "seed of everything random (default 0)");
}
void Common::add_json(CLI::App& app) { app.add_flag("--json", json, "print results as JSON"); }
void Common::add_quiet(CLI::App& app) { app.add_flag("--quiet", quiet, "no progress on standard error"); }
void Common::add_precision(CLI::App& app) {
  app.add_option("--precision", precision,
                 "of products: fp32, bf16, int8 (default auto: what the folder was saved for)");
}

ModelFolder Common::load(const std::string& folder, const Context& context,
                         const FolderOptions& options) const {
  return in_precision(load_model_folder(folder, options), precision, context);
}

Context Common::context() const {
  const int most = std::min(1024, 4 * std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  if (threads < 0 || threads > most)
    throw UsageError(fmt::format("--threads {} is not in [1, {}]", threads, most),
                     "leave it out to use all cores");
  return Context::make(threads);
}

const std::string& command_line() { return typed_command; }

int run_program(int argc, const char* const* argv) {
  typed_command = "frugal";
  for (int i = 1; i < argc; ++i) typed_command += " " + quoted(argv[i]);
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the stream, not the end of the process
  try {
    return parse_and_run(argc, argv);
  } catch (const UsageError& error) {
    return report(error, kUsage);
  } catch (const Interrupted& error) {
    return report(error, kInterrupted);
  } catch (const Error& error) {
    return report(error, kFailed);
  } catch (const std::bad_alloc&) {
    return report(
        Error("", "out of memory", "use smaller batches, shorter texts (--max-length) or a smaller model"),
        kFailed);
  } catch (const std::exception& error) {
    return report(Error("", fmt::format("unexpected: {}", error.what())), kFailed);
  }
}

}  // namespace frugal::cli
