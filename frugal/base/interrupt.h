// Ctrl-C and SIGTERM as a flag that long work looks at between steps, so that it can save and say how to
// resume.
#pragma once

namespace frugal {

// While one exists, the first SIGINT or SIGTERM only raises the flag (and says so on stderr); the second
// leaves the process at once, with exit code 128 + the signal's number (130 for Ctrl-C). The destructor of
// the outermost guard restores what was there before; the flag is lowered when the outermost guard is made.
// The flag and the handlers belong to the process, as signals do: make guards in one thread only.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

// Whether a signal came since the outermost guard was made. Any thread.
bool interrupted();

}  // namespace frugal
