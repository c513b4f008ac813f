// An engine without a model, and a client that can send any bytes: for the tests of this room.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "frugal/base/error.h"
#include "frugal/serve/server.h"

namespace frugal::testing {

// Answers with the text's length; the text "bad" throws. close_gate() makes it wait until open_gate().
class FakeEngine : public Engine {
 public:
  FakeEngine() {
    info_ = {"fake", "FakeForSequenceClassification", true, false, {"short", "long", "odd\"one"}, 2, 16};
  }
  const EngineInfo& info() const override { return info_; }
  EngineInfo& change() { return info_; }
  std::vector<std::vector<float>> classify(std::span<const Text> texts) override {
    return rows(texts, [](const Text& t) {
      const float size = static_cast<float>(t.first.size() + t.second.size());
      return std::vector<float>{1 / (1 + size), size / (1 + size), 0.0f};
    });
  }
  std::vector<std::vector<float>> embed(std::span<const Text> texts) override {
    return rows(texts, [](const Text& t) {
      return std::vector<float>{static_cast<float>(t.first.size()), -0.5f};
    });
  }

  void close_gate() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void open_gate() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  std::atomic<size_t> calls{0}, texts_seen{0}, inside{0};

 private:
  template <class F>
  std::vector<std::vector<float>> rows(std::span<const Text> texts, F row) {
    ++calls, ++inside;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return open_; });
    }
    --inside;
    std::vector<std::vector<float>> all;
    for (const Text& text : texts) {
      if (text.first == "bad") throw Error("", "cannot take it");
      all.push_back(row(text));
    }
    texts_seen += texts.size();
    return all;
  }

  EngineInfo info_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
};

template <class F>
bool soon(F condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class Client {
 public:
  explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<uint16_t>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  // False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  // The next answer, header and body; what there is when the server closes or 10 s pass. `head`: it has no
  // body whatever its header says.
  std::string receive(bool head = false) {
    for (;;) {
      const size_t end = pending_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const size_t field = pending_.find("Content-Length: ");
        const size_t body = head || field > end ? 0 : std::stoul(pending_.substr(field + 16));
        if (pending_.size() >= end + 4 + body) {
          std::string answer = pending_.substr(0, end + 4 + body);
          pending_.erase(0, answer.size());
          return answer;
        }
      }
      if (!more()) return std::exchange(pending_, {});
    }
  }
  // Whether the server closes within 10 s without sending more.
  bool closed() { return pending_.empty() && !more() && ended_; }

 private:
  bool more() {
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, 10'000) <= 0) return false;
    char bytes[4096];
    const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
    ended_ = size <= 0;
    if (ended_) return false;
    pending_.append(bytes, static_cast<size_t>(size));
    return true;
  }

  int socket_;
  bool connected_ = false, ended_ = false;
  std::string pending_;
};

// A server on a free port with its own thread.
class Running {
 public:
  explicit Running(Engine& engine, ServerOptions options = {}) : server_(engine, free_port(options)) {
    thread_ = std::thread([this] { server_.run([this] { return stop_.load(); }); });
  }
  ~Running() { stop(); }
  void ask_to_stop() { stop_ = true; }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int port() const { return server_.port(); }

 private:
  static ServerOptions free_port(ServerOptions options) {
    options.port = 0;
    return options;
  }
  Server server_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

inline std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(), more,
                     body);
}

inline std::string exchange(int port, std::string_view request) {
  Client client(port);
  client.send(request);
  return client.receive();
}

inline int status_of(const std::string& answer) {
  return answer.rfind("HTTP/1.", 0) == 0 && answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

inline std::string body_of(const std::string& answer) {
  const size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

}  // namespace frugal::testing
