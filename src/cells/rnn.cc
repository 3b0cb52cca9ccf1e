// The simple recurrent network (Elman 1990), as torch.nn.RNN:
//   h' = f(W_ih x + b_ih + W_hh h + b_hh),  f = tanh (rnn_tanh) or relu (rnn_relu)
#include "kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cells/rnn.cc"
#include "hwy/foreach_target.h"

#include "cells/cell-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

template <bool kRelu>
struct RnnMath {
  enum { kPre, kColumns };
  enum { kH, kStates };
  static constexpr size_t kVectors = 0;
  static constexpr size_t kApart = 0;
  static constexpr size_t kPhases = 1;

  template <size_t, class V>
  static HWY_INLINE void forward(CellLanes<V>& c) {
    if constexpr (kRelu) c.next[kH] = relu(c.gate[kPre]);
    else c.next[kH] = tanh(c.gate[kPre]);
  }

  template <size_t, class V>
  static HWY_INLINE void backward(CellLanes<V>& c) {
    const V h = c.next[kH];
    if constexpr (kRelu) c.d_gate[kPre] = c.d_next[kH] * step(h);
    else c.d_gate[kPre] = c.d_next[kH] * fnma(h, h, splat<V>(1.0));
    c.d_prev[kH] = splat<V>(0.0);
  }
};

using RnnTanh = RnnMath<false>;
using RnnRelu = RnnMath<true>;
ELMAN_CELL_KERNELS(RnnTanh)
ELMAN_CELL_KERNELS(RnnRelu)

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {
namespace {

constexpr std::string_view kGates[] = {"h"};
constexpr std::string_view kStates[] = {"h"};
constexpr RecurrentProduct kProducts[] = {
    {.phase = 0, .source = RecurrentProduct::kHidden, .first_gate = 0, .gates = 1, .first_column = 0}};

constexpr CellSpec spec(std::string_view name) {
  return {.name = name, .gates = kGates, .columns = 1, .states = kStates, .phases = 1, .products = kProducts};
}

}  // namespace

ELMAN_CELL(kRnnTanhCell, RnnTanh, spec("rnn_tanh"))
ELMAN_CELL(kRnnReluCell, RnnRelu, spec("rnn_relu"))

}  // namespace elman
#endif  // HWY_ONCE
