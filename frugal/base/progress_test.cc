#include "frugal/base/progress.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace frugal {
namespace {

struct Screen {
  double time = 100;
  std::string text;

  ProgressOptions options(bool terminal, bool quiet = false, int width = 200) {
    return {quiet, terminal, [this] { return time; }, [this](std::string_view more) { text += more; },
            [width] { return width; }};
  }
  std::string take() { return std::exchange(text, {}); }
};

TEST(Progress, TerminalLine) {
  Screen screen;
  {
    Progress progress(screen.options(true));
    progress.plan(3, 10);
    progress.begin({.name = "teacher", .steps = 100, .weight = 4});
    EXPECT_EQ(screen.take(), "\r1/3 teacher  [--------------------]   0% step 0/100\x1b[K");
    screen.time += 10;
    progress.advance(100, 1000, 0.5);
    screen.take();
    progress.end("accuracy 92.6 %");
    EXPECT_EQ(screen.take(), "\r\x1b[K1/3 teacher: done in 0:10  100 tok/s  loss 0.5  accuracy 92.6 %\n");

    progress.begin({.name = "student 3 layers", .steps = 490, .weight = 4});
    screen.take();
    screen.time += 21;
    progress.advance(210, 111510, 0.1234);
    // 280 of 490 steps left at 10 a second: 28 s. The third phase's weight is 2; 10 + 21 seconds went into
    // 4 + 4 * 210 / 490 = 5.714 of weight, so 10.85 s more.
    EXPECT_EQ(screen.take(),
              "\r2/3 student 3 layers  [########------------]  43% step 210/490  5,310 tok/s  loss 0.123"
              "  0:28 left, whole 0:39 left\x1b[K");
    progress.say("saved");
    EXPECT_EQ(screen.take().substr(0, 11), "\r\x1b[Ksaved\n\r");
  }
  EXPECT_EQ(screen.take(), "\n");  // an error message would start on a fresh line
}

TEST(Progress, RedrawsAtMostTenTimesASecond) {
  Screen screen;
  Progress progress(screen.options(true));
  progress.begin({.name = "p", .steps = 2000});
  for (int step = 1; step <= 1000; ++step) {
    screen.time += 0.01;
    progress.advance(step, 1);
  }
  const auto draws = std::count(screen.text.begin(), screen.text.end(), '\r');
  EXPECT_LE(draws, 101);
  EXPECT_GE(draws, 90);
}

TEST(Progress, FitsTheTerminal) {
  Screen screen;
  Progress progress(screen.options(true, false, 12));
  progress.begin({.name = "\xC3\xA9t\xC3\xA9 \x1b[31mphase", .steps = 10});
  EXPECT_EQ(screen.take(), "\r\xC3\xA9t\xC3\xA9 ?[31mph\x1b[K");  // 11 characters; the escape is defused
}

TEST(Progress, LinesWithoutATerminal) {
  Screen screen;
  {
    Progress progress(screen.options(false));
    progress.plan(2, 2);
    progress.skip("teacher", 1);
    progress.begin({.name = "student", .steps = 1000, .weight = 1, .done = 500, .unit = "texts"});
    EXPECT_EQ(screen.take(),
              "1/2 teacher: done before\n2/2 student: begins, 1,000 steps, resumed at step 500\n");
    for (int step = 501; step <= 600; ++step) {
      screen.time += 0.11;
      progress.advance(step, 3);
    }
    EXPECT_EQ(screen.take(),
              "2/2 student: step 546/1,000 (55%)  27.3 texts/s  0:50 left, whole 0:50 left\n"
              "2/2 student: step 592/1,000 (59%)  27.3 texts/s  0:45 left, whole 0:45 left\n");
    progress.end();
    EXPECT_EQ(screen.take(), "2/2 student: done in 0:11  27.3 texts/s\n");
  }
  EXPECT_EQ(screen.take(), "");
}

TEST(Progress, QuietSaysNothing) {
  for (const bool terminal : {false, true}) {
    Screen screen;
    {
      Progress progress(screen.options(terminal, true));
      progress.plan(2, 2);
      progress.skip("a", 1);
      progress.begin({.name = "b"});
      screen.time += 60;
      progress.advance(1, 1, 1.0);
      progress.say("hello");
      progress.end();
    }
    EXPECT_EQ(screen.text, "");
  }
}

}  // namespace
}  // namespace frugal
