#include "frugal/serve/queue.h"

#include <gtest/gtest.h>

namespace frugal {
namespace {

using namespace std::chrono_literals;
const ServeClock::time_point kNow{1h};

std::shared_ptr<Job> job(Task task, size_t texts, size_t bytes = 10) {
  auto made = std::make_shared<Job>();
  made->task = task;
  made->texts.assign(texts, Text{std::string(bytes, 'x'), {}, false});
  made->deadline = kNow + 1s;
  return made;
}

QueueLimits limits() { return {.texts = 20, .bytes = 1000, .batch_texts = 4, .batch_bytes = 100}; }

TEST(ServeQueue, RefusesWhatDoesNotFitAndIsUnchanged) {
  Queue queue(limits());
  EXPECT_FALSE(queue.try_push(job(Task::embed, 0)));
  EXPECT_FALSE(queue.try_push(job(Task::embed, 21)));
  EXPECT_FALSE(queue.try_push(job(Task::embed, 1, 1001)));
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.try_push(job(Task::embed, 15)));
  EXPECT_FALSE(queue.try_push(job(Task::embed, 6)));
  EXPECT_TRUE(queue.try_push(job(Task::embed, 5)));
  EXPECT_FALSE(queue.try_push(job(Task::embed, 1)));
  EXPECT_EQ(queue.waiting_texts(), 20u);
  EXPECT_EQ(queue.waiting_bytes(), 200u);
}

TEST(ServeQueue, CutsALongJobAndFillsUpWithTheNext) {
  Queue queue(limits());
  const auto first = job(Task::classify, 6), second = job(Task::classify, 3);
  ASSERT_TRUE(queue.try_push(first));
  ASSERT_TRUE(queue.try_push(second));
  Batch batch = queue.take(kNow);
  ASSERT_EQ(batch.slices.size(), 1u);
  EXPECT_EQ(batch.slices[0].end, 4u);
  EXPECT_EQ(queue.waiting_texts(), 5u);

  batch = queue.take(kNow);
  ASSERT_EQ(batch.slices.size(), 2u);
  EXPECT_EQ(batch.slices[0].job, first);
  EXPECT_EQ(batch.slices[0].begin, 4u);
  EXPECT_EQ(batch.slices[0].end, 6u);
  EXPECT_EQ(batch.slices[1].job, second);
  EXPECT_EQ(batch.slices[1].end, 2u);

  batch = queue.take(kNow);
  ASSERT_EQ(batch.slices.size(), 1u);
  EXPECT_EQ(batch.slices[0].begin, 2u);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.waiting_bytes(), 0u);
  EXPECT_TRUE(queue.take(kNow).slices.empty());
}

TEST(ServeQueue, OneTaskABatchAndTheOldestJobFirst) {
  Queue queue(limits());
  const auto a = job(Task::classify, 1), b = job(Task::embed, 1), c = job(Task::classify, 1);
  for (const auto& each : {a, b, c}) ASSERT_TRUE(queue.try_push(each));
  Batch batch = queue.take(kNow);
  EXPECT_EQ(batch.task, Task::classify);
  ASSERT_EQ(batch.slices.size(), 2u);
  EXPECT_EQ(batch.slices[1].job, c);
  batch = queue.take(kNow);
  EXPECT_EQ(batch.task, Task::embed);
  ASSERT_EQ(batch.slices.size(), 1u);
  EXPECT_EQ(batch.slices[0].job, b);
}

TEST(ServeQueue, BytesLimitABatchButNeverStopIt) {
  Queue queue(limits());
  ASSERT_TRUE(queue.try_push(job(Task::embed, 1, 500)));
  ASSERT_TRUE(queue.try_push(job(Task::embed, 3, 50)));
  EXPECT_EQ(queue.take(kNow).slices.size(), 1u);  // longer than a batch: alone
  Batch batch = queue.take(kNow);
  ASSERT_EQ(batch.slices.size(), 1u);
  EXPECT_EQ(batch.slices[0].end, 2u);
  EXPECT_EQ(queue.waiting_bytes(), 50u);
}

TEST(ServeQueue, DropsTheLateAndTheCancelled) {
  Queue queue(limits());
  const auto late = job(Task::embed, 6), gone = job(Task::embed, 2), good = job(Task::embed, 1);
  late->deadline = kNow + 10ms;
  for (const auto& each : {late, gone, good}) ASSERT_TRUE(queue.try_push(each));
  EXPECT_EQ(queue.take(kNow).slices.at(0).end, 4u);
  gone->cancelled = true;
  const Batch batch = queue.take(kNow + 10ms);
  EXPECT_EQ(batch.dropped, (std::vector<std::shared_ptr<Job>>{late, gone}));
  ASSERT_EQ(batch.slices.size(), 1u);
  EXPECT_EQ(batch.slices[0].job, good);
  EXPECT_EQ(queue.waiting_texts(), 0u);
  EXPECT_EQ(queue.waiting_bytes(), 0u);
}

TEST(ServeQueue, ClearGivesEverythingBack) {
  Queue queue(limits());
  const auto a = job(Task::embed, 5), b = job(Task::classify, 1);
  ASSERT_TRUE(queue.try_push(a));
  ASSERT_TRUE(queue.try_push(b));
  queue.take(kNow);
  EXPECT_EQ(queue.clear(), (std::vector<std::shared_ptr<Job>>{a, b}));
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.try_push(job(Task::embed, 20)));
}

}  // namespace
}  // namespace frugal
