"""Reference values of rnn_relu: torch.nn.RNN."""

import common
import torch


def make_module(num_layers, bidirectional):
    return torch.nn.RNN(common.INPUT, common.HIDDEN, num_layers, nonlinearity="relu", bidirectional=bidirectional)


if __name__ == "__main__":
    common.write("rnn_relu", ["h"], make_module)
