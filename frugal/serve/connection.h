// One client's connection. Internal to the server: Boost's headers are slow to parse.
//
//   receive -> (100 Continue) -> receive_body -> enqueue -> respond -> receive, or close
//
// All of it happens on the server's one thread; only a job's `done` comes from another and is posted here.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <set>

#include "frugal/serve/api.h"
#include "frugal/serve/compute_thread.h"
#include "frugal/serve/server.h"

namespace frugal {

namespace net = boost::asio;
namespace http = boost::beast::http;

class Connection;

inline ServeClock::duration to_ticks(ServerOptions::Seconds time) {
  return std::chrono::duration_cast<ServeClock::duration>(time);
}

// What the connections of a server share; outlives them.
struct ServerState {
  const ServerOptions& options;
  const EngineInfo& info;
  ComputeThread& compute;
  bool stopping = false;
  std::set<Connection*> open;
  std::function<void()> on_closed;  // after each that left `open`
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(net::ip::tcp::socket socket, ServerState& state);
  ~Connection();

  void start() { receive(); }
  // Answers 503 without reading anything: there are too many connections.
  void refuse();
  // Closes now if no request is under way, otherwise after its answer.
  void stop();
  void abort();

 private:
  using Seconds = ServerOptions::Seconds;
  using ErrorCode = boost::system::error_code;
  enum class Stage { idle, reading, waiting, writing, closing };

  void receive();
  void receive_rest();
  void on_header(ErrorCode error);
  void send_continue();
  void receive_body();
  void on_body(ErrorCode error);
  void on_read_error(ErrorCode error);
  void enqueue(Task task);
  void watch_for_leaving();
  void on_done();
  void respond(HttpReply reply);
  void on_written(ErrorCode error);
  void linger();
  void drain();

  // Ends the socket's operations with an error when the time is up; each call replaces the one before.
  void limit_time(Seconds time);

  net::ip::tcp::socket socket_;
  net::steady_timer timer_;
  ServerState& state_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  ApiRequest request_;
  std::shared_ptr<Job> job_;
  Stage stage_ = Stage::idle;
  bool timed_out_ = false;
  bool request_read_ = false;  // nothing of it is left in the socket
  char scrap_[1024];           // what is read to be thrown away
  size_t drained_ = 0;
};

}  // namespace frugal
