// What a long job says while it runs: one line that is redrawn on a terminal, a line every few seconds
// elsewhere, nothing when quiet.
//
//   2/7 student 3 layers  [########------------]  43% step 210/490  5,310 tok/s  loss 0.123  1:02 left, whole
//   12:33 left
//
// A job is a whole of phases. Each phase has a weight, its expected share of the work in any unit (seconds,
// FLOPs); the time left of the whole is the remaining weight at the speed of the weight done so far.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace frugal {

struct ProgressOptions {
  bool quiet = false;
  bool terminal = false;
  std::function<double()> now;                      // seconds, never going back
  std::function<void(std::string_view)> write;      // everything goes here
  std::function<int()> width = [] { return 100; };  // columns of the terminal

  // stderr, the steady clock, a terminal where stderr is one that can redraw.
  static ProgressOptions for_stderr(bool quiet);
};

struct Phase {
  std::string name;
  int64_t steps = 0;  // 0: not known, no bar
  double weight = 1;
  int64_t done = 0;          // steps that an earlier run did, when resuming
  std::string unit = "tok";  // what advance() counts beside steps
};

// One thread at a time.
class Progress {
 public:
  explicit Progress(ProgressOptions options);
  ~Progress();  // leaves the cursor on a fresh line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // All that the job will do, phases begun or skipped included; call again when candidates are dropped or
  // added. Without a plan phases are not numbered and the whole has no time left.
  void plan(int phases, double weight);

  void begin(Phase phase);
  // `step` steps are done in all; `units` more tokens (or texts) since the last call.
  void advance(int64_t step, int64_t units, std::optional<double> loss = {});
  // `result` is added to the line that stays: "accuracy 92.6 %".
  void end(std::string_view result = {});
  // A phase that needs no work, `why` ("done before": by an earlier run): counts as done but says nothing
  // about this run's speed.
  void skip(std::string_view name, double weight, std::string_view why = "done before");

  // A line of its own, above the bar.
  void say(std::string_view line);

 private:
  void draw();
  void report(std::string_view line);
  std::string title() const;
  std::string rates() const;
  std::string time_left() const;
  double done_share() const;

  ProgressOptions options_;
  int phases_ = 0, phase_ = 0;
  double planned_ = 0, finished_ = 0, measured_ = 0, measured_seconds_ = 0;
  std::optional<Phase> current_;
  int64_t step_ = 0, units_ = 0;
  std::optional<double> loss_;
  double begun_ = 0, shown_ = 0;
  bool drawn_ = false;
};

}  // namespace frugal
