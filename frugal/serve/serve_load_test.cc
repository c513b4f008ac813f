// The server over the loopback address when the model is slow, fails, or the server stops.
#include <gtest/gtest.h>

#include "frugal/serve/testing.h"

namespace frugal {
namespace {

using testing::Client;
using testing::exchange;
using testing::FakeEngine;
using testing::post;
using testing::Running;
using testing::soon;
using testing::status_of;

// Whether so many texts wait, soon.
bool waiting(const Running& server, int texts) {
  const std::string wanted = fmt::format("\"waiting_texts\":{}", texts);
  return soon([&] {
    return exchange(server.port(), "GET /health HTTP/1.1\r\n\r\n").find(wanted) != std::string::npos;
  });
}

TEST(ServeLoad, TellsTheRestToWaitWhenFull) {
  FakeEngine engine;
  engine.close_gate();
  Running server(engine, {.max_texts = 2, .max_queue = 2});
  Client busy(server.port()), waits(server.port()), refused(server.port());
  ASSERT_TRUE(busy.send(post("/embed", R"({"text": "a"})")));
  ASSERT_TRUE(soon([&] { return engine.inside == 1; }));
  ASSERT_TRUE(waits.send(post("/embed", R"({"texts": ["b", "c"]})")));
  ASSERT_TRUE(waiting(server, 2));
  ASSERT_TRUE(refused.send(post("/embed", R"({"text": "d"})")));
  const std::string answer = refused.receive();
  EXPECT_EQ(status_of(answer), 429);
  EXPECT_NE(answer.find("Retry-After: "), std::string::npos);
  engine.open_gate();
  EXPECT_EQ(status_of(busy.receive()), 200);
  EXPECT_EQ(status_of(waits.receive()), 200);
  ASSERT_TRUE(refused.send(post("/embed", R"({"text": "d"})")));
  EXPECT_EQ(status_of(refused.receive()), 200);
}

TEST(ServeLoad, DoesNotComputeForAClientThatLeft) {
  FakeEngine engine;
  engine.close_gate();
  Running server(engine);
  Client busy(server.port()), stays(server.port());
  ASSERT_TRUE(busy.send(post("/embed", R"({"text": "a"})")));
  ASSERT_TRUE(soon([&] { return engine.inside == 1; }));
  {
    Client leaves(server.port());
    ASSERT_TRUE(leaves.send(post("/embed", R"({"texts": ["b", "c"]})")));
    ASSERT_TRUE(waiting(server, 2));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  engine.open_gate();
  ASSERT_TRUE(stays.send(post("/embed", R"({"text": "d"})")));
  EXPECT_EQ(status_of(stays.receive()), 200);
  EXPECT_EQ(engine.texts_seen, 2u);
}

TEST(ServeLoad, AFailingModelIs500AndTheServerGoesOn) {
  FakeEngine engine;
  Running server(engine);
  Client client(server.port());
  ASSERT_TRUE(client.send(post("/classify", R"({"text": "bad"})")));
  EXPECT_EQ(status_of(client.receive()), 500);
  ASSERT_TRUE(client.send(post("/classify", R"({"text": "good"})")));
  EXPECT_EQ(status_of(client.receive()), 200);
}

TEST(ServeLoad, StopsAfterAnsweringWhatIsUnderWay) {
  FakeEngine engine;
  engine.close_gate();
  Running server(engine);
  Client idle(server.port()), busy(server.port()), queued(server.port());
  ASSERT_TRUE(idle.send("GET /health HTTP/1.1\r\n\r\n"));
  idle.receive();
  ASSERT_TRUE(busy.send(post("/embed", R"({"text": "a"})")));
  ASSERT_TRUE(soon([&] { return engine.inside == 1; }));
  ASSERT_TRUE(queued.send(post("/classify", R"({"text": "b"})")));
  ASSERT_TRUE(waiting(server, 1));
  server.ask_to_stop();
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(soon([&] { return !Client(server.port()).connected(); }));
  engine.open_gate();
  const std::string answer = busy.receive();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_EQ(status_of(queued.receive()), 200);
  server.stop();
}

TEST(ServeLoad, StopWaitsNoLongerThanTheGrace) {
  FakeEngine engine;
  Running server(engine, {.grace = ServerOptions::Seconds(0.2)});
  Client slow(server.port());
  ASSERT_TRUE(slow.send("POST /embed HTTP/1.1\r\nContent-Le"));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto begin = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

}  // namespace
}  // namespace frugal
