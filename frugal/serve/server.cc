#include "frugal/serve/server.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "frugal/base/error.h"
#include "frugal/serve/connection.h"

namespace frugal {
namespace {

using boost::system::error_code;
using net::ip::tcp;

QueueLimits queue_limits(const ServerOptions& options) {
  QueueLimits limits;
  limits.texts = options.max_queue;
  limits.bytes = std::max(limits.bytes, 2 * options.max_body);
  return limits;
}

tcp::endpoint find_address(net::io_context& io, const ServerOptions& options) {
  error_code error;
  // A bare system may have no /etc/hosts, but everybody means the same by this name.
  const auto numeric = net::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (!error) return {numeric, static_cast<uint16_t>(options.port)};
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(options.host, "", error);
  if (error || found.empty())
    throw Error("--host " + options.host, "is no address: " + error.message(),
                "127.0.0.1 for this machine only, 0.0.0.0 for all its networks");
  return {found.begin()->endpoint().address(), static_cast<uint16_t>(options.port)};
}

std::string show(const tcp::endpoint& at) {
  const std::string host = at.address().to_string();
  return fmt::format("{}:{}", at.address().is_v6() ? "[" + host + "]" : host, at.port());
}

void listen(tcp::acceptor& acceptor, const tcp::endpoint& at) {
  error_code error;
  acceptor.open(at.protocol(), error);
  // Without it a restarted server waits a minute for the last one's connections to be forgotten.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (!error) return;
  if (error == net::error::address_in_use)
    throw Error(show(at), "the port is in use", "choose another with --port; --port 0 picks a free one");
  if (error == net::error::access_denied)
    throw Error(show(at), "not allowed to listen there",
                "ports below 1024 are for root; choose a higher --port");
  throw Error(show(at), "cannot listen there: " + error.message(), "is --host an address of this machine?");
}

}  // namespace

void check_options(const ServerOptions& options) {
  if (options.port < 0 || options.port > 65535)
    throw UsageError(fmt::format("--port {} is not in [0, 65535]", options.port), "0 picks a free one");
  if (options.max_body < 64 || options.max_body > (size_t{1} << 30))
    throw UsageError(fmt::format("--max-body {} is not in [64 bytes, 1 GiB]", options.max_body));
  if (options.max_texts < 1) throw UsageError("--max-texts must be at least 1");
  if (options.max_queue < options.max_texts)
    throw UsageError(
        fmt::format("--max-queue {} is less than --max-texts {}: such a request could never be taken",
                    options.max_queue, options.max_texts));
}

// The order matters: connections hold jobs' ends and io's handlers hold connections, so `compute` stops
// before `io` goes, and `state` goes last.
struct Server::Impl {
  Impl(Engine& engine, ServerOptions given)
      : options((check_options(given), std::move(given))),
        info(engine.info()),
        compute(engine, queue_limits(options)),
        state{options, info, compute, false, {}, {}},
        acceptor(io),
        clock(io),
        pause(io),
        guard(io.get_executor()) {
    listen(acceptor, find_address(io, options));
    address = acceptor.local_endpoint();
  }
  ~Impl() {
    compute.stop();
    state.on_closed = nullptr;  // it uses members that go before the last connections do
  }

  void accept();
  void watch(const std::function<bool()>& stop);
  void begin_stop();

  const ServerOptions options;
  const EngineInfo& info;
  ComputeThread compute;
  ServerState state;
  net::io_context io{1};
  tcp::acceptor acceptor;
  net::steady_timer clock, pause;
  net::executor_work_guard<net::io_context::executor_type> guard;
  tcp::endpoint address;
};

void Server::Impl::accept() {
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    if (state.stopping) return;
    if (error) {  // no file descriptors left, most likely: they come back when connections end
      pause.expires_after(std::chrono::milliseconds(100));
      pause.async_wait([this](error_code) {
        if (!state.stopping) accept();
      });
      return;
    }
    const bool full = state.open.size() >= options.max_connections;
    // Those that are only told so are few at a time as well.
    if (state.open.size() < 2 * options.max_connections) {
      const auto connection = std::make_shared<Connection>(std::move(socket), state);
      full ? connection->refuse() : connection->start();
    }
    accept();
  });
}

void Server::Impl::watch(const std::function<bool()>& stop) {
  clock.expires_after(std::chrono::milliseconds(50));
  clock.async_wait([this, &stop](error_code error) {
    if (error) return;
    stop() ? begin_stop() : watch(stop);
  });
}

void Server::Impl::begin_stop() {
  state.stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  pause.cancel();
  const auto open = state.open;
  for (Connection* connection : open) connection->stop();
  state.on_closed = [this] {
    if (!state.open.empty()) return;
    clock.cancel();
    guard.reset();
  };
  if (state.open.empty()) return guard.reset();
  clock.expires_after(to_ticks(options.grace));
  clock.async_wait([this](error_code error) {
    if (!error) io.stop();
  });
}

Server::Server(Engine& engine, ServerOptions options)
    : impl_(std::make_unique<Impl>(engine, std::move(options))) {}
Server::~Server() = default;

int Server::port() const { return impl_->address.port(); }
std::string Server::url() const { return "http://" + show(impl_->address); }
bool Server::loopback() const { return impl_->address.address().is_loopback(); }

void Server::run(const std::function<bool()>& stop) {
  impl_->accept();
  impl_->watch(stop);
  impl_->io.run();
  impl_->compute.stop();
}

}  // namespace frugal
