#pragma once

#include <string>

#include "layers/recurrent.h"

namespace elman {

struct DecodeOptions {
  const Cell* cell = nullptr;
  size_t hidden_size = 0, steps = 0, position_size = 0;
  std::string prefix;  // parameters are prefix + "position" and the cell's, prefix + "weight_ih" and so on
};

// One-to-many, all at once: [batch, hidden] → [steps * batch, hidden]. Output m of a sequence is one recurrent step
// from the input as state h, reading a learned vector of place m (parallel decoding, Lin et al. 2023). position [steps,
// position_size]; other states start at zero. Uses the ids id and id + 1.
template <class T>
class DecodeLayer : public Layer<T> {
 public:
  static constexpr size_t kIds = 2;
  DecodeLayer(size_t id, const DecodeOptions& options, Parameters<T>& parameters);

  size_t output_size() const override { return hidden_; }
  Steps output_steps(const Steps& steps) const override { return {steps_, steps.batch()}; }
  void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) override {
    cell_.pack(parameters, pool, training);
  }
  void narrow(Parameters<T>& parameters) override { cell_.narrow(parameters); }
  size_t tape_size(const Steps& steps, size_t checkpoint_every) const override;
  bool needs_future() const override { return true; }
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kPositions, kDeltaInput };
  Steps one_step(const Steps& steps) const { return {1, steps_ * steps.batch()}; }
  // A state of one step of all places: h of row m * batch + b is row b of `h`, all else zero.
  State<T> spread(const Parameters<T>& parameters, ConstView<T> h) const;

  size_t hidden_, steps_, position_size_, position_;
  RecurrentLayer<T> cell_;
};

}  // namespace elman
