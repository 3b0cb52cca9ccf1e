#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace elman {

// What a waiting thread does between two looks: for a moment, and when it waits for a thread that may need its core.
inline void pause_core() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}
inline void yield_core() noexcept { std::this_thread::yield(); }

// A fixed team of threads that splits index ranges. Which thread takes a range is left to chance, so that a busy core
// delays nobody; what a range computes is not, and every kernel accumulates in an order that no split changes: results
// have the same bits for any team size.
class ThreadPool {
 public:
  // The caller is one of the `threads`; 0 means one for each core the process may use.
  explicit ThreadPool(size_t threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t size() const noexcept { return workers_.size() + 1; }

  // Calls body(begin, end) on disjoint ranges that cover [0, n), all but the last of one length, which is at
  // least `grain`. Runs inline when that leaves one range, or when the pool is busy with another caller's region.
  // REQUIRES: body does not throw.
  template <class Body>
  void split(size_t n, size_t grain, Body&& body) {
    const size_t most = std::clamp<size_t>(n / std::max<size_t>(grain, 1), 1, size());
    run(n, (n + most - 1) / most,
        {[](void* context, size_t begin, size_t end) {
           (*static_cast<std::remove_reference_t<Body>*>(context))(begin, end);
         },
         const_cast<void*>(static_cast<const void*>(&body))});
  }

  // Calls body(i) for each i < n. A thread that is done takes the next one: for pieces that differ, the longest first.
  // REQUIRES: body does not throw; n < 65536.
  template <class Body>
  void each(size_t n, Body&& body) {
    const auto range = [&](size_t begin, size_t end) {  // the last range is taken first
      for (size_t i = end; i > begin; --i) body(n - i);
    };
    run(n, 1,
        {[](void* context, size_t begin, size_t end) { (*static_cast<decltype(range)*>(context))(begin, end); },
         const_cast<void*>(static_cast<const void*>(&range))});
  }

 private:
  struct Task {
    void (*call)(void* context, size_t begin, size_t end) = nullptr;
    void* context = nullptr;
  };
  void run(size_t n, size_t chunk, Task task);
  void work();
  bool run_one();  // claims and runs a range; false when none is left
  bool any_left() const noexcept { return (open_.load() & kLeftMask) != 0; }

  // Ranges not yet claimed in the low bits, the region's number above them: one compare-and-swap claims a range of this
  // very region.
  static constexpr uint64_t kLeftBits = 16, kLeftMask = (1u << kLeftBits) - 1;
  std::atomic<uint64_t> open_{0};
  std::atomic<size_t> running_{0};  // ranges not yet finished
  std::atomic<size_t> sleepers_{0};
  std::atomic<bool> stop_{false};
  Task task_;
  size_t n_ = 0, chunk_ = 0;
  std::mutex region_;  // held by the caller whose region runs
  std::mutex sleep_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
};

// A team of the caller alone.
inline ThreadPool& no_threads() {
  static ThreadPool pool(1);
  return pool;
}

}  // namespace elman
