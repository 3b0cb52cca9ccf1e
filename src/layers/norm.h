#pragma once

#include <string>

#include "layers/layer.h"

namespace elman {

// y = (x - mean) / sqrt(variance + 1e-5) * weight + bias over the features of each row, as torch.nn.LayerNorm
// (Ba et al. 2016). weight and bias are [size].
template <class T>
class LayerNormLayer : public Layer<T> {
 public:
  LayerNormLayer(size_t id, size_t size, const std::string& prefix, Parameters<T>& parameters);

  size_t output_size() const override { return size_; }
  size_t tape_size(const Steps& steps, size_t) const override { return steps.rows() * (2 * size_ + 1); }
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kOutput, kNormalised, kInverse, kDeltaInput };
  size_t size_, weight_, bias_;
};

}  // namespace elman
