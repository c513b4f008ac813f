// A connection's second half: from the request that was read to the answer that was written.
#include <boost/asio/post.hpp>
#include <boost/beast/http/write.hpp>
#include <new>

#include "frugal/serve/connection.h"

namespace frugal {
namespace {

using boost::system::error_code;

}  // namespace

void Connection::enqueue(Task task) {
  job_ = std::make_shared<Job>();
  job_->task = task;
  job_->texts = std::move(request_.texts);
  job_->deadline = ServeClock::now() + to_ticks(state_.options.wait);
  // Moved along, never copied: the last owner of a connection must let go of it on the connection's thread.
  job_->done = [self = shared_from_this()]() mutable {
    const auto executor = self->socket_.get_executor();
    net::post(executor, [self = std::move(self)] { self->on_done(); });
  };
  stage_ = Stage::waiting;
  timer_.cancel();
  if (state_.compute.try_push(job_)) return watch_for_leaving();
  job_->done = nullptr;
  job_.reset();
  HttpReply reply = error_reply(429, "too many texts are waiting", "try again in a moment");
  reply.retry_after = 1;
  respond(std::move(reply));
}

// A client that closes its side while it waits has given up, as nginx and Go's server see it too: its texts
// are not computed. Bytes of a next request end the watch.
void Connection::watch_for_leaving() {
  socket_.async_wait(
      net::ip::tcp::socket::wait_read, [self = shared_from_this(), job = job_](error_code error) {
        if (error || self->job_ != job) return;
        error_code result;
        char byte;
        self->socket_.non_blocking(true, result);
        const size_t size =
            self->socket_.receive(net::buffer(&byte, 1), net::ip::tcp::socket::message_peek, result);
        if (size == 0 && result != net::error::would_block) self->abort();
      });
}

void Connection::on_done() {
  const auto job = std::move(job_);
  if (!socket_.is_open()) return;
  try {
    respond(job_reply(request_, state_.info, *job));
  } catch (const std::bad_alloc&) {
    respond(error_reply(503, "out of memory"));
  }
}

void Connection::respond(HttpReply reply) {
  stage_ = Stage::writing;
  const bool parsed = parser_ && parser_->is_header_done();
  const bool keep = parsed && request_read_ && parser_->get().keep_alive() && !state_.stopping;
  const unsigned version = parsed && parser_->get().version() == 10 ? 10 : 11;
  response_.emplace(static_cast<http::status>(reply.status), version);
  response_->set(http::field::server, "frugal");
  response_->set(http::field::content_type, "application/json");
  if (!reply.allow.empty()) response_->set(http::field::allow, reply.allow);
  if (reply.retry_after > 0) response_->set(http::field::retry_after, std::to_string(reply.retry_after));
  response_->keep_alive(keep);
  response_->content_length(reply.body.size());
  const bool head = parsed && parser_->get().method() == http::verb::head;
  if (!head) response_->body() = std::move(reply.body);
  serializer_.emplace(*response_);
  limit_time(state_.options.write);
  http::async_write(socket_, *serializer_,
                    [self = shared_from_this()](error_code error, size_t) { self->on_written(error); });
}

void Connection::on_written(ErrorCode error) {
  if (error) return abort();
  if (response_->keep_alive() && !state_.stopping) return receive();
  linger();
}

// Closing while the client still sends would make its system throw our answer away; so say that nothing more
// comes and read on for a moment.
void Connection::linger() {
  stage_ = Stage::closing;
  error_code error;
  socket_.shutdown(net::ip::tcp::socket::shutdown_send, error);
  if (error) return abort();
  limit_time(state_.options.linger);
  drain();
}

void Connection::drain() {
  constexpr size_t kMost = 1 << 20;
  socket_.async_read_some(net::buffer(scrap_), [self = shared_from_this()](error_code error, size_t size) {
    self->drained_ += size;
    if (error || self->drained_ > kMost) return self->abort();
    self->drain();
  });
}

}  // namespace frugal
