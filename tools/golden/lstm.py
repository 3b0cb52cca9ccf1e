"""Reference values of lstm: torch.nn.LSTM."""

import common
import torch


def make_module(num_layers, bidirectional):
    return torch.nn.LSTM(common.INPUT, common.HIDDEN, num_layers, bidirectional=bidirectional)


if __name__ == "__main__":
    common.write("lstm", ["h", "c"], make_module)
