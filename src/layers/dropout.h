#pragma once

#include "layers/layer.h"

namespace elman {

// Zeroes each element with probability `rate` and scales the rest by 1 / (1 - rate) (Srivastava et al. 2014). Runs only
// when the pass brings a random source; the mask is a function of that source and the element's position, so it is
// never stored.
template <class T>
class DropoutLayer : public Layer<T> {
 public:
  // `rate` is rounded to a multiple of 2^-16. REQUIRES: 0 <= rate < 1.
  DropoutLayer(size_t id, size_t size, double rate);

  size_t output_size() const override { return size_; }
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kOutput };
  // Element (r, c) is decided by the random source and (first_row + r, c). y may be x.
  void apply(ThreadPool& pool, const Random& random, size_t first_row, ConstView<T> x, View<T> y) const;
  size_t size_;
  int32_t threshold_;  // of 16 random bits, below which an element is dropped
};

}  // namespace elman
