#!/usr/bin/env python3
"""Writes tests/data/golden/optim.json: twenty steps of every optimiser and of the plateau schedule from PyTorch, in float64.

    tools/golden/optim.py [OUTPUT]

Needs torch. The gradient at p is curvature * (p - goal); the learning rate of step t is rates[t].
"""

import json
import sys
from pathlib import Path

import torch

STEPS = 20
START = [1.0, -2.0, 0.5, 3.0, -0.1]
GOAL = [0.0, 1.0, -1.5, 2.0, 0.2]
CURVATURE = [1.0, 0.1, 3.0, 0.5, 10.0]
RATES = [0.05 / (1 + 0.1 * t) for t in range(STEPS)]

CASES = [
    ("sgd", {}),
    ("sgd", {"weight_decay": 0.1}),
    ("sgd", {"momentum": 0.9, "weight_decay": 0.1}),
    ("sgd", {"momentum": 0.8, "nesterov": True, "weight_decay": 0.05}),
    ("rmsprop", {"alpha": 0.95}),
    ("rmsprop", {"momentum": 0.7, "weight_decay": 0.1, "epsilon": 1e-3}),
    ("adam", {}),
    ("adam", {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4, "weight_decay": 0.1}),
    ("adamw", {"weight_decay": 0.0}),
    ("adamw", {"beta1": 0.7, "beta2": 0.9, "weight_decay": 0.3}),
]
PLATEAU = {"patience": 2, "factor": 0.5, "floor": 0.1}
VALIDATION = [1.0, 0.9, 0.95, 0.92, 0.91, 0.89, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.1]


def make_optimizer(name, settings, parameter):
    settings = dict(settings)
    if "epsilon" in settings:
        settings["eps"] = settings.pop("epsilon")
    if name.startswith("adam"):
        settings["betas"] = (settings.pop("beta1", 0.9), settings.pop("beta2", 0.999))
    kinds = {"sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam,
             "adamw": torch.optim.AdamW}
    return kinds[name]([parameter], lr=RATES[0], **settings)


def trajectory(name, settings):
    parameter = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    goal, curvature = torch.tensor(GOAL, dtype=torch.float64), torch.tensor(CURVATURE, dtype=torch.float64)
    optimizer = make_optimizer(name, settings, parameter)
    values = []
    for rate in RATES:
        optimizer.param_groups[0]["lr"] = rate
        parameter.grad = curvature * (parameter.detach() - goal)
        optimizer.step()
        values.append(parameter.detach().tolist())
    return values


def plateau_rates():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=PLATEAU["factor"], threshold=0.0,
                                                          patience=PLATEAU["patience"], min_lr=PLATEAU["floor"])
    rates = []
    for loss in VALIDATION:
        schedule.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def main():
    default = Path(__file__).resolve().parents[2] / "tests" / "data" / "golden" / "optim.json"
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    golden = {"start": START, "goal": GOAL, "curvature": CURVATURE, "rates": RATES,
              "plateau": {**PLATEAU, "losses": VALIDATION, "rates": plateau_rates()},
              "trajectories": [{"name": name, "settings": settings, "values": trajectory(name, settings)}
                               for name, settings in CASES]}
    output.write_text(json.dumps(golden) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
