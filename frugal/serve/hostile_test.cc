// The server over the loopback address: what clients that are broken, slow or ill-willed get.
#include <gtest/gtest.h>

#include "frugal/serve/testing.h"

namespace frugal {
namespace {

using testing::body_of;
using testing::Client;
using testing::exchange;
using testing::FakeEngine;
using testing::post;
using testing::Running;
using testing::soon;
using testing::status_of;

class ServeHostile : public ::testing::Test {
 protected:
  static ServerOptions options() {
    ServerOptions o;
    o.max_body = 4096;
    o.max_texts = 8;
    o.max_connections = 8;
    o.idle = o.read = o.write = ServerOptions::Seconds(0.5);
    o.linger = ServerOptions::Seconds(0.3);
    return o;
  }
  void TearDown() override {
    ASSERT_TRUE(soon([&] {
      return status_of(exchange(server_.port(), post("/embed", R"({"text": "a"})"))) == 200;
    })) << "the server does not answer any more";
  }
  int port() const { return server_.port(); }
  int status(std::string_view request) { return status_of(exchange(port(), request)); }

  FakeEngine engine_;
  Running server_{engine_, options()};
};

TEST_F(ServeHostile, TruncatedRequests) {
  const std::string whole = post("/embed", R"({"text": "abc"})");
  for (size_t size = 0; size < whole.size(); size += 7) {
    Client client(port());
    ASSERT_TRUE(client.send(whole.substr(0, size)));
    client.end_sending();
    EXPECT_EQ(client.receive(), "") << size;
  }
  EXPECT_EQ(engine_.calls, 0u);
}

TEST_F(ServeHostile, SlowRequestsAreCutOff) {
  Client silent(port()), header(port()), body(port());
  ASSERT_TRUE(header.send("POST /embed HTTP/1.1\r\nHost:"));
  ASSERT_TRUE(body.send("POST /embed HTTP/1.1\r\nContent-Length: 100\r\n\r\n{\"text\""));
  EXPECT_EQ(status_of(header.receive()), 408);
  EXPECT_EQ(status_of(body.receive()), 408);
  EXPECT_TRUE(body.closed());
  EXPECT_TRUE(silent.closed());
}

TEST_F(ServeHostile, DrippingBytesDoNotExtendTheTime) {
  Client client(port());
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<bool> over{false};
  std::thread drip([&] {
    while (!over && client.send("X")) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  });
  EXPECT_EQ(status_of(client.receive()), 408);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  over = true;
  drip.join();
}

TEST_F(ServeHostile, HugeHeaders) {
  EXPECT_EQ(status("GET /health HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(status("GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n"), 431);
  std::string many = "GET /health HTTP/1.1\r\n";
  for (int i = 0; i < 5000; ++i) many += fmt::format("X{}: y\r\n", i);
  EXPECT_EQ(status(many + "\r\n"), 431);
}

TEST_F(ServeHostile, TooLongBodiesAreRefusedBeforeTheyAreSent) {
  EXPECT_EQ(status("POST /embed HTTP/1.1\r\nContent-Length: 4097\r\n\r\n"), 413);
  EXPECT_EQ(status("POST /embed HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n"), 413);
  EXPECT_EQ(status("POST /embed HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n"), 413);
  // The client may go on sending what it announced, and is not cut off before it reads the answer.
  Client client(port());
  const std::string whole = post("/embed", std::string(300'000, ' '));
  ASSERT_TRUE(client.send(std::string_view(whole).substr(0, 1000)));
  EXPECT_EQ(status_of(client.receive()), 413);
  for (size_t at = 1000; at < whole.size(); at += 10'000)
    ASSERT_TRUE(client.send(std::string_view(whole).substr(at, 10'000))) << at;
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(status("POST /nowhere HTTP/1.1\r\nContent-Length: 4000\r\n\r\n" + std::string(4000, ' ')), 404);
  const std::string fits = R"({"text": "abc"})" + std::string(4096 - 15, ' ');
  EXPECT_EQ(status(post("/embed", fits)), 200);
}

TEST_F(ServeHostile, BadLengths) {
  for (const char* length : {"-1", "abc", "0x10", "99999999999999999999999", "5, 6", "", " ", "1 1"})
    EXPECT_EQ(status(fmt::format("POST /embed HTTP/1.1\r\nContent-Length: {}\r\n\r\n{{}}", length)), 400)
        << length;
  // What one server on the way may read as two requests and another as one.
  EXPECT_EQ(status("POST /embed HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}"), 400);
  EXPECT_EQ(status("POST /embed HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"), 400);
}

TEST_F(ServeHostile, ChunkedBodies) {
  const std::string head = "POST /embed HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string good =
      exchange(port(), head + "9\r\n{\"text\": \r\n6;a=b\r\n\"abc\"}\r\n0\r\nX: y\r\n\r\n");
  EXPECT_EQ(body_of(good), "{\"embedding\": [3, -0.5]}\n");
  EXPECT_EQ(status(head + "fffffffffffffff0\r\n"), 413);
  EXPECT_EQ(status(head + "fffffffffffffffffff\r\n"), 400);
  EXPECT_EQ(status(head + "zz\r\n"), 400);
  EXPECT_EQ(status(head + "2\r\n{}{}\r\n0\r\n\r\n"), 400);
  std::string long_one = head;
  for (int i = 0; i < 5000; ++i) long_one += "1\r\n \r\n";
  EXPECT_EQ(status(long_one), 413);
}

TEST_F(ServeHostile, NoHttp) {
  EXPECT_EQ(status("hello\r\n\r\n"), 400);
  EXPECT_EQ(status(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n"), 400);
  EXPECT_EQ(status("GET /health HTTP/3.0\r\n\r\n"), 505);
  EXPECT_EQ(status("GET /health\r\n\r\n"), 400);
  EXPECT_EQ(status("GET /health HTTP/1.1\r\nbad header\r\n\r\n"), 400);
  EXPECT_EQ(status("GET /hea\1lth HTTP/1.1\r\n\r\n"), 400);
}

TEST_F(ServeHostile, BadBodies) {
  EXPECT_EQ(status(post("/embed", "")), 400);
  EXPECT_EQ(status("POST /embed HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status(post("/embed", "{\"text\": \"\xff\"}")), 400);
  EXPECT_EQ(status(post("/embed", std::string_view("{\"text\": \"a\"}\0", 14))), 400);
  EXPECT_EQ(status(post("/embed", std::string(4000, '['))), 400);
  EXPECT_EQ(status(post("/classify", R"({"texts": [1]})")), 422);
  EXPECT_EQ(status(post("/classify", R"({"texts": ["1","2","3","4","5","6","7","8","9"]})")), 422);
  EXPECT_EQ(engine_.calls, 0u);
}

TEST_F(ServeHostile, PipelinedRequestsAreAnsweredInOrder) {
  Client client(port());
  std::string all;
  for (int i = 0; i < 20; ++i) all += post("/embed", fmt::format(R"({{"text": "{}"}})", std::string(i, 'x')));
  ASSERT_TRUE(client.send(all + "nonsense\r\n\r\n"));
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(body_of(client.receive()), fmt::format("{{\"embedding\": [{}, -0.5]}}\n", i));
  EXPECT_EQ(status_of(client.receive()), 400);
  EXPECT_TRUE(client.closed());
}

TEST_F(ServeHostile, TooManyConnectionsAreToldSo) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<Client>(port()));
    ASSERT_TRUE(clients.back()->send("GET"));
  }
  Client more(port());
  EXPECT_EQ(status_of(more.receive()), 503);
  EXPECT_TRUE(more.closed());
}

TEST_F(ServeHostile, AClientThatNeverReads) {
  Client client(port());
  std::thread sender([&] {
    while (client.send(post("/nowhere", "", "X: " + std::string(2000, 'x') + "\r\n"))) {
    }
  });
  sender.join();  // the server gives up on it, so that sending fails
}

TEST(ServeAddress, WhatCannotBeHadIsOneClearError) {
  FakeEngine engine;
  Running first(engine);
  const auto message = [&](ServerOptions options) -> std::string {
    try {
      Server second(engine, options);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  const std::string in_use = message({.port = first.port()});
  EXPECT_NE(in_use.find(fmt::format("127.0.0.1:{}: the port is in use", first.port())), std::string::npos)
      << in_use;
  EXPECT_NE(message({.host = "203.0.113.7", .port = 0}).find("cannot listen there"), std::string::npos);
  EXPECT_NE(message({.host = "no such host", .port = 0}).find("--host no such host"), std::string::npos);
  EXPECT_NE(message({.port = 65536}).find("--port 65536"), std::string::npos);
  EXPECT_NE(message({.port = 0, .max_texts = 10, .max_queue = 9}).find("--max-queue"), std::string::npos);
  Server good(engine, {.host = "localhost", .port = 0});
  EXPECT_TRUE(good.loopback());
  EXPECT_GT(good.port(), 0);
}

}  // namespace
}  // namespace frugal
