#include "optim/clip.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

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

template <class T>
bool all_finite(std::span<const T> values) noexcept {
  constexpr T kLargest = std::numeric_limits<T>::max();
  std::conditional_t<sizeof(T) == sizeof(int32_t), int32_t, int64_t> finite = 1;  // as wide as T: it stays in vectors
  for (const T value : values) finite &= std::fabs(value) <= kLargest;
  return finite;
}

template double euclidean_norm(std::span<const float>) noexcept;
template double euclidean_norm(std::span<const double>) noexcept;
template double clip_by_norm(std::span<float>, double) noexcept;
template double clip_by_norm(std::span<double>, double) noexcept;
template void clip_by_value(std::span<float>, double) noexcept;
template void clip_by_value(std::span<double>, double) noexcept;
template bool all_finite(std::span<const float>) noexcept;
template bool all_finite(std::span<const double>) noexcept;

}  // namespace elman
