// Gated recurrent unit (Cho et al. 2014) in its two published forms.
//   r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh)      h' = (1 - z) n + z h
// gru, reset after the product, as torch.nn.GRU:           n = tanh(W_in x + b_in + r (W_hn h + b_hn))
// gru_reset_before, ONNX's linear_before_reset = 0:        n = tanh(W_in x + b_in + W_hn (r h) + b_hn)
#include "kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cells/gru.cc"
#include "hwy/foreach_target.h"

#include "cells/cell-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

struct Gru {
  enum { kN, kR, kZ, kHiddenN, kColumns };  // kHiddenN: W_hn h + b_hn, apart; the columns h enters are neighbours
  enum { kH, kStates };
  static constexpr size_t kVectors = 0;
  static constexpr size_t kApart = 1;
  static constexpr size_t kPhases = 1;

  template <size_t, class V>
  static HWY_INLINE void forward(CellLanes<V>& c) {
    c.gate[kR] = sigmoid(c.gate[kR]);
    c.gate[kZ] = sigmoid(c.gate[kZ]);
    c.gate[kN] = tanh(fma(c.gate[kR], c.gate[kHiddenN], c.gate[kN]));
    c.next[kH] = fma(c.gate[kZ], c.prev[kH] - c.gate[kN], c.gate[kN]);
  }

  template <size_t, class V>
  static HWY_INLINE void backward(CellLanes<V>& c) {
    const V one = splat<V>(1.0);
    const V r = c.gate[kR], z = c.gate[kZ], n = c.gate[kN], hidden_n = c.gate[kHiddenN];
    const V d_h = c.d_next[kH];
    const V d_n = d_h * (one - z) * fnma(n, n, one);
    c.d_gate[kR] = d_n * hidden_n * r * (one - r);
    c.d_gate[kZ] = d_h * (c.prev[kH] - n) * z * (one - z);
    c.d_gate[kN] = d_n;
    c.d_gate[kHiddenN] = d_n * r;
    c.d_prev[kH] = d_h * z;
  }
};

struct GruResetBefore {
  enum { kR, kZ, kN, kColumns };  // the result is r h, the source of n's recurrent product
  enum { kH, kStates };
  static constexpr size_t kVectors = 0;
  static constexpr size_t kApart = 0;
  static constexpr size_t kPhases = 2;
  static constexpr size_t kFirstPhaseColumns = 2;  // r and z

  template <size_t kPhase, class V>
  static HWY_INLINE void forward(CellLanes<V>& c) {
    if constexpr (kPhase == 0) {
      c.gate[kR] = sigmoid(c.gate[kR]);
      c.gate[kZ] = sigmoid(c.gate[kZ]);
      c.result = c.gate[kR] * c.prev[kH];
    } else {
      c.gate[kN] = tanh(c.gate[kN]);
      c.next[kH] = fma(c.gate[kZ], c.prev[kH] - c.gate[kN], c.gate[kN]);
    }
  }

  template <size_t kPhase, class V>
  static HWY_INLINE void backward(CellLanes<V>& c) {
    const V one = splat<V>(1.0);
    if constexpr (kPhase == 1) {
      const V z = c.gate[kZ], n = c.gate[kN], d_h = c.d_next[kH];
      c.d_gate[kZ] = d_h * (c.prev[kH] - n) * z * (one - z);
      c.d_gate[kN] = d_h * (one - z) * fnma(n, n, one);
      c.d_prev[kH] = d_h * z;
    } else {
      const V r = c.gate[kR];
      c.d_gate[kR] = c.d_result * c.prev[kH] * r * (one - r);
      c.d_prev[kH] = fma(c.d_result, r, c.d_prev[kH]);
    }
  }
};

ELMAN_CELL_KERNELS(Gru)
ELMAN_CELL_KERNELS(GruResetBefore)

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {
namespace {

constexpr std::string_view kGates[] = {"r", "z", "n"};
constexpr std::string_view kStates[] = {"h"};
constexpr RecurrentProduct kAfter[] = {
    {.phase = 0, .source = RecurrentProduct::kHidden, .first_gate = 0, .gates = 2, .first_column = 1},
    {.phase = 0, .source = RecurrentProduct::kHidden, .first_gate = 2, .gates = 1, .first_column = 3, .apart = true}};
constexpr size_t kAfterColumns[] = {1, 2, 0};
constexpr RecurrentProduct kBefore[] = {
    {.phase = 0, .source = RecurrentProduct::kHidden, .first_gate = 0, .gates = 2, .first_column = 0},
    {.phase = 1, .source = RecurrentProduct::kResult, .first_gate = 2, .gates = 1, .first_column = 2}};

constexpr CellSpec kGru{.name = "gru",
                        .gates = kGates,
                        .columns = 4,
                        .states = kStates,
                        .phases = 1,
                        .products = kAfter,
                        .gate_columns = kAfterColumns};
constexpr CellSpec kGruResetBefore{.name = "gru_reset_before",
                                   .gates = kGates,
                                   .columns = 3,
                                   .states = kStates,
                                   .phases = 2,
                                   .products = kBefore,
                                   .result = true};

}  // namespace

ELMAN_CELL(kGruCell, Gru, kGru)
ELMAN_CELL(kGruResetBeforeCell, GruResetBefore, kGruResetBefore)

}  // namespace elman
#endif  // HWY_ONCE
