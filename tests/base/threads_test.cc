#include "base/threads.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace elman {
namespace {

using Ranges = std::set<std::pair<size_t, size_t>>;

Ranges ranges_of(ThreadPool& pool, size_t n, size_t grain) {
  Ranges ranges;
  std::mutex mutex;
  pool.split(n, grain, [&](size_t begin, size_t end) {
    std::lock_guard lock(mutex);
    ranges.emplace(begin, end);
  });
  return ranges;
}

TEST(ThreadPool, RangesCoverAllOnceAndAreEqual) {
  for (const size_t threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (const size_t n : {0, 1, 7, 64, 100, 1000})
      for (const size_t grain : {0, 1, 3, 64, 5000}) {
        size_t next = 0;
        const Ranges ranges = ranges_of(pool, n, grain);
        for (const auto& [begin, end] : ranges) {
          EXPECT_EQ(begin, next);
          EXPECT_GT(end, begin);
          EXPECT_TRUE(end == n || end - begin == ranges.begin()->second) << end - begin;
          EXPECT_TRUE(end == n || end - begin >= grain) << end - begin;
          next = end;
        }
        EXPECT_EQ(next, n);
        EXPECT_LE(ranges.size(), threads);
      }
  }
}

TEST(ThreadPool, UsesItsThreads) {
  ThreadPool pool(3);
  EXPECT_EQ(ranges_of(pool, 3, 1).size(), 3u);
  EXPECT_GE(ThreadPool().size(), 1u);
}

// Region after region, without a range lost or run twice; long pauses put the workers to sleep.
TEST(ThreadPool, ManyRegions) {
  ThreadPool pool(3);
  std::vector<int> counts(64);
  for (int region = 0; region < 20000; ++region) {
    pool.split(counts.size(), 4, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) ++counts[i];
    });
    if (region % 5000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(counts, std::vector<int>(64, 20000));
}

TEST(ThreadPool, EachPieceRunsOnce) {
  for (const size_t threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    for (const size_t n : {0, 1, 2, 7, 500}) {
      std::vector<int> counts(n);
      pool.each(n, [&](size_t i) { ++counts[i]; });
      EXPECT_EQ(counts, std::vector<int>(n, 1));
    }
  }
}

// The first pieces, said to be the longest, are begun first.
TEST(ThreadPool, PiecesBeginInOrder) {
  ThreadPool pool(1);
  std::vector<size_t> order;
  pool.each(5, [&](size_t i) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2, 3, 4}));
}

TEST(ThreadPool, ABusyPoolRunsInline) {
  ThreadPool pool(2);
  std::vector<int> counts(2000);
  const auto count = [&](size_t first) {
    for (int region = 0; region < 2000; ++region)
      pool.split(1000, 10, [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) ++counts[first + i];
      });
  };
  std::thread other(count, 1000);
  count(0);
  other.join();
  EXPECT_EQ(counts, std::vector<int>(2000, 2000));
}

}  // namespace
}  // namespace elman
