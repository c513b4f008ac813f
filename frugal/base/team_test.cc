#include "frugal/base/team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>

namespace frugal {
namespace {

TEST(Team, EveryItemRunsOnceAndLoopsFollowEachOther) {
  for (int threads : {1, 2, 3, 7}) {
    Team team(threads);
    std::vector<int> first(1000), second(1000);
    for (int run = 1; run <= 20; ++run) {
      team.run([&](Worker& worker) {
        worker.for_each(1000, [&](int64_t i) { ++first[i]; });
        worker.for_each(1000, [&](int64_t i) { second[i] = first[999 - i]; });  // needs all of the first loop
      });
      for (int value : second) ASSERT_EQ(value, run) << threads << " threads";
    }
  }
}

TEST(Team, ItemsOfABusyThreadAreTakenByOthers) {
  Team team(2);
  std::atomic<int> left{9};
  std::atomic<bool> held{false};
  std::vector<int> by(10);
  team.run([&](Worker& worker) {
    worker.for_each(10, [&](int64_t i) {
      by[i] = worker.thread();
      if (i == 0) {  // the first of thread 0's five: held until all others are done
        held = true;
        while (left > 0) std::this_thread::yield();
        return;
      }
      while (!held) std::this_thread::yield();  // or thread 1 might be through with its own and take that one
      --left;
    });
  });
  for (int i = 1; i < 10; ++i) EXPECT_EQ(by[i], 1 - by[0]) << i;
}

TEST(Team, SingleRunsOnce) {
  Team team(4);
  int count = 0;
  team.run([&](Worker& worker) { worker.single([&] { ++count; }); });
  EXPECT_EQ(count, 1);
}

TEST(Team, ScratchIsSeparateAndAligned) {
  Team team(3);
  team.reserve_scratch(100);
  std::vector<std::byte*> blocks(3);
  team.run([&](Worker& worker) { blocks[worker.thread()] = worker.scratch().data(); });
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks[i]) % 64, 0u);
    EXPECT_NE(blocks[i], blocks[(i + 1) % 3]);
  }
}

TEST(Team, AtLeastOneCore) { EXPECT_GE(available_cores(), 1); }

}  // namespace
}  // namespace frugal
