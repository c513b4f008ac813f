// Training curves on disk: metrics.jsonl, and an event file beside it that TensorBoard reads.
//
//   {"split":"train","step":100,"time":1766400000.5,"values":{"loss":0.5,"lr":0.0003}}
//
// A line goes to the operating system at once, so a killed process loses none. A NaN or infinite value is
// null in JSON and itself in the event file.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/train/event.h"

namespace frugal {

struct MetricsLine {
  int64_t step = 0;
  std::string split;  // "train", "validation"
  NamedValues values;
  double time = 0;  // seconds since 1970
};

constexpr const char* kMetricsFile = "metrics.jsonl";
constexpr const char* kEventFile = "events.out.tfevents.frugal";

// All lines of a metrics.jsonl in order; null becomes NaN. A last line that was cut off is passed over; any
// other broken one is an Error at its line.
std::vector<MetricsLine> read_metrics(const std::string& path);

class MetricsWriter {
 public:
  // Makes the folder and starts both files anew; with `resume_step` the lines up to that step are kept, later
  // ones (of work that the checkpoint does not hold) are dropped, and the event file is made again from them.
  // `clock` gives seconds since 1970.
  explicit MetricsWriter(const std::string& folder, std::optional<int64_t> resume_step = {},
                         std::function<double()> clock = {});
  ~MetricsWriter();
  MetricsWriter(const MetricsWriter&) = delete;
  MetricsWriter& operator=(const MetricsWriter&) = delete;

  // One thread at a time. Throws Error when the disk is full.
  void write(int64_t step, std::string_view split, const NamedValues& values);

 private:
  std::string lines_path_, events_path_;
  std::function<double()> clock_;
  int lines_ = -1, events_ = -1;
};

}  // namespace frugal
