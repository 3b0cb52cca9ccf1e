#pragma once

#include "layers/layer.h"

namespace elman {

// Many-to-one: the output at each sequence's own last step, [batch, size]. Of a bidirectional layer the reverse half
// [size/2, size) is taken at step 0, where that direction ends.
template <class T>
class LastStepLayer : public Layer<T> {
 public:
  LastStepLayer(size_t id, size_t size, bool bidirectional)
      : Layer<T>(id), size_(size), bidirectional_(bidirectional) {}

  size_t output_size() const override { return size_; }
  Steps output_steps(const Steps& steps) const override { return {1, steps.batch()}; }
  bool needs_future() const override { return bidirectional_; }
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kOutput, kDeltaInput };
  // Row of sequence b that column c is taken from.
  size_t row(const Steps& steps, size_t b, bool reverse) const {
    return steps.offset(reverse ? 0 : steps.length(b) - 1) + b;
  }
  size_t size_;
  bool bidirectional_;
};

// All steps of each sequence side by side: [steps * batch, size] → [batch, steps * size]. Sequences must have `steps`
// steps.
template <class T>
class FlattenLayer : public Layer<T> {
 public:
  FlattenLayer(size_t id, size_t steps, size_t size) : Layer<T>(id), steps_(steps), size_(size) {}

  size_t output_size() const override { return steps_ * size_; }
  Steps output_steps(const Steps& steps) const override { return {1, steps.batch()}; }
  bool needs_future() const override { return true; }
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kOutput, kDeltaInput };
  size_t steps_, size_;
};

// Steps [first, first + count) and the first `features` of each, without a copy. Sequences must be of one length that
// reaches so far.
template <class T>
class CropLayer : public Layer<T> {
 public:
  CropLayer(size_t id, size_t first, size_t count, size_t features, size_t input_size)
      : Layer<T>(id), first_(first), count_(count), features_(features), input_(input_size) {}

  size_t output_size() const override { return features_; }
  Steps output_steps(const Steps& steps) const override { return {count_, steps.batch()}; }
  size_t tape_size(const Steps&, size_t) const override { return 0; }
  bool needs_future() const override { return true; }
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kDeltaInput };
  size_t first_, count_, features_, input_;
};

}  // namespace elman
