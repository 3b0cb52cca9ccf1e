#include "layers/symbol_projection.h"

#include <algorithm>
#include <utility>

#include "layers/embedding.h"
#include "layers/products.h"

namespace elman {

template <class T>
SymbolProjection<T>::SymbolProjection(const GateBuffer<T>& buffer, size_t weight_ih, const Symbols& symbols)
    : buffer_(buffer), symbols_(symbols), dense_(buffer, weight_ih) {}

template <class T>
void SymbolProjection<T>::fill_table(const Parameters<T>& parameters, ThreadPool& pool) {
  const View<T> rows = table_.matrix(symbols_.count, stride()).slice_cols(0, width());
  // Also in the columns that the input does not enter: a stream's step starts from whole rows.
  for (size_t r = 0; r < rows.rows; ++r) std::copy_n(buffer_.bias.data(), width(), rows.row(r));
  dense_.forward(pool, parameters.value(symbols_.weight), rows);
}

template <class T>
void SymbolProjection<T>::pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) {
  dense_.pack(parameters, pool, training);
  fill_table(parameters, pool);
}

template <class T>
void SymbolProjection<T>::narrow(const Parameters<T>& parameters) {
  dense_.narrow(parameters);
  fill_table(parameters, no_threads());
}

template <class T>
void SymbolProjection<T>::forward(ThreadPool& pool, ConstView<T> x, View<T> gates) const {
  for (size_t r = 0; r < x.rows; ++r) symbol_index(x(r, 0), symbols_.count);  // throws, which a thread must not
  const ConstView<T> table = starts();
  pool.split(x.rows, kWorthThreads / width() + 1, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) std::copy_n(table.row(static_cast<size_t>(x(r, 0))), width(), gates.row(r));
  });
}

template <class T>
View<T> SymbolProjection<T>::d_table(const BackwardPass<T>& pass) const {
  return pass.scratch.buffers.matrix(symbols_.id, kDeltaTable, symbols_.count, stride()).slice_cols(0, width());
}

template <class T>
void SymbolProjection<T>::begin_block(const BackwardPass<T>& pass) const {
  pass.scratch.buffers.at(symbols_.id, kDeltaTable).resize_zero(symbols_.count * stride());
}

// d_table[symbol] += d_gates[row]
template <class T>
void SymbolProjection<T>::weight_gradient(const BackwardPass<T>& pass, ConstView<T> x, ConstView<T> d_gates,
                                          size_t begin, size_t end) const {
  const View<T> table = d_table(pass);
  for (size_t r = 0; r < x.rows; ++r)
    axpy(T{1}, {d_gates.row(r) + begin, end - begin}, {table.row(static_cast<size_t>(x(r, 0))) + begin, end - begin});
}

template <class T>
void SymbolProjection<T>::end_block(const BackwardPass<T>& pass) const {
  ThreadPool& pool = pass.scratch.pool;
  const ConstView<T> embedding = std::as_const(pass.parameters).value(symbols_.weight), d_gates = d_table(pass);
  const View<T> d_embedding = pass.parameters.gradient(symbols_.weight);
  const size_t work = symbols_.count * embedding.cols;  // of a column
  pool.split(width(), kWorthThreads / (work + 1) + 1,
             [&](size_t begin, size_t end) { dense_.weight_gradient(pass, embedding, d_gates, begin, end); });
  pool.split(symbols_.count, kWorthThreads / (width() * embedding.cols + 1) + 1, [&](size_t begin, size_t end) {
    dense_.input_gradient(d_gates.slice_rows(begin, end - begin), d_embedding.slice_rows(begin, end - begin),
                          GemmStart::kAccumulate);
  });
}

template class SymbolProjection<float>;
template class SymbolProjection<double>;

}  // namespace elman
