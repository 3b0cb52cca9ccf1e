#include "layers/dropout.h"

#include <algorithm>

namespace elman {

template <class T>
void DropoutLayer<T>::apply(ThreadPool& pool, const Random& random, ConstView<T> from, View<T> to) const {
  const auto threshold = static_cast<uint64_t>(rate_ * 0x1p32);
  const T scale = static_cast<T>(1.0 / (1.0 - rate_));
  const size_t blocks = (size_ + 3) / 4;                // four random words at a time
  const uint64_t first = (uint64_t{this->id()} << 40);  // each layer draws from a range of its own
  pool.split(from.rows, 64, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r)
      for (size_t k = 0; k < blocks; ++k) {
        const auto words = random.block(first + r * blocks + k);
        for (size_t c = 4 * k; c < std::min(size_, 4 * k + 4); ++c)
          to(r, c) = words[c % 4] < threshold ? T{} : from(r, c) * scale;
      }
  });
}

template <class T>
View<T> DropoutLayer<T>::forward(const Pass<T>& pass, const Steps&, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, x.rows, size_);
  const bool drop = pass.dropout && rate_ > 0;
  if (drop) apply(pass.scratch.pool, *pass.dropout, x, y);
  else
    for (size_t r = 0; r < x.rows; ++r) std::copy_n(x.row(r), size_, y.row(r));
  if (pass.tape) {
    auto& entry = pass.tape->entry(this->id());
    entry.dropped = drop;
    if (drop) entry.dropout = *pass.dropout;
  }
  return y;
}

template <class T>
View<T> DropoutLayer<T>::backward(const BackwardPass<T>& pass, const Steps&, View<T> d_y, bool) const {
  const auto& entry = pass.tape.entry(this->id());
  if (entry.dropped) apply(pass.scratch.pool, entry.dropout, d_y, d_y);
  return d_y;
}

template class DropoutLayer<float>;
template class DropoutLayer<double>;

}  // namespace elman
