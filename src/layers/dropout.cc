#include "layers/dropout.h"

#include <cmath>

#include "kernels/dropout.h"

namespace elman {

template <class T>
DropoutLayer<T>::DropoutLayer(size_t id, size_t size, double rate)
    : Layer<T>(id), size_(size), threshold_(static_cast<int32_t>(std::lround(rate * 0x1p16))) {}

template <class T>
void DropoutLayer<T>::apply(ThreadPool& pool, const Random& random, size_t first_row, ConstView<T> x, View<T> y) const {
  constexpr size_t kGrain = 64;                       // rows
  const uint64_t first = uint64_t{this->id()} << 40;  // each layer draws from a range of its own
  pool.split(x.rows, kGrain, [&](size_t begin, size_t end) {
    drop({random, first + (first_row + begin) * DropoutMask::blocks_of(size_), threshold_},
         x.slice_rows(begin, end - begin), y.slice_rows(begin, end - begin));
  });
}

template <class T>
View<T> DropoutLayer<T>::forward(const Pass<T>& pass, const Steps&, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, x.rows, size_);
  const bool dropped = pass.dropout && threshold_ > 0;
  if (dropped) apply(pass.scratch.pool, *pass.dropout, pass.first_row, x, y);
  else copy_rows(x, y);
  if (pass.tape) {
    auto& entry = pass.tape->entry(this->id());
    entry.dropped = dropped;
    if (dropped) entry.dropout = *pass.dropout;
    entry.first_row = pass.first_row;
  }
  return y;
}

template <class T>
View<T> DropoutLayer<T>::backward(const BackwardPass<T>& pass, const Steps&, View<T> d_y, bool) const {
  const auto& entry = pass.tape.entry(this->id());
  if (entry.dropped) apply(pass.scratch.pool, entry.dropout, entry.first_row, d_y, d_y);
  return d_y;
}

template class DropoutLayer<float>;
template class DropoutLayer<double>;

}  // namespace elman
