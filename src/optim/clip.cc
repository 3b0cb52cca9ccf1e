#include "optim/clip.h"

#include <atomic>
#include <cmath>

#include "kernels/elementwise.h"

namespace elman {
template <class T>
double euclidean_norm(std::span<const T> values) noexcept {
  return std::sqrt(sum_of_squares(values));
}

template <class T>
double clip_by_norm(std::span<T> gradients, double max_norm) noexcept {
  const double norm = euclidean_norm<T>(gradients);
  if (norm > max_norm && std::isfinite(norm)) scale(static_cast<T>(max_norm / norm), gradients);
  return norm;
}

template <class T>
void clip_by_value(std::span<T> gradients, double max_value) noexcept {
  const T high = static_cast<T>(max_value), low = -high;
  for (T& gradient : gradients) {
    const T capped = gradient > high ? high : gradient;
    gradient = capped < low ? low : capped;
  }
}

bool all_finite(std::span<const float> values, ThreadPool& pool) noexcept {
  constexpr size_t kGrain = 1 << 16;
  std::atomic<bool> finite = true;
  pool.split(values.size(), kGrain, [&](size_t begin, size_t end) {
    // Squares of finite floats stay far below what a double holds.
    if (!std::isfinite(sum_of_squares(values.subspan(begin, end - begin)))) finite = false;
  });
  return finite;
}

template double euclidean_norm(std::span<const float>) noexcept;
template double euclidean_norm(std::span<const double>) noexcept;
template double clip_by_norm(std::span<float>, double) noexcept;
template double clip_by_norm(std::span<double>, double) noexcept;
template void clip_by_value(std::span<float>, double) noexcept;
template void clip_by_value(std::span<double>, double) noexcept;

}  // namespace elman
