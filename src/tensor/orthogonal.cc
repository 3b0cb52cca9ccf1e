// A product of Householder reflections H = I - v v^T of normal vectors of falling length (Stewart 1980). It has the
// distribution of the orthogonal factor of a normal matrix, for half of the work and of the random numbers:
//   row i of the result = H_0 H_1 ... H_i (+-e_i), and H_i leaves alone what lies before element i.
#include "tensor/orthogonal.h"

#include <cmath>

#include "tensor/tensor.h"

namespace elman {
namespace {

// Four sums side by side on every machine, so that their order is the same on every machine.
constexpr size_t kLanes = 4;
using Lanes = double __attribute__((vector_size(kLanes * sizeof(double))));

Lanes& lanes(double* x) noexcept { return *reinterpret_cast<Lanes*>(x); }
const Lanes& lanes(const double* x) noexcept { return *reinterpret_cast<const Lanes*>(x); }
double total(const Lanes& x) noexcept { return (x[0] + x[2]) + (x[1] + x[3]); }

// Reflections that go over a row together: it is read and written once for all of them.
constexpr size_t kGroup = 4;

class Group {
 public:
  // vectors [kGroup, length]
  explicit Group(ConstView<double> vectors) noexcept : vectors_(vectors) {
    for (size_t g = 0; g < kGroup; ++g) {
      const auto products = dots(vectors.row(g));
      for (size_t h = 0; h < kGroup; ++h) gram_[g][h] = products.of[h];
    }
  }

  // x <- H_0 H_1 H_2 H_3 x
  void reflect(double* x) const noexcept {
    Products c = dots(x);
    for (size_t g = kGroup; g-- > 0;)  // the last comes first; the others see what it left
      for (size_t h = g + 1; h < kGroup; ++h) c.of[g] -= gram_[g][h] * c.of[h];
    for (size_t k = 0; k < vectors_.cols; k += kLanes) {
      Lanes rest = lanes(x + k);
      for (size_t g = 0; g < kGroup; ++g) rest -= c.of[g] * lanes(vectors_.row(g) + k);
      lanes(x + k) = rest;
    }
  }

 private:
  struct Products {
    double of[kGroup];
  };
  Products dots(const double* x) const noexcept {
    Lanes sums[kGroup] = {};
    for (size_t k = 0; k < vectors_.cols; k += kLanes)
      for (size_t g = 0; g < kGroup; ++g) sums[g] += lanes(vectors_.row(g) + k) * lanes(x + k);
    Products result;
    for (size_t g = 0; g < kGroup; ++g) result.of[g] = total(sums[g]);
    return result;
  }

  ConstView<double> vectors_;
  double gram_[kGroup][kGroup];
};

// Draws the reflection that takes +-e_0 to the direction of a normal vector x: v is x + sign(x_0) |x| e_0, scaled to
// v v = 2. Returns -sign(x_0).
double draw_reflection(double* v, size_t n, Random& random) noexcept {
  double square = 0.0;
  for (size_t k = 0; k < n; ++k) {
    v[k] = random.normal();
    square += v[k] * v[k];
  }
  if (square == 0.0) v[0] = square = 1.0;  // the normal numbers are finely grained, not continuous
  const double norm = std::sqrt(square), scale = 1.0 / std::sqrt(square + norm * std::abs(v[0]));
  const double sign = v[0] < 0.0 ? -1.0 : 1.0;
  v[0] += sign * norm;
  for (size_t k = 0; k < n; ++k) v[k] *= scale;
  return -sign;
}

size_t round_up(size_t n, size_t multiple) noexcept { return (n + multiple - 1) / multiple * multiple; }

}  // namespace

template <class T>
void fill_orthogonal(View<T> block, Random& random) {
  const bool wide = block.rows <= block.cols;
  const size_t count = wide ? block.rows : block.cols, length = wide ? block.cols : block.rows;
  const size_t padded_count = round_up(count, kGroup), padded = round_up(length, kLanes);
  Tensor<double> vectors(padded_count, padded), rows(count, padded);  // zero: no reflection
  for (size_t i = 0; i < count; ++i) rows(i, i) = draw_reflection(&vectors(i, i), length - i, random);

  static_assert(kGroup % kLanes == 0, "a group's vectors begin at whole lanes");
  for (size_t first = padded_count; first > 0;) {
    first -= kGroup;
    const Group group(vectors.view().slice_rows(first, kGroup).slice_cols(first, padded - first));
    for (size_t i = first; i < count; ++i) group.reflect(&rows(i, first));
  }
  for (size_t i = 0; i < count; ++i)
    for (size_t k = 0; k < length; ++k) (wide ? block(i, k) : block(k, i)) = static_cast<T>(rows(i, k));
}

template void fill_orthogonal(View<float>, Random&);
template void fill_orthogonal(View<double>, Random&);

}  // namespace elman
