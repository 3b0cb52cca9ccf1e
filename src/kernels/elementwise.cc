#include "kernels/elementwise.h"

#include <limits>

#include "kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise.cc"
#include "hwy/foreach_target.h"
#include "kernels/simd-inl.h"

#ifndef ELMAN_KERNELS_ELEMENTWISE_TABLE_
#define ELMAN_KERNELS_ELEMENTWISE_TABLE_
namespace elman {

// The functions of one instruction set.
template <class T>
struct ElementwiseKernels {
  void (*exp)(T*, size_t);
  void (*log)(T*, size_t);
  void (*tanh)(T*, size_t);
  void (*sigmoid)(T*, size_t);
  void (*softmax)(T*, size_t);
  void (*scale)(T, T*, size_t);
  void (*axpy)(T, const T*, T*, size_t);
  double (*sum_of_squares)(const T*, size_t);
  void (*column_sums)(ConstView<T>, T*);
  void (*adam)(const AdamState<T>&, const AdamCoefficients&);
};

}  // namespace elman
#endif

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

struct Exp {
  template <class V>
  HWY_INLINE V operator()(V x) const {
    return exp(x);
  }
};
struct Log {
  template <class V>
  HWY_INLINE V operator()(V x) const {
    return log(x);
  }
};
struct Tanh {
  template <class V>
  HWY_INLINE V operator()(V x) const {
    return tanh(x);
  }
};
struct Sigmoid {
  template <class V>
  HWY_INLINE V operator()(V x) const {
    return sigmoid(x);
  }
};

template <class T, class Function>
void map(T* x, size_t n) {
  using L = Lanes<T>;
  const Function function;
  size_t i = 0;
  for (; i + L::kCount <= n; i += L::kCount) L::store(function(L::load(x + i)), x + i);
  if (i < n) L::store_some(function(L::load_some(x + i, n - i)), x + i, n - i);
}

// A sum in sixteen partial sums whatever the vector width: element i goes to partial sum i mod 16, and these are added
// in pairs at the end.
template <class T>
class FixedSum {
 public:
  static constexpr size_t kParts = 16, kVectors = kParts / Lanes<T>::kCount;

  FixedSum() {
    for (V& part : parts_) part = splat<V>(0);
  }
  void add(size_t vector, typename Lanes<T>::V x) { parts_[vector] = parts_[vector] + x; }
  T total() const {
    T parts[kParts];
    for (size_t v = 0; v < kVectors; ++v) Lanes<T>::store(parts_[v], parts + v * Lanes<T>::kCount);
    for (size_t half = kParts / 2; half > 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) parts[i] += parts[i + half];
    }
    return parts[0];
  }

 private:
  using V = typename Lanes<T>::V;
  V parts_[kVectors];
};

template <class T>
T max_of(const T* x, size_t n) {
  using L = Lanes<T>;
  using V = typename L::V;
  V top = splat<V>(-std::numeric_limits<double>::infinity());
  size_t i = 0;
  for (; i + L::kCount <= n; i += L::kCount) top = max(top, L::load(x + i));
  T tops[L::kCount];
  L::store(top, tops);
  double result = tops[0];
  for (T t : tops) result = max(result, static_cast<double>(t));
  for (; i < n; ++i) result = max(result, static_cast<double>(x[i]));
  return static_cast<T>(result);
}

// x = exp(x - top) for sixteen elements.
template <class T>
HWY_INLINE void exp_block(T* x, typename Lanes<T>::V top, FixedSum<T>& sum) {
  using L = Lanes<T>;
  for (size_t v = 0; v < FixedSum<T>::kVectors; ++v) {
    T* at = x + v * L::kCount;
    const auto y = exp(L::load(at) - top);
    L::store(y, at);
    sum.add(v, y);
  }
}

template <class T>
void scale(T factor, T* x, size_t n) {
  using L = Lanes<T>;
  const auto f = L::splat(factor);
  size_t i = 0;
  for (; i + L::kCount <= n; i += L::kCount) L::store(L::load(x + i) * f, x + i);
  if (i < n) L::store_some(L::load_some(x + i, n - i) * f, x + i, n - i);
}

template <class T>
void softmax(T* x, size_t n) {
  constexpr size_t kBlock = FixedSum<T>::kParts;
  const T top = max_of(x, n);
  const auto tops = Lanes<T>::splat(top);
  FixedSum<T> sum;
  size_t i = 0;
  for (; i + kBlock <= n; i += kBlock) exp_block(x + i, tops, sum);
  if (i < n) {
    T rest[kBlock];
    std::fill(std::copy(x + i, x + n, rest), rest + kBlock, -std::numeric_limits<T>::infinity());  // exp gives 0
    exp_block(rest, tops, sum);
    std::copy_n(rest, n - i, x + i);
  }
  scale(1 / sum.total(), x, n);
}

template <class T>
void axpy(T factor, const T* x, T* y, size_t n) {
  using L = Lanes<T>;
  const auto f = L::splat(factor);
  size_t i = 0;
  for (; i + L::kCount <= n; i += L::kCount) L::store(fma(f, L::load(x + i), L::load(y + i)), y + i);
  if (i < n) L::store_some(fma(f, L::load_some(x + i, n - i), L::load_some(y + i, n - i)), y + i, n - i);
}

// The compiler makes vectors of the inner loop; the sixteen sums fix the order.
template <class T>
double sum_of_squares(const T* x, size_t n) {
  constexpr size_t kParts = FixedSum<double>::kParts;
  double parts[kParts] = {};
  for (; n >= kParts; n -= kParts, x += kParts) {
    for (size_t j = 0; j < kParts; ++j) parts[j] += static_cast<double>(x[j]) * static_cast<double>(x[j]);
  }
  for (size_t j = 0; j < n; ++j) parts[j] += static_cast<double>(x[j]) * static_cast<double>(x[j]);
  FixedSum<double> sum;
  for (size_t j = 0; j < kParts; ++j) sum.add(j, parts[j]);
  return sum.total();
}

template <class T>
void column_sums(ConstView<T> x, T* sums) {
  using L = Lanes<T>;
  constexpr size_t kVectors = 4, kWidth = kVectors * L::kCount;
  size_t col = 0;
  for (; col + kWidth <= x.cols; col += kWidth) {
    typename L::V sum[kVectors];
    for (size_t v = 0; v < kVectors; ++v) sum[v] = L::load(sums + col + v * L::kCount);
    for (size_t r = 0; r < x.rows; ++r) {
      for (size_t v = 0; v < kVectors; ++v) sum[v] = sum[v] + L::load(x.row(r) + col + v * L::kCount);
    }
    for (size_t v = 0; v < kVectors; ++v) L::store(sum[v], sums + col + v * L::kCount);
  }
  for (; col < x.cols; col += L::kCount) {
    const size_t n = std::min(L::kCount, x.cols - col);
    auto sum = L::load_some(sums + col, n);
    for (size_t r = 0; r < x.rows; ++r) sum = sum + L::load_some(x.row(r) + col, n);
    L::store_some(sum, sums + col, n);
  }
}

// The scalars of a step on lanes.
template <class T>
struct AdamLanes {
  using V = typename Lanes<T>::V;
  explicit AdamLanes(const AdamCoefficients& c)
      : take1(splat<V>(1 - c.beta1)),
        beta2(splat<V>(c.beta2)),
        take2(splat<V>(1 - c.beta2)),
        epsilon(splat<V>(c.epsilon)),
        step_size(splat<V>(c.step_size)),
        second_root(splat<V>(c.second_root)),
        keep(splat<V>(c.keep)),
        gradient_scale(splat<V>(c.gradient_scale)) {}

  HWY_INLINE void update(V& value, V gradient, V& first, V& second) const {
    gradient = gradient * gradient_scale;
    first = fma(take1, gradient - first, first);
    second = fma(take2 * gradient, gradient, beta2 * second);
    value = fnma(step_size, first / (sqrt(second) / second_root + epsilon), value * keep);
  }

  V take1, beta2, take2, epsilon, step_size, second_root, keep, gradient_scale;
};

template <class T>
void adam(const AdamState<T>& state, const AdamCoefficients& coefficients) {
  using L = Lanes<T>;
  const AdamLanes<T> lanes(coefficients);
  T *values = state.values.data(), *first = state.first.data(), *second = state.second.data();
  for (size_t i = 0; i < state.values.size(); i += L::kCount) {
    const size_t n = std::min(L::kCount, state.values.size() - i);
    const bool whole = n == L::kCount;
    auto w = whole ? L::load(values + i) : L::load_some(values + i, n);
    auto m = whole ? L::load(first + i) : L::load_some(first + i, n);
    auto v = whole ? L::load(second + i) : L::load_some(second + i, n);
    const T* g = state.gradients.data() + i;
    lanes.update(w, whole ? L::load(g) : L::load_some(g, n), m, v);
    whole ? L::store(w, values + i) : L::store_some(w, values + i, n);
    whole ? L::store(m, first + i) : L::store_some(m, first + i, n);
    whole ? L::store(v, second + i) : L::store_some(v, second + i, n);
  }
}

template <class T>
inline constexpr ElementwiseKernels<T> kElementwise = {&map<T, Exp>,    &map<T, Log>, &map<T, Tanh>, &map<T, Sigmoid>,
                                                       &softmax<T>,     &scale<T>,    &axpy<T>,      &sum_of_squares<T>,
                                                       &column_sums<T>, &adam<T>};

const ElementwiseKernels<float>* elementwise_f32() { return &kElementwise<float>; }
const ElementwiseKernels<double>* elementwise_f64() { return &kElementwise<double>; }

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {

HWY_EXPORT(elementwise_f32);
HWY_EXPORT(elementwise_f64);

namespace {

template <class T>
const ElementwiseKernels<T>& kernels() {
  if constexpr (sizeof(T) == sizeof(float)) {
    return *HWY_DYNAMIC_DISPATCH(elementwise_f32)();
  } else {
    return *HWY_DYNAMIC_DISPATCH(elementwise_f64)();
  }
}

template <class T>
void softmax_each_row(View<T> x) {
  const auto softmax = kernels<T>().softmax;
  for (size_t r = 0; r < x.rows; ++r) softmax(x.row(r), x.cols);
}

template <class T>
void check_and_update(const AdamState<T>& state, const AdamCoefficients& coefficients) {
  ELMAN_DCHECK(state.gradients.size() == state.values.size());
  ELMAN_DCHECK(state.first.size() == state.values.size() && state.second.size() == state.values.size());
  kernels<T>().adam(state, coefficients);
}

}  // namespace

void exp_inplace(std::span<float> x) noexcept { kernels<float>().exp(x.data(), x.size()); }
void exp_inplace(std::span<double> x) noexcept { kernels<double>().exp(x.data(), x.size()); }
void log_inplace(std::span<float> x) noexcept { kernels<float>().log(x.data(), x.size()); }
void log_inplace(std::span<double> x) noexcept { kernels<double>().log(x.data(), x.size()); }
void tanh_inplace(std::span<float> x) noexcept { kernels<float>().tanh(x.data(), x.size()); }
void tanh_inplace(std::span<double> x) noexcept { kernels<double>().tanh(x.data(), x.size()); }
void sigmoid_inplace(std::span<float> x) noexcept { kernels<float>().sigmoid(x.data(), x.size()); }
void sigmoid_inplace(std::span<double> x) noexcept { kernels<double>().sigmoid(x.data(), x.size()); }

void softmax_rows(View<float> x) noexcept { softmax_each_row(x); }
void softmax_rows(View<double> x) noexcept { softmax_each_row(x); }

void scale(float factor, std::span<float> x) noexcept { kernels<float>().scale(factor, x.data(), x.size()); }
void scale(double factor, std::span<double> x) noexcept { kernels<double>().scale(factor, x.data(), x.size()); }

void axpy(float factor, std::span<const float> x, std::span<float> y) noexcept {
  ELMAN_DCHECK(x.size() == y.size());
  kernels<float>().axpy(factor, x.data(), y.data(), y.size());
}
void axpy(double factor, std::span<const double> x, std::span<double> y) noexcept {
  ELMAN_DCHECK(x.size() == y.size());
  kernels<double>().axpy(factor, x.data(), y.data(), y.size());
}

double sum_of_squares(std::span<const float> x) noexcept { return kernels<float>().sum_of_squares(x.data(), x.size()); }
double sum_of_squares(std::span<const double> x) noexcept {
  return kernels<double>().sum_of_squares(x.data(), x.size());
}

void column_sums(ConstView<float> x, float* sums) noexcept { kernels<float>().column_sums(x, sums); }
void column_sums(ConstView<double> x, double* sums) noexcept { kernels<double>().column_sums(x, sums); }

void adam_update(const AdamState<float>& state, const AdamCoefficients& coefficients) noexcept {
  check_and_update(state, coefficients);
}
void adam_update(const AdamState<double>& state, const AdamCoefficients& coefficients) noexcept {
  check_and_update(state, coefficients);
}

}  // namespace elman
#endif  // HWY_ONCE
