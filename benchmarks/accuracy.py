#!/usr/bin/env python3
"""Accuracy on public series: trains with the tool's defaults on the training file alone, then scores on the test file, once.

    benchmarks/accuracy.py [--elman build/release/elman] [--data FOLDER or $ELMAN_DATA] [--seeds 1,2,3]

FOLDER holds tourism_monthly_{train,test}.csv, m4_hourly_{train,test}.csv (unique_id,ds,y) and airline_passengers.csv.
The last line of each row is one JSON object: {"row", "figure", "unit", "naive", "seeds", "minutes"}.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import tempfile
import time


def read_long(path):
    series = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            series.setdefault(row["unique_id"], []).append(float(row["y"]))
    return series


def seasonal_naive(past, season, horizon):
    return [past[len(past) - season + k % season] for k in range(horizon)]


def mase(past, future, forecast, season):
    scale = statistics.fmean(abs(past[i] - past[i - season]) for i in range(season, len(past)))
    return statistics.fmean(abs(a - f) for a, f in zip(future, forecast)) / scale


def smape(past, future, forecast, season):
    return statistics.fmean(200 * abs(a - f) / (abs(a) + abs(f)) for a, f in zip(future, forecast))


def owa(past, future, forecast, season):
    """A series' part of the overall weighted average of M4 hourly: by the published sMAPE and MASE of Naive2 there."""
    return (smape(past, future, forecast, season) / 18.383 + mase(past, future, forecast, season) / 2.395) / 2


def tool(*arguments):
    subprocess.run([ELMAN, *arguments], check=True, stdout=subprocess.DEVNULL)


def forecasts(train, horizon, seed, folder):
    model, output = os.path.join(folder, "m.safetensors"), os.path.join(folder, "f.csv")
    tool("train", "forecast", train, "--horizon", str(horizon), "--seed", str(seed), "-q", "-o", model)
    tool("forecast", model, "-q", "-o", output)
    result = {}
    with open(output, newline="") as file:
        for row in csv.DictReader(file):
            result.setdefault(row["unique_id"], []).append(float(row["y_hat"]))
    return result


def measure(row, train_path, train, test, season, score, unit):
    horizon = len(next(iter(test.values())))
    naive = statistics.fmean(score(train[k], test[k], seasonal_naive(train[k], season, horizon), season) for k in test)
    figures, start = [], time.time()
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            predicted = forecasts(train_path, horizon, seed, folder)
            figures.append(statistics.fmean(score(train[k], test[k], predicted[k], season) for k in test))
    print(json.dumps({"row": row, "figure": round(statistics.fmean(figures), 4), "unit": unit,
                      "each": [round(f, 4) for f in figures], "naive": round(naive, 4), "seeds": SEEDS,
                      "minutes": round((time.time() - start) / 60, 2)}), flush=True)


def airline(folder):
    """The last 12 months held out."""
    with open(os.path.join(DATA, "airline_passengers.csv")) as file:
        lines = file.read().splitlines()
    past_path = os.path.join(folder, "airline_train.csv")
    with open(past_path, "w") as file:
        file.write("\n".join(lines[:-12]) + "\n")
    values = [float(line.split(",")[1]) for line in lines[1:]]
    name = lines[0].split(",")[1].strip('"')
    measure("airline_passengers", past_path, {name: values[:-12]}, {name: values[-12:]}, 12, smape, "sMAPE, %")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--elman", default="build/release/elman")
parser.add_argument("--data", default=os.environ.get("ELMAN_DATA"))
parser.add_argument("--seeds", default="1,2,3")
arguments = parser.parse_args()
if not arguments.data:
    parser.error("name the folder of the series with --data or $ELMAN_DATA")
ELMAN, DATA = os.path.abspath(arguments.elman), arguments.data
SEEDS = [int(seed) for seed in arguments.seeds.split(",")]

with tempfile.TemporaryDirectory() as scratch:
    airline(scratch)
for name, season, score, unit in [("tourism_monthly", 12, mase, "mean MASE"), ("m4_hourly", 24, owa, "OWA")]:
    train_file = os.path.join(DATA, name + "_train.csv")
    measure(name, train_file, read_long(train_file), read_long(os.path.join(DATA, name + "_test.csv")), season, score, unit)
