#pragma once

#include <signal.h>

namespace elman::cli {

// While one lives, the first SIGINT or SIGTERM asks for an orderly end and the second ends the process at once.
class InterruptGuard {
 public:
  explicit InterruptGuard(bool quiet);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool requested() noexcept;

 private:
  struct sigaction previous_[2];
};

}  // namespace elman::cli
