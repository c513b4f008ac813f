#include "frugal/base/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace frugal {
namespace {

std::atomic<bool> raised{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the signal handler may use nothing that locks");
int guards = 0;
struct sigaction before_interrupt, before_terminate;

extern "C" void note_signal(int signal) {
  if (raised.exchange(true)) _exit(128 + signal);
  const int saved = errno;
  constexpr char kText[] = "\nstopping at the next safe point; again to stop at once\n";
  [[maybe_unused]] const ssize_t written = ::write(2, kText, sizeof kText - 1);
  errno = saved;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  if (guards++ > 0) return;
  raised = false;
  struct sigaction action {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;  // reads and writes under way go on: the work decides where to stop
  sigaction(SIGINT, &action, &before_interrupt);
  sigaction(SIGTERM, &action, &before_terminate);
}

InterruptGuard::~InterruptGuard() {
  if (--guards > 0) return;
  sigaction(SIGINT, &before_interrupt, nullptr);
  sigaction(SIGTERM, &before_terminate, nullptr);
}

bool interrupted() { return raised; }

}  // namespace frugal
