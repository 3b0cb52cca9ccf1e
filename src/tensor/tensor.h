#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>

#include "tensor/memory.h"
#include "tensor/view.h"

namespace elman {

// Owning 64-byte aligned storage that keeps its memory when it shrinks: buffers reused from call to call stop
// allocating after the largest call. Move-only; copy() is explicit.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t size) { resize_zero(size); }

  // Contents are undefined after a growing resize.
  void resize(size_t size) {
    if (size > capacity_) {
      data_.reset();
      data_.reset(static_cast<T*>(allocate(size * sizeof(T))));
      capacity_ = size;
    }
    size_ = size;
  }
  void resize_zero(size_t size) {
    resize(size);
    fill(T{});
  }
  void fill(T value) { std::fill_n(data(), size_, value); }
  Buffer copy() const {
    Buffer other;
    other.resize(size_);
    std::copy_n(data(), size_, other.data());
    return other;
  }

  T* data() noexcept { return data_.get(); }
  const T* data() const noexcept { return data_.get(); }
  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](size_t i) noexcept { return data_.get()[i]; }
  const T& operator[](size_t i) const noexcept { return data_.get()[i]; }
  T* begin() noexcept { return data(); }
  T* end() noexcept { return data() + size_; }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }

  // The buffer as a matrix; grows to hold it.
  View<T> matrix(size_t rows, size_t cols) {
    resize(rows * cols);
    return {data(), rows, cols};
  }

 private:
  struct Free {
    void operator()(T* p) const noexcept { release(p); }
  };
  std::unique_ptr<T[], Free> data_;
  size_t size_ = 0, capacity_ = 0;
};

// An owning matrix [rows, cols].
template <class T>
class Tensor {
 public:
  Tensor() = default;
  Tensor(size_t rows, size_t cols) : buffer_(rows * cols), rows_(rows), cols_(cols) {}

  size_t rows() const noexcept { return rows_; }
  size_t cols() const noexcept { return cols_; }
  size_t size() const noexcept { return rows_ * cols_; }
  T* data() noexcept { return buffer_.data(); }
  const T* data() const noexcept { return buffer_.data(); }
  T& operator()(size_t r, size_t c) noexcept { return buffer_[r * cols_ + c]; }
  const T& operator()(size_t r, size_t c) const noexcept { return buffer_[r * cols_ + c]; }
  View<T> view() noexcept { return {data(), rows_, cols_}; }
  ConstView<T> view() const noexcept { return {data(), rows_, cols_}; }
  operator View<T>() noexcept { return view(); }
  operator ConstView<T>() const noexcept { return view(); }

 private:
  Buffer<T> buffer_;
  size_t rows_ = 0, cols_ = 0;
};

}  // namespace elman
