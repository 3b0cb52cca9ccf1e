#include "base/threads.h"

#include <sched.h>

#include <algorithm>

namespace elman {
namespace {

constexpr int kSpins = 2000;   // about 20 us of polling before a worker gives its core away
constexpr int kYields = 200;   // then a while of yielding before it sleeps

void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

size_t available_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

ThreadPool::ThreadPool(size_t threads) {
  if (threads == 0) threads = available_cores();
  for (size_t i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(sleep_);
    stop_ = true;
    generation_.fetch_add(1);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run_range(size_t index) const {
  const size_t begin = std::min(n_, index * chunk_), end = std::min(n_, begin + chunk_);
  if (begin < end) task_.call(task_.context, begin, end);
}

void ThreadPool::run(size_t n, size_t grain, Task task) {
  if (n == 0) return;
  grain = std::max<size_t>(grain, 1);
  const size_t grains = (n + grain - 1) / grain;
  std::unique_lock region(region_, std::defer_lock);
  if (workers_.empty() || grains == 1 || !region.try_lock()) return task.call(task.context, 0, n);

  task_ = task;
  n_ = n;
  chunk_ = (grains + size() - 1) / size() * grain;
  pending_.store(workers_.size(), std::memory_order_relaxed);
  {
    std::lock_guard lock(sleep_);
    generation_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  run_range(0);
  for (int spin = 0; pending_.load(std::memory_order_acquire) != 0; ++spin) {
    if (spin < kSpins) pause();
    else std::this_thread::yield();
  }
}

void ThreadPool::work(size_t index) {
  uint64_t seen = 0;
  for (;;) {
    for (int spin = 0; generation_.load(std::memory_order_acquire) == seen; ++spin) {
      if (spin < kSpins) {
        pause();
      } else if (spin < kSpins + kYields) {
        std::this_thread::yield();
      } else {
        std::unique_lock lock(sleep_);
        wake_.wait(lock, [&] { return generation_.load() != seen; });
      }
    }
    seen = generation_.load(std::memory_order_acquire);
    if (stop_) return;
    run_range(index);
    pending_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace elman
