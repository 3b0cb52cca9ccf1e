#pragma once

#include <vector>

#include "cells/cell.h"
#include "kernels/gemm.h"
#include "layers/layer.h"
#include "layers/slices.h"

namespace elman {

// What a recurrent layer's gates start from before h comes in: rows of the gate buffer from rows of x, x W_ih^T + bias.
template <class T>
class InputProjection {
 public:
  virtual ~InputProjection() = default;

  // As Layer's. REQUIRES: the layer's bias is packed.
  virtual void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) = 0;
  virtual void narrow(const Parameters<T>& parameters) = 0;
  // The rows of which a stream's step starts from one: the bias, or what each symbol makes of it.
  virtual ConstView<T> starts() const = 0;

  // x [rows, input] → gates [rows, columns * hidden]. Those columns that the input does not enter hold nothing yet.
  virtual void forward(ThreadPool& pool, ConstView<T> x, View<T> gates) const = 0;

  // What the gradients of the gates of some rows lead to. Serial: callers split columns [begin, end) of the gate
  // buffer, or rows, over threads. Gradients of weights are sums over blocks of rows (kGradientRows), each begun and
  // ended once.
  virtual void begin_block(const BackwardPass<T>&) const {}
  virtual void weight_gradient(const BackwardPass<T>& pass, ConstView<T> x, ConstView<T> d_gates, size_t begin,
                               size_t end) const = 0;
  virtual void input_gradient(ConstView<T> d_gates, View<T> d_x, GemmStart start) const = 0;
  virtual void end_block(const BackwardPass<T>&) const {}
};

// The gate buffer of the layer that a projection belongs to, which owns all this.
template <class T>
struct GateBuffer {
  const CellSpec& spec;
  const Slices& slices;
  const Buffer<T>& bias;  // [columns * hidden]
};

// A product with every row.
template <class T>
class DenseProjection : public InputProjection<T> {
 public:
  // `weight` is the index of the parameter [gates * hidden, input].
  DenseProjection(const GateBuffer<T>& buffer, size_t weight);

  void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) override;
  void narrow(const Parameters<T>& parameters) override;
  ConstView<T> starts() const override { return {buffer_.bias.data(), 1, buffer_.bias.size()}; }
  void forward(ThreadPool& pool, ConstView<T> x, View<T> gates) const override;
  void weight_gradient(const BackwardPass<T>& pass, ConstView<T> x, ConstView<T> d_gates, size_t begin,
                       size_t end) const override;
  void input_gradient(ConstView<T> d_gates, View<T> d_x, GemmStart start) const override;

 private:
  GateBuffer<T> buffer_;
  size_t weight_;
  std::vector<size_t> gates_;          // of the columns that x enters
  std::vector<Segment> rows_;          // of the weight, of all columns
  PackedMatrix<T> packed_;             // a segment a slice
  std::vector<PackedMatrix<T>> back_;  // one a slice
};

}  // namespace elman
