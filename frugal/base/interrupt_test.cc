#include "frugal/base/interrupt.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace frugal {
namespace {

TEST(Interrupt, TheFirstSignalRaisesTheFlag) {
  struct sigaction before {
  }, after{};
  sigaction(SIGINT, nullptr, &before);
  for (int signal : {SIGINT, SIGTERM}) {
    const InterruptGuard guard;
    EXPECT_FALSE(interrupted());
    {
      const InterruptGuard inner;
      ::raise(signal);
    }
    EXPECT_TRUE(interrupted());  // the inner guard neither lowered it nor restored the handlers
  }
  sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST(InterruptDeathTest, TheSecondSignalLeavesAtOnce) {
  const auto twice = [](int signal) {
    const InterruptGuard guard;
    ::raise(signal);
    ::raise(signal);
  };
  EXPECT_EXIT(twice(SIGINT), ::testing::ExitedWithCode(130), "safe point");
  EXPECT_EXIT(twice(SIGTERM), ::testing::ExitedWithCode(143), "");
}

TEST(InterruptDeathTest, WithoutAGuardSignalsKill) {
  ::signal(SIGINT, SIG_DFL);  // a script's background job starts with it ignored
  { const InterruptGuard guard; }
  EXPECT_EXIT(::raise(SIGINT), ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace frugal
