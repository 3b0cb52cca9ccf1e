#!/usr/bin/env python3
"""The demo's training beside PyTorch's: the same network, batch, loss and optimiser, alternately in one run.

    python3 -m venv peer && peer/bin/pip install torch==2.13.0
    peer/bin/python benchmarks/peer_training.py [--elman build/release/elman] [--threads 2] [--rounds 3]

elman's time is that of a whole `train forecast` divided by its steps, data pipeline, validation and checkpoints included;
PyTorch's is the bare training step on a batch that is already in memory. The last line is one JSON object.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import torch

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--elman", default="build/release/elman")
parser.add_argument("--series", default="data/co2.csv")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=3)
a = parser.parse_args()
torch.set_num_threads(a.threads)

# data/co2.csv with --horizon 24: 5 segments of 12 values, a mask and a month; quantiles .1 .5 .9 of 24 steps.
STEPS, BATCH, FEATURES, HIDDEN, HORIZON, LEVELS = 5, 128, 26, 64, 24, torch.tensor([0.1, 0.5, 0.9])


class Forecaster(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.GRU(FEATURES, HIDDEN)
        self.dropout = torch.nn.Dropout(0.1)
        self.head = torch.nn.Linear(HIDDEN, HORIZON * len(LEVELS))
        self.skip = torch.nn.Linear(STEPS * FEATURES, HORIZON * len(LEVELS))

    def forward(self, x):
        y, _ = self.rnn(x)
        return self.head(self.dropout(y[-1])) + self.skip(x.transpose(0, 1).reshape(BATCH, -1))


def torch_ms(count=300):
    net = Forecaster()
    adam = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-4)
    x, y = torch.randn(STEPS, BATCH, FEATURES), torch.randn(BATCH, HORIZON, 1)
    for step in range(count + 20):
        if step == 20:
            start = time.perf_counter()
        adam.zero_grad()
        error = y - net(x).view(BATCH, HORIZON, -1)
        torch.maximum(LEVELS * error, (LEVELS - 1) * error).mean().backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
    return (time.perf_counter() - start) / count * 1e3


def elman_ms():
    with tempfile.TemporaryDirectory() as folder:
        command = [os.path.abspath(a.elman), "train", "forecast", a.series, "--horizon", str(HORIZON), "--no-refit", "-q",
                   "--patience", "0", "--threads", str(a.threads), "--json", "-o", os.path.join(folder, "m.safetensors")]
        start = time.perf_counter()
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return (time.perf_counter() - start) / result["steps"] * 1e3


ours, theirs = [], []
for _ in range(a.rounds):
    theirs.append(torch_ms())
    ours.append(elman_ms())
print(json.dumps({"row": "demo_training", "figure": round(statistics.median(theirs) / statistics.median(ours), 2),
                  "unit": "times PyTorch %s" % torch.__version__, "elman_ms": [round(v, 3) for v in ours],
                  "pytorch_ms": [round(v, 3) for v in theirs], "threads": a.threads}))
