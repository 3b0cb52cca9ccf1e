#!/usr/bin/env python3
"""Writes tests/data/golden/theta.json: forecasts of the theta method as the M4 competition's benchmark code runs it, and with
shrunken seasonal indices and as much of the trend as the changes of the series agree on.

    tools/golden/theta.py [OUTPUT]

Needs numpy, scipy and statsmodels, which does autocorrelation, decomposition and exponential smoothing.
"""

import json
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from statsmodels.tsa.holtwinters import SimpleExpSmoothing
from statsmodels.tsa.seasonal import seasonal_decompose
from statsmodels.tsa.stattools import acf


def is_seasonal(y, season):
    if season < 2 or len(y) < 3 * season:
        return False
    r = acf(y, nlags=season, fft=False)[1:]
    return abs(r[-1]) > 1.645 * np.sqrt((1 + 2 * np.sum(r[:-1] ** 2)) / len(y))


def smoothed_level(y):
    """The last level of simple exponential smoothing with the start and the alpha that fit best."""

    def fit(alpha):
        def error(start):
            model = SimpleExpSmoothing(y, initialization_method="known", initial_level=start)
            return model.fit(smoothing_level=alpha, optimized=False)

        best = minimize_scalar(lambda start: error(start).sse, bracket=(y.min(), y.max()), tol=1e-12)
        return error(best.x)

    grid = np.linspace(1e-4, 1 - 1e-4, 12)
    best = int(np.argmin([fit(alpha).sse for alpha in grid]))
    bounds = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(lambda alpha: fit(alpha).sse, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    alpha = min([found.x, grid[best]], key=lambda a: fit(a).sse)
    return fit(alpha).forecast(1)[0]


def shrunken(index, parts, neutral):
    """Seasonal indices after Miller & Williams (2003): drawn to the neutral one by the share of noise in their variance."""
    places = [parts[place::len(index)] for place in range(len(index))]
    places = [place[~np.isnan(place)] for place in places]
    count = sum(map(len, places))
    noise = sum(np.sum((place - place.mean()) ** 2) for place in places) / (count - len(index)) * len(index) / count
    spread = np.sum((index - neutral) ** 2) / (len(index) - 1)
    weight = min(1, max(len(index) - 3, 0) / (len(index) - 1) * noise / spread)
    return weight * neutral + (1 - weight) * index


def extended(trend, season):
    """Where the average is not known, the line through the nearest season of it."""
    steps, known = np.arange(len(trend)), np.flatnonzero(~np.isnan(trend))
    for near, beyond in ((known[:season], steps < known[0]), (known[-season:], steps > known[-1])):
        trend = np.where(beyond, np.polyval(np.polyfit(near, trend[near], 1), steps), trend)
    return trend


def shrunken_season(y, season):
    trend = extended(seasonal_decompose(y, period=season).trend, season)
    kind = "multiplicative" if np.all(y > 0) and np.all(trend > 0) else "additive"
    parts = y / trend if kind == "multiplicative" else y - trend
    means = np.array([parts[place::season].mean() for place in range(season)])
    found = means / means.mean() if kind == "multiplicative" else means - means.mean()
    return kind, shrunken(found, parts, 1 if kind == "multiplicative" else 0)


def theta(y, season, horizon, shrink=False):
    n, kind = len(y), "multiplicative" if np.all(y > 0) else "additive"
    index = np.ones(season) if kind == "multiplicative" else np.zeros(season)
    if shrink and 1 < season <= n / 2:
        kind, index = shrunken_season(y, season)
    elif not shrink and is_seasonal(y, season):
        index = np.asarray(seasonal_decompose(y, model=kind, period=season).seasonal)[:season]
    season_of = index[np.arange(n + horizon) % season]
    adjusted = y / season_of[:n] if kind == "multiplicative" else y - season_of[:n]
    slope, start = np.polyfit(np.arange(n), adjusted, 1)
    line = start + slope * np.arange(n + horizon)
    forecast = (line[n:] + smoothed_level(2 * adjusted - line[:n])) / 2
    if shrink:
        t = np.mean(np.diff(adjusted)) / (np.std(np.diff(adjusted), ddof=1) / np.sqrt(n - 1))
        forecast = forecast + slope / 2 * t**2 / (t**2 + 4) * np.arange(1, horizon + 1)
    forecast = forecast * season_of[n:] if kind == "multiplicative" else forecast + season_of[n:]
    forecast = np.maximum(forecast, 0) if np.all(y >= 0) else forecast
    if shrink and 1 < season <= n < 2 * season:
        forecast = (forecast + y[n - season + np.arange(horizon) % season]) / 2
    return forecast


def make_cases():
    rng = np.random.default_rng(11)
    walk = lambda n, step: np.cumsum(rng.normal(0, step, n))
    wave = lambda n, season: np.sin(2 * np.pi * np.arange(n) / season)
    series = {
        "multiplicative, even season": (12, (100 + walk(60, 3)) * (1 + 0.3 * wave(60, 12))),
        "multiplicative, odd season": (7, (50 + 0.5 * np.arange(45) + walk(45, 1)) * (1 + 0.2 * wave(45, 7))),
        "additive": (4, 3 * wave(40, 4) + walk(40, 0.5)),
        "too short for a season": (12, (100 + walk(35, 3)) * (1 + 0.3 * wave(35, 12))),
        "season not significant": (12, 100 + rng.normal(0, 10, 48)),
        "falls to 0": (1, np.maximum(30 - np.arange(30.0) + rng.normal(0, 1, 30), 0)),
        "two seasons": (12, (100 + walk(24, 3)) * (1 + 0.3 * wave(24, 12))),
        "nearly two seasons": (12, (100 + walk(23, 3)) * (1 + 0.3 * wave(23, 12))),
        "an average that falls below 0": (6, (24.0 - 2 * np.arange(14)) ** 2 / 20 * (np.arange(14) < 12) + 0.5 + 0.4 * wave(14, 6)),
        "no season": (1, 20 + walk(30, 2)),
    }
    for name, (season, y) in series.items():
        y = np.round(y, 3)
        yield {"name": name, "season": season, "past": y.tolist(), "theta": theta(y, season, 10).tolist(),
               "shrunken_theta": theta(y, season, 10, shrink=True).tolist()}


def main():
    default = Path(__file__).resolve().parents[2] / "tests" / "data" / "golden" / "theta.json"
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    output.write_text("[\n" + ",\n".join(json.dumps(case) for case in make_cases()) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
