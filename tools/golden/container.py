#!/usr/bin/env python3
"""Writes tests/data/golden/python.safetensors with the safetensors package, and checks a file that elman wrote.

    tools/golden/container.py                 writes the golden file
    tools/golden/container.py --check FILE    exit code 0 if FILE holds the same tensors and metadata

Needs torch and safetensors.
"""

import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "data" / "golden" / "python.safetensors"
METADATA = {"note": "Grüße, \"quoted\"\n"}  # one entry: the package writes several in any order
HALVES = [0.0, -0.0, 1.0, -2.5, 65504.0, 2.0**-24, float("inf"), float("-inf")]
TENSORS = {
    "rnn.weight_ih_l0": torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4,
    "double": torch.tensor([1 / 3, -1e300], dtype=torch.float64),
    "half": torch.tensor(HALVES, dtype=torch.float16),
    "brain": torch.tensor([1.0, -3.140625, 1e38], dtype=torch.bfloat16),
    "steps": torch.tensor(2**53 + 1, dtype=torch.int64),
    "bytes": torch.tensor([0, 127, 255], dtype=torch.uint8),
    "flags": torch.tensor([True, False, True]),
    "empty": torch.zeros(0, 4),
}


def check(path):
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == METADATA, file.metadata()
        assert set(file.keys()) == set(TENSORS), file.keys()
        for name, expected in TENSORS.items():
            found = file.get_tensor(name)
            assert found.dtype == expected.dtype and torch.equal(found, expected), name


def main():
    if sys.argv[1:2] == ["--check"]:
        check(sys.argv[2])
    else:
        save_file(TENSORS, GOLDEN, METADATA)
        check(GOLDEN)


if __name__ == "__main__":
    main()
