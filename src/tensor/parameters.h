#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "tensor/tensor.h"

namespace elman {

// How a parameter gets its first values.
// Glorot: uniform within sqrt(6 / (rows + cols)) (Glorot & Bengio 2010). Orthogonal: fill_orthogonal(). Normal:
// standard.
enum class Init { kZeros, kOnes, kGlorot, kOrthogonal, kNormal };

// A named matrix inside the slab. A vector is a matrix of one row.
struct Parameter {
  std::string name;           // PyTorch's name, e.g. "rnn.weight_ih_l0"
  std::vector<size_t> shape;  // one or two dimensions
  size_t offset = 0;          // first element in the slab
  Init init = Init::kZeros;
  size_t blocks = 1;     // independent row blocks for Glorot and orthogonal: one a gate
  bool dropped = false;  // Parameters::drop()
  size_t rows() const noexcept { return shape.size() == 2 ? shape[0] : 1; }
  size_t cols() const noexcept { return shape.back(); }
  size_t size() const noexcept { return rows() * cols(); }
};

// All parameters of a model in one slab of values and a parallel slab of gradients: clipping, optimisers, saving and
// averaging are loops over one span.
template <class T>
class Parameters {
 public:
  // Declares a parameter and returns its index; storage comes with allocate(). Throws kUsage on a name declared twice.
  size_t add(std::string name, std::vector<size_t> shape, Init init, size_t blocks = 1);
  // Memory for all that was declared, zeroed. REQUIRES: nothing is declared afterwards.
  void allocate();
  // Gives up a parameter's values; compact() then frees all that were given up, and the gradients. What is left can be
  // read, but neither trained nor saved.
  void drop(size_t index) { list_[index].dropped = true; }
  void compact();
  // Fills every parameter by its Init; each has a random stream of its own, so adding one leaves the others as they
  // were. The hooks of after_initialize() run last (forget bias 1).
  void initialize(uint64_t seed);
  // Registered by layers: called after initialize() to set values that Init cannot express.
  void after_initialize(std::function<void(Parameters&)> hook) { hooks_.push_back(std::move(hook)); }

  const std::vector<Parameter>& list() const noexcept { return list_; }
  const Parameter* find(std::string_view name) const noexcept;
  size_t size() const noexcept { return size_; }

  Buffer<T>& values() noexcept { return values_; }
  const Buffer<T>& values() const noexcept { return values_; }
  Buffer<T>& gradients() noexcept { return gradients_; }
  const Buffer<T>& gradients() const noexcept { return gradients_; }

  View<T> value(size_t index) noexcept { return of(values_.data(), index); }
  ConstView<T> value(size_t index) const noexcept { return of(values_.data(), index); }
  View<T> gradient(size_t index) noexcept { return of(gradients_.data(), index); }

 private:
  template <class U>
  View<U> of(U* slab, size_t index) const noexcept {
    const Parameter& p = list_[index];
    ELMAN_DCHECK(!p.dropped);
    return {slab + p.offset, p.rows(), p.cols()};
  }
  std::vector<Parameter> list_;
  std::vector<std::function<void(Parameters&)>> hooks_;
  Buffer<T> values_, gradients_;
  size_t size_ = 0;
};

}  // namespace elman
