// An HTTP/1.0 and 1.1 server for one model. One thread carries all connections, another runs the model.
//
//   ModelEngine engine(load_model_folder("small/"), Context::make());
//   Server server(engine, {.port = 0});
//   fmt::print("{}\n", server.url());
//   server.run([] { return interrupted(); });
//
// Users' texts are never logged. Without encryption or passwords: for this machine, or behind a proxy.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "frugal/serve/engine.h"

namespace frugal {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;  // 0: a free one
  size_t max_body = size_t{1} << 20;
  size_t max_texts = 256;   // of a request
  size_t max_queue = 1024;  // texts that may wait for the model, all requests together; at least max_texts
  size_t max_connections = 256;
  size_t max_header = 16 << 10;

  using Seconds = std::chrono::duration<double>;
  Seconds idle{60};   // a kept connection without a request
  Seconds read{20};   // for a request's header, and again for its body
  Seconds write{20};  // for an answer
  Seconds wait{60};   // in the queue
  Seconds grace{5};   // for what is under way when the server stops
  Seconds linger{1};  // for a client to take notice that we close
};

// Throws UsageError for options that make no sense.
void check_options(const ServerOptions& options);

class Server {
 public:
  // Listens from here on. Throws what check_options throws, and Error for an address that cannot be had.
  // `engine` outlives the server.
  Server(Engine& engine, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;         // the real one
  std::string url() const;  // "http://127.0.0.1:8080"
  bool loopback() const;    // whether only this machine can connect

  // Serves until `stop`, asked every 50 ms, says so; then takes no more connections, answers what is under
  // way, at most `grace` long, and returns. Once only.
  void run(const std::function<bool()>& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frugal
