#pragma once

#include <string>

#include "kernels/gemm.h"
#include "layers/layer.h"

namespace elman {

struct LinearOptions {
  size_t input_size = 0, output_size = 0;
  bool zero_start = false;  // weights begin at zero: a skip that at first adds nothing
  std::string prefix;       // parameters are prefix + "weight" and prefix + "bias"
};

// y = x W^T + b, row by row, as torch.nn.Linear. weight [output, input], bias [output].
template <class T>
class LinearLayer : public Layer<T> {
 public:
  LinearLayer(size_t id, const LinearOptions& options, Parameters<T>& parameters);

  size_t output_size() const override { return output_; }
  void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) override;
  void narrow(Parameters<T>& parameters) override;
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;
  void step(const Pass<T>& pass, const T* x, size_t width, T* y) const override;

 private:
  static constexpr size_t kFewOutputs = 8;  // fewer than a panel's columns
  bool has_dot() const { return output_ <= kFewOutputs; }
  void keep_rounded(const Parameters<T>& parameters);
  enum Slot { kOutput, kDeltaInput };
  size_t input_, output_, weight_, bias_;
  PackedMatrix<T> packed_, packed_back_;  // not packed_ if has_dot()
  DotKernel<T> dot_ = nullptr;            // with what it reads
  ConstView<T> dot_weight_;
  const T* dot_bias_ = nullptr;
  Buffer<T> rounded_;  // weight and bias of a narrow layer of few outputs
};

}  // namespace elman
