"""Reference values of gru: torch.nn.GRU."""

import common
import torch


def make_module(num_layers, bidirectional):
    return torch.nn.GRU(common.INPUT, common.HIDDEN, num_layers, bidirectional=bidirectional)


if __name__ == "__main__":
    common.write("gru", ["h"], make_module)
