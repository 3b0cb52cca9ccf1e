#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/random.h"
#include "tensor/parameters.h"
#include "tensor/steps.h"
#include "tensor/tensor.h"

namespace elman {

// Random values in [-bound, bound], the same for the same stream.
template <class T>
void fill_random(View<T> x, uint64_t stream, double bound = 1.0) {
  Random random(2024, stream);
  for (size_t r = 0; r < x.rows; ++r)
    for (size_t c = 0; c < x.cols; ++c) x(r, c) = static_cast<T>(random.uniform(-bound, bound));
}

template <class T>
Tensor<T> random_tensor(size_t rows, size_t cols, uint64_t stream, double bound = 1.0) {
  Tensor<T> x(rows, cols);
  fill_random<T>(x, stream, bound);
  return x;
}

template <class T>
void fill_random(Buffer<T>& buffer, uint64_t stream, double bound = 1.0) {
  fill_random<T>({buffer.data(), 1, buffer.size()}, stream, bound);
}

// Gives every parameter, zeros and ones at first included, a value of its own: nothing may hide behind a zero.
template <class T>
void randomize(Parameters<T>& parameters, double bound = 0.5) {
  for (size_t i = 0; i < parameters.list().size(); ++i) fill_random<T>(parameters.value(i), 1000 + i, bound);
}

template <class T>
std::vector<T> to_vector(ConstView<T> x) {
  std::vector<T> values;
  for (size_t r = 0; r < x.rows; ++r) values.insert(values.end(), x.row(r), x.row(r) + x.cols);
  return values;
}
template <class T>
std::vector<T> to_vector(View<T> x) {
  return to_vector<T>(ConstView<T>(x));
}
template <class T>
std::vector<T> to_vector(const Buffer<T>& buffer) {
  return {buffer.begin(), buffer.end()};
}

// The rows of one sequence of a packed batch, by time.
template <class T>
Tensor<T> sequence_of(ConstView<T> packed, const Steps& steps, size_t sequence) {
  Tensor<T> rows(steps.length(sequence), packed.cols);
  for (size_t t = 0; t < rows.rows(); ++t)
    std::copy_n(packed.row(steps.offset(t) + sequence), packed.cols, &rows(t, 0));
  return rows;
}

// Equal to the last bit; tells the first element that is not.
template <class T>
::testing::AssertionResult same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << a.size() << " values, expected " << b.size();
  for (size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0)
      return ::testing::AssertionFailure()
             << "element " << i << " of " << a.size() << " is " << ::testing::PrintToString(a[i]) << ", expected "
             << ::testing::PrintToString(b[i]);
  return ::testing::AssertionSuccess();
}

}  // namespace elman
