#include "layers/input_projection.h"

#include "layers/gate_order.h"
#include "layers/products.h"

namespace elman {

template <class T>
DenseProjection<T>::DenseProjection(const GateBuffer<T>& buffer, size_t weight)
    : buffer_(buffer), weight_(weight), gates_(input_gates(buffer.spec)) {
  std::vector<size_t> gate_of = gates_;
  gate_of.resize(buffer_.spec.columns, Segment::kNowhere);
  rows_ = row_of_columns(buffer_.slices, gate_of);
}

template <class T>
void DenseProjection<T>::pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) {
  const ConstView<T> weight = parameters.value(weight_);
  pack_to_gates<T>(weight, gates_, buffer_.slices, 0, pool, packed_);
  back_.resize(training ? buffer_.slices.count() : 0);
  for (size_t s = 0; s < back_.size(); ++s) pack_from_gates<T>(weight, gates_, buffer_.slices, s, {}, pool, back_[s]);
}

template <class T>
void DenseProjection<T>::narrow(const Parameters<T>&) {
  packed_.narrow();
  back_.clear();
}

template <class T>
void DenseProjection<T>::forward(ThreadPool& pool, ConstView<T> x, View<T> gates) const {
  multiply<T>(pool, x, packed_, gates, GemmStart::kBias, buffer_.bias.data());
}

template <class T>
void DenseProjection<T>::weight_gradient(const BackwardPass<T>& pass, ConstView<T> x, ConstView<T> d_gates,
                                         size_t begin, size_t end) const {
  thread_local Buffer<T> workspace;
  gemm_gradient<T>(d_gates, x, pass.parameters.gradient(weight_), workspace, {rows_, begin, end});
}

template <class T>
void DenseProjection<T>::input_gradient(ConstView<T> d_gates, View<T> d_x, GemmStart start) const {
  for (size_t s = 0; s < back_.size(); ++s)
    gemm<T>(buffer_.slices.columns(d_gates, s, 0, gates_.size()), back_[s], d_x, s > 0 ? GemmStart::kAccumulate : start,
            nullptr, {0, SIZE_MAX, panels_after<T>(back_, s, 0)});
}

template class DenseProjection<float>;
template class DenseProjection<double>;

}  // namespace elman
