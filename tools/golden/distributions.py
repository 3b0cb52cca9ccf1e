#!/usr/bin/env python3
"""Writes tests/data/golden/distributions.json: distribution functions and their inverses, from SciPy.

    tools/golden/distributions.py [OUTPUT]

Needs scipy. Each case: the distribution, its parameters as the library names them, and for each level the quantile, and
for each value the distribution function.
"""

import json
import sys
from pathlib import Path

from scipy import stats

LEVELS = [1e-6, 0.001, 0.05, 0.1, 0.37, 0.5, 0.8, 0.9, 0.99, 0.99999]


def case(name, parameters, distribution, values):
    return {"distribution": name, "parameters": parameters, "levels": LEVELS,
            "quantiles": [float(distribution.ppf(p)) for p in LEVELS],
            "values": values, "cdf": [float(distribution.cdf(y)) for y in values]}


def make_cases():
    for mean, scale in [(0.0, 1.0), (-3.5, 0.02), (1e4, 250.0)]:
        yield case("gaussian", [mean, scale], stats.norm(mean, scale), [mean + z * scale for z in (-6, -1, 0, 0.3, 4)])
    for location, scale, freedom in [(0.0, 1.0, 2.000001), (1.5, 0.3, 2.7), (-2.0, 10.0, 8.0), (0.0, 1.0, 3000.0)]:
        yield case("student_t", [location, scale, freedom], stats.t(freedom, location, scale),
                   [location + z * scale for z in (-20, -1, 0, 0.3, 4)])
    for mean, dispersion in [(0.05, 2.0), (0.8, 0.5), (3.0, 1e-6), (12.0, 0.1), (7.0, 30.0), (5000.0, 0.04)]:
        nb = stats.nbinom(1 / dispersion, 1 / (1 + mean * dispersion))
        yield case("negative_binomial", [mean, dispersion], nb, [0, 1, 2.5, round(mean), round(3 * mean)])


def main():
    default = Path(__file__).resolve().parents[2] / "tests" / "data" / "golden" / "distributions.json"
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    output.write_text("[\n" + ",\n".join(json.dumps(case) for case in make_cases()) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
