// The server over the loopback address with an engine that has no model: what a well-behaved client gets.
#include <gtest/gtest.h>

#include "frugal/io/json.h"
#include "frugal/serve/testing.h"

namespace frugal {
namespace {

using testing::body_of;
using testing::Client;
using testing::exchange;
using testing::FakeEngine;
using testing::post;
using testing::Running;
using testing::status_of;

TEST(Serve, AnswersEachPath) {
  FakeEngine engine;
  Running server(engine);
  std::string answer = exchange(server.port(), post("/classify", R"({"texts": ["abc", ["a", ""]]})"));
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer),
            R"({"predictions": [[{"label": "long", "score": 0.75}], [{"label": "short", "score": 0.5}]]})"
            "\n");
  EXPECT_NE(answer.find("Content-Type: application/json\r\n"), std::string::npos);
  answer = exchange(server.port(), post("/embed", R"({"text": "abcd"})"));
  EXPECT_EQ(body_of(answer), "{\"embedding\": [4, -0.5]}\n");
  answer = exchange(server.port(), "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(Json::parse(body_of(answer))["model"], "fake");
}

TEST(Serve, HeadHasTheHeaderOfGetAndNoBody) {
  FakeEngine engine;
  Running server(engine);
  Client client(server.port());
  ASSERT_TRUE(client.send("HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n"));
  const std::string head = client.receive(true);
  ASSERT_TRUE(client.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n"));
  const std::string get = client.receive();
  EXPECT_EQ(status_of(head), 200);
  EXPECT_FALSE(body_of(get).empty());
  EXPECT_EQ(head + body_of(get), get);
}

TEST(Serve, WrongPathsAndMethods) {
  FakeEngine engine;
  Running server(engine);
  Client client(server.port());
  ASSERT_TRUE(client.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"));
  const std::string nowhere = client.receive();
  EXPECT_EQ(status_of(nowhere), 404);
  EXPECT_NE(nowhere.find("POST /classify, POST /embed, GET /health"), std::string::npos) << nowhere;
  ASSERT_TRUE(client.send("DELETE /embed HTTP/1.1\r\nHost: x\r\n\r\n"));  // the connection is kept
  const std::string wrong = client.receive();
  EXPECT_EQ(status_of(wrong), 405);
  EXPECT_NE(wrong.find("Allow: POST\r\n"), std::string::npos);
}

TEST(Serve, KeepsTheConnectionAsTheVersionSays) {
  FakeEngine engine;
  Running server(engine);
  Client keeps(server.port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(keeps.send(post("/embed", R"({"text": "a"})")));
    ASSERT_EQ(status_of(keeps.receive()), 200);
  }
  ASSERT_TRUE(keeps.send(post("/embed", R"({"text": "a"})", "Connection: close\r\n")));
  EXPECT_EQ(status_of(keeps.receive()), 200);
  EXPECT_TRUE(keeps.closed());

  Client old(server.port());
  ASSERT_TRUE(old.send("GET /health HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(old.receive().substr(0, 12), "HTTP/1.0 200");
  EXPECT_TRUE(old.closed());
  Client asks(server.port());
  ASSERT_TRUE(asks.send("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_NE(asks.receive().find("Connection: keep-alive"), std::string::npos);
  ASSERT_TRUE(asks.send("GET /health HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(status_of(asks.receive()), 200);
}

TEST(Serve, SaysContinueToThoseWhoAskFirst) {
  FakeEngine engine;
  Running server(engine);
  Client client(server.port());
  const std::string body = R"({"text": "abc"})";
  ASSERT_TRUE(client.send(fmt::format(
      "POST /embed HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n", body.size())));
  EXPECT_EQ(client.receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(client.send(body));
  EXPECT_EQ(body_of(client.receive()), "{\"embedding\": [3, -0.5]}\n");
}

TEST(Serve, ManyClientsAtOnce) {
  FakeEngine engine;
  Running server(engine);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      Client client(server.port());
      for (size_t i = 0; i < 50; ++i) {
        client.send(post("/embed", fmt::format(R"({{"text": "{}"}})", std::string(t * 50 + i, 'x'))));
        if (body_of(client.receive()) == fmt::format("{{\"embedding\": [{}, -0.5]}}\n", t * 50 + i)) ++right;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 400);
}

}  // namespace
}  // namespace frugal
