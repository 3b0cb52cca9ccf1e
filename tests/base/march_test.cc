#include "base/march.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace elman {
namespace {

// Counts what ran, and notes a part that saw another part of the step before unfinished.
struct Witness {
  Witness(size_t steps, size_t n) : parts(n), ran(steps * n), finished(steps * n) {}

  void operator()(size_t step, size_t part) {
    if (step > 0)
      for (size_t other = 0; other < parts; ++other)
        if (!finished[(step - 1) * parts + other]) ++early;
    ++ran[step * parts + part];
    finished[step * parts + part] = true;
  }

  size_t parts;
  std::vector<std::atomic<int>> ran;
  std::vector<std::atomic<bool>> finished;
  std::atomic<int> early{0};
};

void expect_each_once(const Witness& witness) {
  EXPECT_EQ(witness.early, 0);
  for (const std::atomic<int>& count : witness.ran) ASSERT_EQ(count, 1);
}

TEST(March, RunsEveryPartOfAStepBeforeTheNext) {
  for (const size_t threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    for (const size_t parts : {1, 2, 3, 5}) {
      Witness witness(2000, parts);
      march(pool, 2000, parts, [&](size_t step, size_t part) { witness(step, part); });
      expect_each_once(witness);
    }
  }
}

TEST(March, TakesOverFromAThreadThatIsLate) {
  ThreadPool pool(2);
  Witness witness(300, 2);
  const std::thread::id caller = std::this_thread::get_id();
  march(pool, 300, 2, [&](size_t step, size_t part) {
    if (std::this_thread::get_id() != caller && step == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    witness(step, part);
  });
  expect_each_once(witness);
}

// Two marches at once on one pool: the second runs on its caller alone.
TEST(March, FinishesWhenThePoolIsBusy) {
  ThreadPool pool(2);
  Witness a(500, 2), b(500, 2);
  std::thread other([&] { march(pool, 500, 2, [&](size_t step, size_t part) { a(step, part); }); });
  march(pool, 500, 2, [&](size_t step, size_t part) { b(step, part); });
  other.join();
  expect_each_once(a);
  expect_each_once(b);
}

}  // namespace
}  // namespace elman
