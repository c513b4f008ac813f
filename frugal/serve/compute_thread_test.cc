#include "frugal/serve/compute_thread.h"

#include <gtest/gtest.h>

#include "frugal/serve/testing.h"

namespace frugal {
namespace {

using testing::FakeEngine;
using testing::soon;

struct Asked {
  std::shared_ptr<Job> job = std::make_shared<Job>();
  std::atomic<int> done{0};
  Asked(Task task, std::vector<std::string> texts) {
    job->task = task;
    for (auto& text : texts) job->texts.push_back({std::move(text), {}, false});
    job->done = [this] { ++done; };
  }
};

TEST(ComputeThread, AnswersEachTextInItsPlace) {
  FakeEngine engine;
  ComputeThread compute(engine, {.batch_texts = 2});
  Asked a(Task::embed, {"1", "22", "333", "4444", "55555"}), b(Task::classify, {"", "7777777"});
  ASSERT_TRUE(compute.try_push(a.job));
  ASSERT_TRUE(compute.try_push(b.job));
  ASSERT_TRUE(soon([&] { return a.done && b.done; }));
  ASSERT_EQ(a.job->outcome, Outcome::answered);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(a.job->rows.at(i).at(0), static_cast<float>(i + 1));
  EXPECT_EQ(b.job->rows.at(0).at(0), 1.0f);
  EXPECT_EQ(b.job->rows.at(1).at(1), 7.0f / 8);
  EXPECT_EQ(compute.waiting_texts(), 0u);
}

TEST(ComputeThread, AFailureSpoilsItsOwnJobOnly) {
  FakeEngine engine;
  engine.close_gate();
  ComputeThread compute(engine, {.batch_texts = 3});
  Asked first(Task::embed, {"x"});  // keeps the engine busy while the others gather in one batch
  ASSERT_TRUE(compute.try_push(first.job));
  ASSERT_TRUE(soon([&] { return engine.inside == 1; }));
  Asked good(Task::embed, {"ok"}), bad(Task::embed, {"bad", "b", "c", "d"});
  ASSERT_TRUE(compute.try_push(good.job));
  ASSERT_TRUE(compute.try_push(bad.job));
  engine.open_gate();
  ASSERT_TRUE(soon([&] { return good.done && bad.done; }));
  EXPECT_EQ(good.job->outcome, Outcome::answered);
  EXPECT_EQ(good.job->rows.at(0).at(0), 2.0f);
  EXPECT_EQ(bad.job->outcome, Outcome::failed);
  EXPECT_NE(bad.job->error.find("cannot take it"), std::string::npos);
  compute.stop();
  EXPECT_EQ(bad.done, 1);  // the dropped rest does not tell it again
  EXPECT_EQ(engine.texts_seen, 2u);
}

TEST(ComputeThread, RefusesWhenFullAndComputesNothingForTheGone) {
  FakeEngine engine;
  engine.close_gate();
  ComputeThread compute(engine, {.texts = 3});
  Asked first(Task::embed, {"x"}), gone(Task::embed, {"a", "b"}), late(Task::embed, {"c"}),
      more(Task::embed, {"d"});
  late.job->deadline = ServeClock::now();
  ASSERT_TRUE(compute.try_push(first.job));
  ASSERT_TRUE(soon([&] { return engine.inside == 1; }));
  ASSERT_TRUE(compute.try_push(gone.job));
  ASSERT_TRUE(compute.try_push(late.job));
  EXPECT_FALSE(compute.try_push(more.job));
  gone.job->cancelled = true;
  engine.open_gate();
  ASSERT_TRUE(soon([&] { return gone.done && late.done; }));
  EXPECT_EQ(gone.job->outcome, Outcome::expired);
  EXPECT_EQ(late.job->outcome, Outcome::expired);
  EXPECT_EQ(engine.texts_seen, 1u);
  EXPECT_EQ(more.done, 0);
}

TEST(ComputeThread, StopEndsWhatWaitsAndFinishesTheBatchUnderWay) {
  FakeEngine engine;
  engine.close_gate();
  ComputeThread compute(engine, {});
  Asked first(Task::embed, {"x"}), second(Task::classify, {"y"});
  ASSERT_TRUE(compute.try_push(first.job));
  ASSERT_TRUE(soon([&] { return engine.inside == 1; }));
  ASSERT_TRUE(compute.try_push(second.job));
  std::thread stopping([&] { compute.stop(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  engine.open_gate();
  stopping.join();
  EXPECT_EQ(first.job->outcome, Outcome::answered);
  EXPECT_EQ(second.job->outcome, Outcome::expired);
  Asked third(Task::embed, {"z"});
  EXPECT_FALSE(compute.try_push(third.job));
}

}  // namespace
}  // namespace frugal
