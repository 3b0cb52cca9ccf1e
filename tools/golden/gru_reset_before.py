"""Reference values of gru_reset_before: the equations of Cho et al. (2014), gates in the order r z n, biases as PyTorch's.

The same as ONNX's GRU with linear_before_reset = 0, whose gates are in the order z r h.
"""

import common
import torch


def step(x, states, p):
    (h,) = states
    w_r, w_z, w_n = p.weight_ih.chunk(3)
    u_r, u_z, u_n = p.weight_hh.chunk(3)
    b_r, b_z, b_n = (p.bias_ih + p.bias_hh).chunk(3)
    r = torch.sigmoid(w_r @ x + u_r @ h + b_r)
    z = torch.sigmoid(w_z @ x + u_z @ h + b_z)
    n = torch.tanh(w_n @ x + u_n @ (r * h) + b_n)
    return ((1 - z) * n + z * h,)


def make_module(num_layers, bidirectional):
    return common.StepRnn(step, 3, [], num_layers, bidirectional)


if __name__ == "__main__":
    common.write("gru_reset_before", ["h"], make_module)
