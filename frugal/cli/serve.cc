#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "frugal/base/error.h"
#include "frugal/base/interrupt.h"
#include "frugal/cli/command.h"
#include "frugal/serve/model_engine.h"
#include "frugal/serve/server.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder;
  int max_length = 0;
  ServerOptions server;
};

void say_ready(const Server& server, const EngineInfo& info) {
  const char* const path = info.classifier ? "classify" : "embed";
  fmt::print("serving {} at {}\n  try: curl {}/{} -d '{{\"text\": \"My card has not arrived\"}}'\n",
             info.model, server.url(), server.url(), path);
  if (!server.loopback())
    fmt::print(
        "  every machine that reaches this address can use it: there is no password and no encryption\n");
  std::fflush(stdout);
}

int run(const Options& options) {
  if (options.max_length < 0) throw UsageError("--max-length must be at least 1");
  check_options(options.server);  // before the weights are read
  const Context context = options.context();
  const InterruptGuard guard;
  ModelEngine engine(options.load(options.folder, context), context, options.max_length);
  Server server(engine, options.server);
  say_ready(server, engine.info());
  server.run([] { return interrupted(); });
  return 0;
}

}  // namespace

std::function<int()> setup_serve(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "model folder; a classifier answers /classify, any model /embed")
      ->required();
  app.add_option("--port", o->server.port,
                 "port to listen on (default 8080); 0: a free one, which is printed");
  app.add_option("--host", o->server.host, "address to listen on (default 127.0.0.1: this machine only)");
  app.add_option("--max-body", o->server.max_body, "longest request, such as 512KiB (default 1MiB)")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--max-texts", o->server.max_texts, "texts of one request at most (default 256)")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--max-queue", o->server.max_queue,
                 "texts that may wait, all requests together (default 1024); more get 429")
      ->check(CLI::Range(1, 1 << 24));
  app.add_option("--max-length", o->max_length, "tokens of a text at most (default: what the model allows)");
  o->add_threads(app);
  o->add_precision(app);
  app.description(app.get_description() +
                  "\nPOST /classify, POST /embed and GET /health, in JSON. Ctrl-C answers what is under way "
                  "and ends.");
  return [o] { return run(*o); };
}

}  // namespace frugal::cli
