#pragma once

#include "layers/input_projection.h"

namespace elman {

// An embedding that is part of the recurrent layer after it, the only one to read its vectors.
struct Symbols {
  size_t id;  // the embedding's as a layer, whose temporary memory is taken
  size_t count;
  size_t weight;  // index of the parameter [count, input]
};

// A symbol needs no product: what its vector makes of the gates is one of few rows, worked out when weights are packed.
// x [rows, 1] holds symbols, and has no gradient. The bits of forward are those of the embedding and its product.
template <class T>
class SymbolProjection : public InputProjection<T> {
 public:
  SymbolProjection(const GateBuffer<T>& buffer, size_t weight_ih, const Symbols& symbols);

  void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) override;
  void narrow(const Parameters<T>& parameters) override;
  ConstView<T> starts() const override { return {table_.data(), symbols_.count, width(), stride()}; }
  // Throws ErrorCode::kData on what is no symbol.
  void forward(ThreadPool& pool, ConstView<T> x, View<T> gates) const override;
  void begin_block(const BackwardPass<T>& pass) const override;
  void weight_gradient(const BackwardPass<T>& pass, ConstView<T> x, ConstView<T> d_gates, size_t begin,
                       size_t end) const override;
  void input_gradient(ConstView<T>, View<T>, GemmStart) const override {}
  void end_block(const BackwardPass<T>& pass) const override;

 private:
  enum Slot { kDeltaTable };
  size_t width() const { return buffer_.bias.size(); }
  // A cache line more than the width: powers of two would crowd a few sets of the cache.
  size_t stride() const { return buffer_.bias.size() + kAlignment / sizeof(T); }
  void fill_table(const Parameters<T>& parameters, ThreadPool& pool);
  View<T> d_table(const BackwardPass<T>& pass) const;

  GateBuffer<T> buffer_;
  Symbols symbols_;
  DenseProjection<T> dense_;
  Buffer<T> table_;  // [symbols, width()]
};

}  // namespace elman
