#include "apps/cli/interrupt.h"

#include <unistd.h>

#include <iterator>
#include <string_view>

#include "elman/error.h"

namespace elman::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};

volatile sig_atomic_t requested_signal = 0;
volatile sig_atomic_t is_quiet = 0;

// Only what POSIX allows inside a signal handler.
extern "C" void on_signal(int number) {
  if (requested_signal) _exit(static_cast<int>(ErrorCode::kInterrupted));
  requested_signal = number;
  if (is_quiet) return;
  constexpr std::string_view kText = "\nelman: stopping after this batch; once more stops at once\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
}

}  // namespace

InterruptGuard::InterruptGuard(bool quiet) {
  is_quiet = quiet;
  requested_signal = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &previous_[i]);
    // A shell starts background jobs deaf to Ctrl-C, and means it.
    if (previous_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &previous_[i], nullptr);
}

bool InterruptGuard::requested() noexcept { return requested_signal != 0; }

}  // namespace elman::cli
