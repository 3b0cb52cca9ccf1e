"""Reference values of rnn_tanh: torch.nn.RNN."""

import common
import torch


def make_module(num_layers, bidirectional):
    return torch.nn.RNN(common.INPUT, common.HIDDEN, num_layers, nonlinearity="tanh", bidirectional=bidirectional)


if __name__ == "__main__":
    common.write("rnn_tanh", ["h"], make_module)
