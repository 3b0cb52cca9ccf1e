#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "base/threads.h"

namespace elman {

// Runs body(step, part) for every step < steps and part < parts, all parts of a step before any of the next: a time
// loop whose steps are divided. Thread i prefers part i at every step, whose data its cache holds; a part whose thread
// is late, asleep or without a core is taken by another, so that no step waits for a thread that is not running.
// REQUIRES: body does not throw.
template <class Body>
class March {
 public:
  March(size_t steps, size_t parts, const Body& body)
      : steps_(steps), count_(parts), body_(body), parts_(std::make_unique<Part[]>(parts)) {}

  // What thread `member` does; returns when all is done.
  void run(size_t member) {
    for (size_t step = 0; step < steps_; ++step) {
      try_part(step, member, member);
      for (size_t other = 0; other < count_; ++other) finish(step, other, member);
    }
  }

 private:
  static constexpr int kPatience = 400;  // polls, a few microseconds, before a part passes to another thread
  static constexpr int kSpins = 4000;    // polls before the core is given away

  static constexpr size_t kLine = 64;
  struct alignas(kLine) Part {
    std::atomic<size_t> claimed{0};              // steps; a line that as a rule its owner alone reads
    alignas(kLine) std::atomic<size_t> done{0};  // steps; a line that all others wait for
    std::atomic<size_t> owner{SIZE_MAX};         // who ran the last step
  };

  void try_part(size_t step, size_t part, size_t member) {
    Part& p = parts_[part];
    size_t expected = step;
    if (p.claimed.load(std::memory_order_relaxed) != step) return;
    if (!p.claimed.compare_exchange_strong(expected, step + 1, std::memory_order_acquire)) return;
    body_(step, part);
    if (p.owner.load(std::memory_order_relaxed) != member) p.owner.store(member, std::memory_order_relaxed);
    p.done.store(step + 1, std::memory_order_release);
  }

  void finish(size_t step, size_t part, size_t member) {
    Part& p = parts_[part];
    for (int polls = 0; p.done.load(std::memory_order_acquire) <= step; ++polls) {
      if (polls >= kPatience || p.owner.load(std::memory_order_relaxed) == member) try_part(step, part, member);
      if (polls < kSpins) pause_core();
      else yield_core();
    }
  }

  size_t steps_, count_;
  const Body& body_;
  std::unique_ptr<Part[]> parts_;
};

template <class Body>
void march(ThreadPool& pool, size_t steps, size_t parts, const Body& body) {
  March<Body> run(steps, parts, body);
  pool.split(parts, 1, [&](size_t begin, size_t end) {
    for (size_t member = begin; member < end; ++member) run.run(member);
  });
}

}  // namespace elman
