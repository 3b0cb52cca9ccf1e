#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace elman {

// A fixed team of threads that splits index ranges. Work is assigned by position alone, and every kernel accumulates in an
// order that no split changes, so results have the same bits for any team size.
class ThreadPool {
 public:
  // The caller is one of the `threads`; 0 means one for each core the process may use.
  explicit ThreadPool(size_t threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t size() const noexcept { return workers_.size() + 1; }

  // Calls body(begin, end) on disjoint ranges that cover [0, n); each but the last is a multiple of `grain` long.
  // Runs inline when one range suffices, or when the pool is busy with another caller's region.
  template <class Body>
  void split(size_t n, size_t grain, Body&& body) {
    run(n, grain, Task{[](void* context, size_t begin, size_t end) {
                         (*static_cast<std::remove_reference_t<Body>*>(context))(begin, end);
                       },
                       const_cast<void*>(static_cast<const void*>(&body))});
  }

 private:
  struct Task {
    void (*call)(void* context, size_t begin, size_t end) = nullptr;
    void* context = nullptr;
  };
  void run(size_t n, size_t grain, Task task);
  void work(size_t index);
  void run_range(size_t index) const;

  std::vector<std::thread> workers_;
  std::mutex region_;  // held by the caller whose region runs
  std::mutex sleep_;
  std::condition_variable wake_;
  std::atomic<uint64_t> generation_{0};
  std::atomic<size_t> pending_{0};
  std::atomic<bool> stop_{false};
  Task task_;
  size_t n_ = 0, chunk_ = 0;
};

}  // namespace elman
