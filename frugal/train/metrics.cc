#include "frugal/train/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/system_error.h"

namespace frugal {
namespace {

constexpr size_t kLargestFile = size_t{1} << 30;

double wall_clock() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string to_line(const MetricsLine& line) {
  Json values = Json::object();
  for (const auto& [name, value] : line.values)
    values[name] = std::isfinite(value) ? Json(value) : Json(nullptr);
  return to_text({{"step", line.step}, {"split", line.split}, {"values", values}, {"time", line.time}}, -1) +
         "\n";
}

MetricsLine parse_line(std::string_view text, const std::string& where) {
  const Json json = parse_json(text, where, {.bytes = 1 << 20, .depth = 4});
  MetricsLine line{
      get_int(json, "step", where), get_string(json, "split", where), {}, get_double(json, "time", where)};
  const Json& values = get_object(json, "values", where);
  for (const auto& [name, value] : values.items())
    line.values.emplace_back(
        name, value.is_null() ? std::numeric_limits<double>::quiet_NaN() : get_double(values, name, where));
  return line;
}

int open_to_append(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) throw_system_error(path, "write", errno);
  return fd;
}

void append(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_system_error(path, "write", errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

std::vector<MetricsLine> read_metrics(const std::string& path) {
  const std::string text = read_file(path, kLargestFile);
  std::vector<MetricsLine> lines;
  std::string_view rest = text;
  for (size_t end; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1))
    lines.push_back(parse_line(rest.substr(0, end), fmt::format("{}:{}", path, lines.size() + 1)));
  return lines;  // what follows the last line break was cut off
}

MetricsWriter::MetricsWriter(const std::string& folder, std::optional<int64_t> resume_step,
                             std::function<double()> clock)
    : lines_path_(folder + "/" + kMetricsFile),
      events_path_(folder + "/" + kEventFile),
      clock_(clock ? std::move(clock) : wall_clock) {
  make_folder(folder);
  std::vector<MetricsLine> kept;
  if (resume_step && std::filesystem::exists(lines_path_)) kept = read_metrics(lines_path_);
  std::erase_if(kept, [&](const MetricsLine& line) { return line.step > *resume_step; });
  std::string lines, events = event_file_start(kept.empty() ? clock_() : kept.front().time);
  for (const MetricsLine& line : kept) {
    lines += to_line(line);
    events += scalar_event(line.time, line.step, line.split, line.values);
  }
  write_file(lines_path_, lines);
  write_file(events_path_, events);
  lines_ = open_to_append(lines_path_);
  try {
    events_ = open_to_append(events_path_);
  } catch (...) {
    ::close(lines_);
    throw;
  }
}

MetricsWriter::~MetricsWriter() {
  ::close(lines_);
  ::close(events_);
}

void MetricsWriter::write(int64_t step, std::string_view split, const NamedValues& values) {
  const MetricsLine line{step, std::string(split), values, clock_()};
  append(lines_, to_line(line), lines_path_);
  append(events_, scalar_event(line.time, step, split, values), events_path_);
}

}  // namespace frugal
