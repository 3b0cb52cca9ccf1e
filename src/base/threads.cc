#include "base/threads.h"

#include <sched.h>

#include <algorithm>

namespace elman {
namespace {

// A region often follows the last one within microseconds: a worker polls that long and then sleeps. It never yields: a
// thread that yields on a busy machine loses its core for milliseconds, one that wakes from sleep gets it at once.
constexpr int kSpins = 4000;

size_t available_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

ThreadPool::ThreadPool(size_t threads) {
  if (threads == 0) threads = available_cores();
  for (size_t i = 1; i < std::min<size_t>(threads, kLeftMask); ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(sleep_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

bool ThreadPool::run_one() {
  uint64_t open = open_.load();
  do {
    if ((open & kLeftMask) == 0) return false;
  } while (!open_.compare_exchange_weak(open, open - 1));
  const size_t begin = ((open & kLeftMask) - 1) * chunk_;
  task_.call(task_.context, begin, std::min(n_, begin + chunk_));
  running_.fetch_sub(1);
  return true;
}

void ThreadPool::run(size_t n, size_t chunk, Task task) {
  if (n == 0) return;
  std::unique_lock region(region_, std::defer_lock);
  if (chunk >= n || workers_.empty() || !region.try_lock()) return task.call(task.context, 0, n);

  task_ = task;
  n_ = n;
  chunk_ = chunk;
  const size_t ranges = (n + chunk_ - 1) / chunk_;
  running_ = ranges;
  open_ = ((open_ >> kLeftBits) + 1) << kLeftBits | ranges;
  if (sleepers_ > 0) {
    { std::lock_guard lock(sleep_); }  // a worker is either waiting already or will see the ranges
    wake_.notify_all();
  }
  while (run_one()) {
  }
  for (int spin = 0; running_ != 0; ++spin) {
    if (spin < kSpins) pause_core();
    else yield_core();
  }
}

void ThreadPool::work() {
  for (int idle = 0; !stop_;) {
    if (run_one()) idle = 0;
    else if (++idle < kSpins) pause_core();
    else {
      std::unique_lock lock(sleep_);
      ++sleepers_;
      wake_.wait(lock, [&] { return stop_ || any_left(); });
      --sleepers_;
      idle = 0;
    }
  }
}

}  // namespace elman
