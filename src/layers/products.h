#pragma once

#include "base/threads.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "kernels/roofline.h"

namespace elman {

// Below this many multiply-adds a product is done before a second thread would have woken.
inline constexpr size_t kWorthThreads = 1 << 16;
// The same where one thread alone made, or will need, what is divided: half of it comes from another core's cache.
inline constexpr size_t kWorthSharing = 1 << 23;
// The same of a product that the thread will only read, and once.
inline size_t worth_fetching() noexcept { return cores_share_a_mesh() ? kWorthSharing : 1 << 19; }

// C = start + A B, rows split over the pool, or B's segments where the rows are few.
template <class T>
void multiply(ThreadPool& pool, ConstView<T> a, const PackedMatrix<T>& b, View<T> c, GemmStart start,
              const T* bias = nullptr) {
  constexpr size_t kFewestRows = 24;  // of a part: fewer do not make up for reading all of B
  const size_t segments = b.segments().size();
  if (a.rows < 2 * kFewestRows && segments > 1) {
    const size_t grain = kWorthThreads / (a.rows * a.cols * b.cols() / segments + 1) + 1;
    return pool.split(segments, grain, [&](size_t begin, size_t end) { gemm<T>(a, b, c, start, bias, {begin, end}); });
  }
  const size_t grain = std::max(kFewestRows, kWorthThreads / (a.cols * b.cols() + 1));
  pool.split(a.rows, grain, [&](size_t begin, size_t end) {
    gemm<T>(a.slice_rows(begin, end - begin), b, c.slice_rows(begin, end - begin), start, bias);
  });
}

// C += A^T B over all rows, the gradient of a weight; A's columns, C's rows, are split over the pool, never the sum.
// Segments say which row of C each column of A belongs to; none: the same.
template <class T>
void add_gradient(ThreadPool& pool, ConstView<T> a, ConstView<T> b, View<T> c, std::span<const Segment> segments = {}) {
  const size_t grain = std::max<size_t>(16, kWorthThreads / (a.rows * b.cols + 1));
  pool.split(a.cols, grain, [&](size_t begin, size_t end) {
    thread_local Buffer<T> workspace;
    gemm_gradient<T>(a, b, c, workspace, {segments, begin, end});
  });
}

// sums [cols] += the columns of a, rows ascending; columns are split over the pool.
template <class T>
void add_column_sums(ThreadPool& pool, ConstView<T> a, T* sums) {
  const size_t grain = std::max<size_t>(64, kWorthThreads / (a.rows + 1));
  pool.split(a.cols, grain,
             [&](size_t begin, size_t end) { column_sums(a.slice_cols(begin, end - begin), sums + begin); });
}

}  // namespace elman
