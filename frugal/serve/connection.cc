#include "frugal/serve/connection.h"

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <new>

#include "frugal/base/error.h"

namespace frugal {
namespace {

using boost::system::error_code;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// What to tell a client whose bytes were no request; status 0: nothing, it is gone.
HttpReply reply_to(error_code error, const ServerOptions& options) {
  if (error == http::error::body_limit)
    return error_reply(413, fmt::format("the body is longer than {} bytes", options.max_body),
                       "send fewer texts at once, or start the server with a higher --max-body");
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return error_reply(431, fmt::format("the header is longer than {} bytes", options.max_header));
  if (error == http::error::bad_version) return error_reply(505, "HTTP/1.0 and HTTP/1.1 only");
  const bool malformed = error.category() == http::make_error_code(http::error::bad_method).category() &&
                         error != http::error::end_of_stream && error != http::error::partial_message;
  if (malformed) return error_reply(400, "is not valid HTTP: " + error.message());
  return {0, {}, {}, 0};
}

}  // namespace

Connection::Connection(net::ip::tcp::socket socket, ServerState& state)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      state_(state),
      buffer_(state.options.max_header + 4096) {
  state_.open.insert(this);
  error_code ignored;
  socket_.set_option(net::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() {
  state_.open.erase(this);
  if (state_.on_closed) state_.on_closed();
}

void Connection::refuse() {
  HttpReply reply = error_reply(503, "too many connections");
  reply.retry_after = 1;
  respond(std::move(reply));
}

void Connection::stop() {
  if (stage_ == Stage::idle) abort();
}

void Connection::abort() {
  error_code ignored;
  if (job_) job_->cancelled = true;
  timer_.cancel();
  socket_.close(ignored);
}

void Connection::limit_time(Seconds time) {
  timed_out_ = false;
  timer_.expires_after(to_ticks(time));
  timer_.async_wait([self = shared_from_this()](error_code error) {
    // A wait that was replaced while its handler was already on its way must not count.
    if (error || self->timer_.expiry() > ServeClock::now()) return;
    self->timed_out_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
}

// A new request: wait for its first byte, then for its header.
void Connection::receive() {
  stage_ = Stage::idle;
  request_read_ = false;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(state_.options.max_header));
  parser_->body_limit(state_.options.max_body);
  if (buffer_.size() > 0) return receive_rest();  // pipelined
  if (state_.stopping) return linger();
  limit_time(state_.options.idle);
  socket_.async_wait(net::ip::tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
    if (!error) self->receive_rest();
  });
}

void Connection::receive_rest() {
  stage_ = Stage::reading;
  limit_time(state_.options.read);
  http::async_read_header(socket_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, size_t) { self->on_header(error); });
}

// The answer to a wrong path or method needs no body, and neither does the one to a body that says it is too
// long: both come before it is sent, where the client asks (Expect: 100-continue).
void Connection::on_header(ErrorCode error) {
  if (error) return on_read_error(error);
  request_read_ = parser_->is_done();
  const auto& header = parser_->get();
  try {
    const Path path = find_path(view(header.method_string()), view(header.target()), state_.info);
    request_.task = path == Path::embed ? Task::embed : Task::classify;
    if (path == Path::health)
      return respond({200, health_text(state_.info, state_.compute.waiting_texts()), {}, 0});
  } catch (const HttpError& refused) {
    return respond(refused.reply());
  }
  const bool expects = boost::beast::iequals(header[http::field::expect], "100-continue");
  if (expects && !request_read_ && header.version() == 11) return send_continue();
  receive_body();
}

void Connection::send_continue() {
  static constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";
  net::async_write(socket_, net::buffer(kContinue, sizeof kContinue - 1),
                   [self = shared_from_this()](error_code error, size_t) {
                     if (error) return self->on_read_error(error);
                     self->receive_body();
                   });
}

void Connection::receive_body() {
  limit_time(state_.options.read);
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](error_code error, size_t) { self->on_body(error); });
}

void Connection::on_body(ErrorCode error) {
  if (error) return on_read_error(error);
  request_read_ = true;
  try {
    request_ = read_request(request_.task, parser_->get().body(), state_.options.max_texts);
    enqueue(request_.task);
  } catch (const HttpError& refused) {
    respond(refused.reply());
  } catch (const std::bad_alloc&) {
    respond(error_reply(503, "out of memory"));
  }
}

void Connection::on_read_error(ErrorCode error) {
  const HttpReply reply =
      timed_out_ ? error_reply(408, "the request did not arrive in time") : reply_to(error, state_.options);
  if (reply.status == 0) return abort();
  respond(reply);
}

}  // namespace frugal
