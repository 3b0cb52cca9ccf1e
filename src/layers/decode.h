#pragma once

#include <string>

#include "layers/recurrent.h"

namespace elman {

struct DecodeOptions {
  const Cell* cell = nullptr;
  size_t input_size = 0, steps = 0, position_size = 0, features = 0;
  std::string prefix;  // parameters are prefix + "position" and the cell's, prefix + "weight_ih" and so on
};

// An encoder and a decoder of all steps at once: [past + steps, batch, input] → [steps, batch, hidden]. A reader, which
// ends at one step, turns the past into [batch, hidden]; from that as state h, each of the last `steps` rows is one
// step of the cell (parallel decoding, Lin et al. 2023). It reads a learned vector of its place, position [steps,
// position_size], and the row's first `features`, what is known ahead. Other states start at zero. Uses the ids id and
// id + 1.
template <class T>
class DecodeLayer : public Layer<T> {
 public:
  static constexpr size_t kIds = 2;
  DecodeLayer(size_t id, const DecodeOptions& options, LayerPtr<T> reader, Parameters<T>& parameters);

  size_t output_size() const override { return reader_->output_size(); }
  Steps output_steps(const Steps& steps) const override { return {steps_, steps.batch()}; }
  void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) override {
    reader_->pack(parameters, pool, training);
    cell_.pack(parameters, pool, training);
  }
  void narrow(Parameters<T>& parameters) override {
    reader_->narrow(parameters);
    cell_.narrow(parameters);
  }
  size_t tape_size(const Steps& steps, size_t checkpoint_every) const override;
  bool needs_future() const override { return true; }
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kRows, kDeltaState, kDeltaInput };
  // What the reader reads: all but the last steps. Throws kUsage where nothing would be left.
  Steps past(const Steps& steps) const;
  Steps one_step(const Steps& steps) const { return {1, steps_ * steps.batch()}; }
  // A state of one step of all places: h of row m * batch + b is row b of `h`, all else zero.
  State<T> spread(const Parameters<T>& parameters, ConstView<T> h) const;

  size_t input_, steps_, position_size_, features_, position_;
  LayerPtr<T> reader_;
  RecurrentLayer<T> cell_;
};

}  // namespace elman
