"""Reference values of lstm_peephole: the equations of Gers & Schmidhuber (2000), gates in PyTorch's order i f g o.

The same as ONNX's LSTM with its input P, whose gates are in the order i o f c and whose peepholes in the order i o f.
"""

import common
import torch


def step(x, states, p):
    h, c = states
    i, f, g, o = (p.weight_ih @ x + p.bias_ih + p.weight_hh @ h + p.bias_hh).chunk(4)
    i = torch.sigmoid(i + p.peephole_i * c)
    f = torch.sigmoid(f + p.peephole_f * c)
    c = f * c + i * torch.tanh(g)
    o = torch.sigmoid(o + p.peephole_o * c)
    return o * torch.tanh(c), c


def make_module(num_layers, bidirectional):
    return common.StepRnn(step, 4, ["peephole_i", "peephole_f", "peephole_o"], num_layers, bidirectional)


if __name__ == "__main__":
    common.write("lstm_peephole", ["h", "c"], make_module)
