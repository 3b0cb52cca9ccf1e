#pragma once

#include <string>

#include "layers/layer.h"

namespace elman {

// Declares the parameter prefix + "weight" [symbols, size], a vector for each symbol, and returns its index.
template <class T>
size_t add_embedding(Parameters<T>& parameters, const std::string& prefix, size_t symbols, size_t size);

// The symbol as an index. Throws ErrorCode::kData unless it is a whole number below `symbols`.
template <class T>
size_t symbol_index(T symbol, size_t symbols);

// A learned vector for each symbol, as torch.nn.Embedding. x [rows, 1] holds indices as whole numbers (exact in float
// up to 2^24); y [rows, size] their rows of weight [symbols, size]. Its input has no gradient. Few symbols that a
// recurrent layer reads need no such layer: see symbol_projection.h.
template <class T>
class EmbeddingLayer : public Layer<T> {
 public:
  EmbeddingLayer(size_t id, size_t symbols, size_t size, const std::string& prefix, Parameters<T>& parameters);

  size_t output_size() const override { return size_; }
  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

 private:
  enum Slot { kOutput };
  size_t symbols_, size_, weight_;
};

}  // namespace elman
