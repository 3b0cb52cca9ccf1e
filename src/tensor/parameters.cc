#include "tensor/parameters.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tensor/orthogonal.h"

namespace elman {
namespace {

constexpr size_t kAlignElements = kAlignment / sizeof(float);

template <class T>
void fill_uniform(View<T> block, double bound, Random& random) {
  for (size_t r = 0; r < block.rows; ++r)
    for (size_t c = 0; c < block.cols; ++c) block(r, c) = static_cast<T>(random.uniform(-bound, bound));
}

template <class T>
void fill_block(View<T> block, Init init, Random& random) {
  switch (init) {
    case Init::kZeros: return;
    case Init::kOnes: std::fill_n(block.data, block.rows * block.cols, T{1}); return;
    case Init::kGlorot:
      return fill_uniform(block, std::sqrt(6.0 / static_cast<double>(block.rows + block.cols)), random);
    case Init::kOrthogonal: return fill_orthogonal(block, random);
    case Init::kNormal:
      for (size_t i = 0; i < block.rows * block.cols; ++i) block.data[i] = static_cast<T>(random.normal());
      return;
  }
}

size_t padded(size_t size) { return (size + kAlignElements - 1) / kAlignElements * kAlignElements; }

uint64_t hash(std::string_view text) {  // FNV-1a
  uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

}  // namespace

template <class T>
size_t Parameters<T>::add(std::string name, std::vector<size_t> shape, Init init, size_t blocks) {
  if (find(name)) fail(ErrorCode::kUsage, "parameter '{}' is declared twice; give each layer its own name", name);
  Parameter p{std::move(name), std::move(shape), size_, init, blocks};
  size_ += padded(p.size());
  list_.push_back(std::move(p));
  return list_.size() - 1;
}

template <class T>
void Parameters<T>::allocate() {
  values_.resize_zero(size_);
  gradients_.resize_zero(size_);
}

template <class T>
void Parameters<T>::compact() {
  const Buffer<T> all = std::move(values_);
  size_ = 0;
  for (Parameter& p : list_)
    if (!p.dropped) size_ += padded(p.size());
  values_ = Buffer<T>(size_);
  gradients_ = {};
  size_t next = 0;
  for (Parameter& p : list_) {
    if (p.dropped) continue;
    std::copy_n(all.data() + p.offset, p.size(), values_.data() + next);
    p.offset = next;
    next += padded(p.size());
  }
}

template <class T>
void Parameters<T>::initialize(uint64_t seed) {
  values_.fill(T{});
  for (size_t i = 0; i < list_.size(); ++i) {
    const Parameter& p = list_[i];
    Random random(seed, hash(p.name));
    const View<T> whole = value(i);
    const size_t rows = whole.rows / p.blocks;
    for (size_t b = 0; b < p.blocks; ++b) fill_block(whole.slice_rows(b * rows, rows), p.init, random);
  }
  for (const auto& hook : hooks_) hook(*this);
}

template <class T>
const Parameter* Parameters<T>::find(std::string_view name) const noexcept {
  for (const Parameter& p : list_)
    if (p.name == name) return &p;
  return nullptr;
}

template class Parameters<float>;
template class Parameters<double>;

}  // namespace elman
