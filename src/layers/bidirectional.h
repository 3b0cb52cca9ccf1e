#pragma once

#include "layers/recurrent.h"

namespace elman {

// Two recurrent layers over one input, the second in reverse: y[t] = [forward h[t], reverse h[t]] (Schuster & Paliwal
// 1997). Options are those of one direction; `reverse` is ignored and the second one's names end in "_reverse".
template <class T>
class BidirectionalLayer : public Layer<T> {
 public:
  static constexpr size_t kIds = 3;  // its own and one for each direction: id, id + 1, id + 2
  BidirectionalLayer(size_t id, RecurrentOptions options, Parameters<T>& parameters);

  size_t output_size() const override { return 2 * hidden_; }
  void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) override;
  void narrow(Parameters<T>& parameters) override;
  void initial_state(const Parameters<T>& parameters, size_t batch, State<T>& state) const override;
  bool needs_future() const override { return true; }
  size_t state_size() const override { return forward_.state_size() + reverse_.state_size(); }
  size_t tape_size(const Steps& steps, size_t checkpoint_every) const override {
    return forward_.tape_size(steps, checkpoint_every) + reverse_.tape_size(steps, checkpoint_every);
  }
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kOutput, kDeltaInput };
  static RecurrentOptions direction(RecurrentOptions options, bool reverse);
  size_t input_, hidden_;
  RecurrentLayer<T> forward_, reverse_;
};

}  // namespace elman
