#pragma once

#include <chrono>

namespace elman {

// Seconds since some fixed moment, on a clock that nobody sets.
inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace elman
