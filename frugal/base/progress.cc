#include "frugal/base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "frugal/base/format.h"

namespace frugal {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kLineSeconds = 5;
constexpr int kBarCells = 20;

// The first `columns` code points, with controls shown as '?': names may come from files.
std::string fitted(std::string_view text, int columns) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool starts = (byte & 0xc0) != 0x80;
    if (starts && columns-- <= 0) break;
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return out;
}

std::string bar(double share) {
  const int full = static_cast<int>(share * kBarCells);
  return fmt::format("[{}{}]", std::string(static_cast<size_t>(full), '#'),
                     std::string(static_cast<size_t>(kBarCells - full), '-'));
}

int stderr_width() {
  winsize size{};
  return ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

ProgressOptions ProgressOptions::for_stderr(bool quiet) {
  const char* kind = std::getenv("TERM");
  ProgressOptions options;
  options.quiet = quiet;
  options.terminal = ::isatty(2) != 0 && kind != nullptr && std::string_view(kind) != "dumb";
  options.now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  options.write = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
  options.width = stderr_width;
  return options;
}

Progress::Progress(ProgressOptions options) : options_(std::move(options)) {}

Progress::~Progress() {
  if (drawn_) options_.write("\n");
}

void Progress::plan(int phases, double weight) {
  phases_ = phases;
  planned_ = weight;
}

void Progress::begin(Phase phase) {
  assert(!current_);
  current_ = std::move(phase);
  ++phase_;
  step_ = current_->done;
  units_ = 0;
  loss_.reset();
  begun_ = shown_ = options_.now();
  if (options_.quiet) return;
  if (options_.terminal) return draw();
  std::string line = title() + ": begins";
  if (current_->steps > 0) line += fmt::format(", {} steps", format_count(current_->steps));
  if (current_->done > 0) line += fmt::format(", resumed at step {}", format_count(current_->done));
  report(line);
}

void Progress::advance(int64_t step, int64_t units, std::optional<double> loss) {
  assert(current_);
  step_ = step;
  units_ += units;
  if (loss) loss_ = loss;
  if (options_.quiet) return;
  const double now = options_.now();
  if (now - shown_ < (options_.terminal ? kRedrawSeconds : kLineSeconds)) return;
  shown_ = now;
  if (options_.terminal) return draw();
  std::string line = fmt::format("{}: step {}", title(), format_count(step_));
  if (current_->steps > 0)
    line += fmt::format("/{} ({:.0f}%)", format_count(current_->steps), 100 * done_share());
  report(line + rates() + time_left());
}

void Progress::end(std::string_view result) {
  assert(current_);
  const double seconds = options_.now() - begun_;
  std::string line = fmt::format("{}: done in {}{}", title(), format_duration(seconds), rates());
  if (!result.empty()) line += fmt::format("  {}", result);
  const double weight = current_->weight;
  const double before =
      current_->steps > 0 ? static_cast<double>(current_->done) / static_cast<double>(current_->steps) : 0;
  finished_ += weight;
  measured_ += weight * (1 - before);
  measured_seconds_ += seconds;
  current_.reset();
  report(line);
}

void Progress::skip(std::string_view name, double weight, std::string_view why) {
  assert(!current_);
  ++phase_;
  finished_ += weight;
  const std::string number = phases_ > 0 ? fmt::format("{}/{} ", phase_, phases_) : "";
  report(fmt::format("{}{}: {}", number, name, why));
}

void Progress::say(std::string_view line) {
  report(line);
  if (current_ && options_.terminal && !options_.quiet) draw();
}

void Progress::report(std::string_view line) {
  if (options_.quiet) return;
  options_.write(fmt::format("{}{}\n", drawn_ ? "\r\x1b[K" : "", fitted(line, 1000)));
  drawn_ = false;
}

void Progress::draw() {
  std::string line = title();
  if (current_->steps > 0) {
    line += fmt::format("  {} {:3.0f}% step {}/{}", bar(done_share()), 100 * done_share(),
                        format_count(step_), format_count(current_->steps));
  } else {
    line += fmt::format("  step {}", format_count(step_));
  }
  line += rates() + time_left();
  // One column stays free: a full line would wrap on some terminals.
  options_.write(fmt::format("\r{}\x1b[K", fitted(line, std::max(1, options_.width() - 1))));
  drawn_ = true;
}

std::string Progress::title() const {
  return phases_ > 0 ? fmt::format("{}/{} {}", phase_, phases_, current_->name) : current_->name;
}

std::string Progress::rates() const {
  std::string text;
  const double seconds = options_.now() - begun_;
  if (units_ > 0 && seconds > 0)
    text += fmt::format(
        "  {}/s",
        fmt::format("{} {}", format_number(static_cast<double>(units_) / seconds, 3), current_->unit));
  if (loss_) text += fmt::format("  loss {}", format_number(*loss_, 3));
  return text;
}

std::string Progress::time_left() const {
  const double seconds = options_.now() - begun_;
  const auto done_here = static_cast<double>(step_ - current_->done);
  if (current_->steps <= 0 || done_here <= 0) return "";
  const double phase_left = seconds / done_here * static_cast<double>(current_->steps - step_);
  std::string text = fmt::format("  {} left", format_duration(phase_left));
  if (phases_ == 0) return text;
  // The phase under way says its own time; the phases after it go at the speed of all weight done so far.
  const double here = current_->weight * done_here / static_cast<double>(current_->steps);
  const double speed = (measured_seconds_ + seconds) / (measured_ + here);
  const double after = std::max(0.0, planned_ - finished_ - current_->weight);
  return text + fmt::format(", whole {} left", format_duration(phase_left + (after > 0 ? after * speed : 0)));
}

double Progress::done_share() const {
  return std::clamp(static_cast<double>(step_) / static_cast<double>(current_->steps), 0.0, 1.0);
}

}  // namespace frugal
