// Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), as torch.nn.LSTM:
//   i, f, o = sigmoid(W_ih x + b_ih + W_hh h + b_hh)   g = tanh(the same)
//   c' = f c + i g                                     h' = o tanh(c')
// lstm_peephole adds diagonal weights from the memory: p_i c and p_f c into i and f, p_o c' into o (ONNX's P).
#include "kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cells/lstm.cc"
#include "hwy/foreach_target.h"

#include "cells/cell-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

template <bool kPeephole>
struct LstmMath {
  enum { kI, kF, kG, kO, kColumns };
  enum { kH, kC, kStates };
  enum { kPeepI, kPeepF, kPeepO, kPeepholes };
  static constexpr size_t kVectors = kPeephole ? kPeepholes : 0;
  static constexpr size_t kApart = 0;
  static constexpr size_t kPhases = 1;

  template <size_t, class V>
  static HWY_INLINE void forward(CellLanes<V>& c) {
    V i = c.gate[kI], f = c.gate[kF], o = c.gate[kO];
    if constexpr (kPeephole) {
      i = fma(c.vector[kPeepI], c.prev[kC], i);
      f = fma(c.vector[kPeepF], c.prev[kC], f);
    }
    i = sigmoid(i);
    f = sigmoid(f);
    const V g = tanh(c.gate[kG]);
    const V memory = fma(f, c.prev[kC], i * g);
    if constexpr (kPeephole) o = fma(c.vector[kPeepO], memory, o);
    o = sigmoid(o);
    c.next[kC] = memory;
    c.next[kH] = o * tanh(memory);
    c.gate[kI] = i;
    c.gate[kF] = f;
    c.gate[kG] = g;
    c.gate[kO] = o;
  }

  template <size_t, class V>
  static HWY_INLINE void backward(CellLanes<V>& c) {
    const V one = splat<V>(1.0);
    const V i = c.gate[kI], f = c.gate[kF], g = c.gate[kG], o = c.gate[kO];
    const V squashed = tanh(c.next[kC]);
    const V d_h = c.d_next[kH];
    const V d_o = d_h * squashed * o * (one - o);
    V d_c = fma(d_h * o, fnma(squashed, squashed, one), c.d_next[kC]);
    if constexpr (kPeephole) d_c = fma(d_o, c.vector[kPeepO], d_c);
    const V d_i = d_c * g * i * (one - i);
    const V d_f = d_c * c.prev[kC] * f * (one - f);
    c.d_prev[kC] = d_c * f;
    if constexpr (kPeephole) {
      c.d_prev[kC] = fma(d_i, c.vector[kPeepI], c.d_prev[kC]);
      c.d_prev[kC] = fma(d_f, c.vector[kPeepF], c.d_prev[kC]);
    }
    c.d_prev[kH] = splat<V>(0.0);
    c.d_gate[kI] = d_i;
    c.d_gate[kF] = d_f;
    c.d_gate[kG] = d_c * i * fnma(g, g, one);
    c.d_gate[kO] = d_o;
  }
};

using Lstm = LstmMath<false>;
using LstmPeephole = LstmMath<true>;
ELMAN_CELL_KERNELS(Lstm)
ELMAN_CELL_KERNELS(LstmPeephole)

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {
namespace {

constexpr std::string_view kGates[] = {"i", "f", "g", "o"};
constexpr std::string_view kStates[] = {"h", "c"};
constexpr RecurrentProduct kProducts[] = {
    {.phase = 0, .source = RecurrentProduct::kHidden, .first_gate = 0, .gates = 4, .first_column = 0}};
constexpr CellVector kPeepholes[] = {
    {"peephole_i", 0, 1, false}, {"peephole_f", 1, 1, false}, {"peephole_o", 3, 1, true}};

constexpr CellSpec kLstm{.name = "lstm",
                         .gates = kGates,
                         .columns = 4,
                         .states = kStates,
                         .phases = 1,
                         .products = kProducts,
                         .forget_gate = 1};
constexpr CellSpec kLstmPeephole{.name = "lstm_peephole",
                                 .gates = kGates,
                                 .columns = 4,
                                 .states = kStates,
                                 .phases = 1,
                                 .products = kProducts,
                                 .vectors = kPeepholes,
                                 .forget_gate = 1};

}  // namespace

ELMAN_CELL(kLstmCell, Lstm, kLstm)
ELMAN_CELL(kLstmPeepholeCell, LstmPeephole, kLstmPeephole)

}  // namespace elman
#endif  // HWY_ONCE
