#pragma once

#include <utility>
#include <vector>

#include "layers/layer.h"

namespace elman {

// Layers one after the other. With none, the identity. With a tape that asks for checkpoints, the first of them, as
// long as none needs the future of a step and up to the first that is many-to-one, run piece by piece (Chen et al.
// 2016).
template <class T>
class SequentialLayer : public Layer<T> {
 public:
  SequentialLayer(size_t id, size_t input_size, std::vector<LayerPtr<T>> layers);

  size_t output_size() const override { return layers_.empty() ? input_ : layers_.back()->output_size(); }
  Steps output_steps(const Steps& steps) const override;
  void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) override;
  void narrow(Parameters<T>& parameters) override;
  void initial_state(const Parameters<T>& parameters, size_t batch, State<T>& state) const override;
  bool needs_future() const override;
  size_t state_size() const override;
  size_t tape_size(const Steps& steps, size_t checkpoint_every) const override;
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;
  void pack_step(const Parameters<T>& parameters) override;
  void step(const Pass<T>& pass, const T* x, size_t width, T* y) const override;

 private:
  enum Slot { kBetween, kOutput, kDeltaOutput, kDeltaInput };
  Steps steps_after(Steps steps, size_t layers) const;
  // Layers [first, last).
  View<T> forward(const Pass<T>& pass, Steps steps, ConstView<T> x, size_t first, size_t last) const;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x, size_t first,
                   size_t last) const;
  // Layers [0, pieceable_), piece by piece.
  bool takes_pieces(const Tape<T>* tape, const Steps& steps) const;
  View<T> forward_pieces(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const;
  View<T> backward_pieces(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const;

  size_t input_;
  std::vector<LayerPtr<T>> layers_;
  size_t pieceable_ = 0;        // layers from the first on that can run piece by piece
  bool many_to_one_ = false;    // the last of these
  std::vector<size_t> widths_;  // each layer's output_size(), for step()
  size_t between_ = 0;          // their sum
};

// The sum of branches that read one input, or their mean: a residual connection when a branch is the identity, a skip
// otherwise. Branches agree in output size and steps.
template <class T>
class SumLayer : public Layer<T> {
 public:
  // REQUIRES: as many weights as branches.
  SumLayer(size_t id, size_t input_size, std::vector<LayerPtr<T>> branches, std::vector<T> weights)
      : Layer<T>(id), input_(input_size), branches_(std::move(branches)), weights_(std::move(weights)) {}

  size_t output_size() const override { return branches_.front()->output_size(); }
  Steps output_steps(const Steps& steps) const override { return branches_.front()->output_steps(steps); }
  void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) override;
  void narrow(Parameters<T>& parameters) override;
  void initial_state(const Parameters<T>& parameters, size_t batch, State<T>& state) const override;
  bool needs_future() const override;
  size_t state_size() const override;
  size_t tape_size(const Steps& steps, size_t checkpoint_every) const override;
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kOutput, kDeltaOutput, kDeltaInput };
  size_t input_;
  std::vector<LayerPtr<T>> branches_;
  std::vector<T> weights_;  // of the branches
};

}  // namespace elman
