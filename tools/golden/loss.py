#!/usr/bin/env python3
"""Writes tests/data/golden/loss.json: losses and their gradients from PyTorch, pinball from NumPy, in float64.

    tools/golden/loss.py [OUTPUT]

Needs torch and numpy. Each case is the weighted mean over the targets that are not missing (null), with its gradient.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch import distributions as D
from torch.nn import functional as F

ROWS, TARGETS = 6, 2
FLOOR = 1e-6  # keeps positive parameters away from 0, in the library too
QUANTILES = [0.05, 0.5, 0.8]
DELTA = 0.7
CLASSES = 5


def positive(raw):
    return F.softplus(raw) + FLOOR


def gaussian(p, y):
    return F.gaussian_nll_loss(p[..., 0], y, positive(p[..., 1]) ** 2, full=True, eps=0, reduction="none")


def student_t(p, y):
    return -D.StudentT(2 + F.softplus(p[..., 2]), p[..., 0], positive(p[..., 1])).log_prob(y)


def negative_binomial(p, y):
    mean, dispersion = positive(p[..., 0]), positive(p[..., 1])
    return -D.NegativeBinomial(1 / dispersion, logits=torch.log(mean * dispersion)).log_prob(y)


def single(loss):
    """A loss of one prediction column."""
    return lambda p, y: loss(p[..., 0], y, reduction="none")


# name: (columns a target, targets, loss of p [n, columns] and y [n], settings)
TORCH = {
    "mse": (1, "real", single(F.mse_loss), {}),
    "mae": (1, "real", single(F.l1_loss), {}),
    "huber": (1, "real", lambda p, y: F.huber_loss(p[..., 0], y, reduction="none", delta=DELTA), {"delta": DELTA}),
    "gaussian": (2, "real", gaussian, {}),
    "student_t": (3, "real", student_t, {}),
    "negative_binomial": (2, "count", negative_binomial, {}),
    "binary_cross_entropy": (1, "unit", single(F.binary_cross_entropy_with_logits), {}),
    "cross_entropy": (CLASSES, "class", lambda p, y: F.cross_entropy(p, y.long(), reduction="none"),
                      {"classes": CLASSES}),
}


def draw_targets(kind, rng):
    shape = (ROWS, TARGETS)
    if kind == "count":
        return rng.poisson(3.0, shape).astype(float)
    if kind == "unit":  # labels and probabilities
        return np.where(rng.random(shape) < 0.5, rng.integers(0, 2, shape), rng.random(shape))
    if kind == "class":
        return rng.integers(0, CLASSES, shape).astype(float)
    return rng.normal(0, 2, shape)


def torch_case(columns, loss, prediction, target, weights):
    """Mean and gradient by autograd; only the targets that count enter the graph."""
    p = torch.tensor(prediction, requires_grad=True)
    y, w = torch.tensor(target).reshape(-1), torch.tensor(weights).repeat_interleave(TARGETS)
    present = ~torch.isnan(y) & (w > 0)
    values = loss(p.reshape(-1, columns)[present], y[present])
    mean = (values * w[present]).sum() / w[present].sum()
    mean.backward()
    return mean.item(), p.grad.numpy()


def pinball_case(prediction, target, weights):
    """Mean and gradient written out."""
    q = np.array(QUANTILES)
    e = prediction.reshape(ROWS, TARGETS, len(q)) - target[..., None]
    w = np.where(np.isnan(target), 0.0, weights[:, None])[..., None] / len(q)
    total = w.sum() * len(q)
    mean = np.nansum(w * np.where(e > 0, (1 - q) * e, -q * e)) / total
    gradient = np.where(w > 0, w * np.where(e > 0, 1 - q, -q), 0.0) / total
    return mean, gradient.reshape(ROWS, -1)


def listed(array):
    return [None if math.isnan(x) else float(x) for x in np.asarray(array).ravel()]


def make_cases():
    rng = np.random.default_rng(7)
    for name in [*TORCH, "quantile"]:
        columns, kind, loss, settings = TORCH.get(name, (len(QUANTILES), "real", None, {"quantiles": QUANTILES}))
        for masked in (False, True):
            prediction = rng.normal(0, 2, (ROWS, TARGETS * columns))
            target, weights = draw_targets(kind, rng), np.ones(ROWS)
            if masked:
                target[1, 0] = target[4] = np.nan
                weights = np.array([0.5, 2.0, 0.0, 1.0, 3.0, 0.25])
            case = torch_case(columns, loss, prediction, target, weights) if loss else pinball_case(
                prediction, target, weights)
            yield {"loss": name, "settings": settings, "rows": ROWS, "targets": TARGETS,
                   "prediction": listed(prediction), "target": listed(target),
                   "weights": listed(weights) if masked else None, "mean": float(case[0]), "gradient": listed(case[1])}


def main():
    default = Path(__file__).resolve().parents[2] / "tests" / "data" / "golden" / "loss.json"
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    output.write_text("[\n" + ",\n".join(json.dumps(case) for case in make_cases()) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
