#!/usr/bin/env python3
"""Accuracy on public series: trains with the tool's defaults on the training file alone, then scores on the test file, once.

    benchmarks/accuracy.py [--elman build/release/elman] [--data FOLDER or $ELMAN_DATA] [--seeds 1,2,3] [--rows PREFIX] [--linear]

FOLDER holds tourism_monthly_{train,test}.csv, m4_hourly_{train,test}.csv (unique_id,ds,y), airline_passengers.csv, ETTh1.csv,
vic_electricity.csv, exchange_rate.txt.gz, monthly_milk_incomplete.csv and air_quality_valencia.csv. Of ETTh1 rows to 11,520
train, the errors of the next 2,880 (every window) are in units of the first 8,640's deviation.
The last line of each row is one JSON object: {"row", "figure", "unit", "naive", "seeds", "minutes"}.
"""
import argparse
import csv
import gzip
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
    tool("train", "forecast", train, "--horizon", str(horizon), "--seed", str(seed), "-q", "-o", model, *LINEAR)
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
    print(json.dumps({"row": row + SUFFIX, "figure": round(statistics.fmean(figures), 4), "unit": unit,
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


def columns(path):
    with gzip.open(path, "rt") if path.endswith(".gz") else open(path, newline="") as file:
        return list(csv.reader(file))


def write_table(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def evenness(by_calendar):
    """Of each cycle of the calendar and each interval the least and greatest share it held in a place of 50 values or more."""
    ranges = {}
    for cycle, found in by_calendar.items():
        for promised, shares in found["coverage"].items():
            enough = [share for share, points in zip(shares, found["points"]) if points >= 50]
            if len(enough) > 1:
                ranges.setdefault(cycle, {})[promised] = [round(min(enough), 3), round(max(enough), 3)]
    return ranges


def judged(row, measure, unit, *arguments):
    """One row of `elman backtest … --json`, which trains before the first window and forecasts all of them."""
    figures, coverage, start = [], [], time.time()
    for seed in SEEDS:
        out = subprocess.run([ELMAN, "backtest", *arguments, *LINEAR, "--seed", str(seed), "-q", "--json"], check=True,
                             stdout=subprocess.PIPE).stdout
        result = json.loads(out)
        figures.append(result["metrics"][measure])
        coverage.append({**result["metrics"]["coverage"], "by": evenness(result["by_calendar"])})
    naive = result["methods"]["seasonal_naive"]
    print(json.dumps({"row": row + SUFFIX, "figure": round(statistics.fmean(figures), 4), "unit": unit,
                      "each": [round(f, 4) for f in figures], "naive": round(naive[measure], 4), "seeds": SEEDS,
                      "coverage": coverage, "verdict": result["verdict"],
                      "minutes": round((time.time() - start) / 60, 2)}), flush=True)


def etth1(folder, horizon):
    """Mean squared error, each channel in units of its deviation in the first 8,640 rows."""
    table = columns(os.path.join(DATA, "ETTh1.csv"))
    past = write_table(os.path.join(folder, "past.csv"), table[:1 + 11520])
    whole = write_table(os.path.join(folder, "whole.csv"), table[:1 + 14400])
    deviation = {name: statistics.pstdev(float(row[c]) for row in table[1:8641]) for c, name in enumerate(table[0]) if c}
    model, errors = os.path.join(folder, "m.safetensors"), os.path.join(folder, "e.csv")
    figures, start = {}, time.time()
    for seed in SEEDS:
        tool("train", "forecast", past, "--horizon", str(horizon), "--seed", str(seed), "-q", "-o", model, *LINEAR)
        tool("backtest", model, whole, "--windows", str(2880 - horizon + 1), "--stride", "1", "-q", "-o", errors)
        squares = {}
        for row in csv.DictReader(open(errors)):
            if row["step"].isdigit():
                squares.setdefault(row["method"], []).append((float(row["rmse"]) / deviation[row["unique_id"]]) ** 2)
        for method in squares:
            figures.setdefault(method, []).append(statistics.fmean(squares[method]))
    each = figures["elman"]
    print(json.dumps({"row": f"etth1_{horizon}" + SUFFIX, "figure": round(statistics.fmean(each), 4),
                      "unit": "MSE, scaled", "each": [round(f, 4) for f in each],
                      "naive": round(figures["seasonal_naive"][0], 4), "seeds": SEEDS,
                      "minutes": round((time.time() - start) / 60, 2)}), flush=True)


def vic_electricity(folder, name, days, without):
    """Hourly means of the half-hours; a holiday if any half-hour is one. The last `days` but for those left out."""
    hours = {}
    for row in csv.DictReader(open(os.path.join(DATA, "vic_electricity.csv"), newline="")):
        hours.setdefault(row["Time"][:13].replace("T", " ") + ":00:00", []).append(row)
    table = [["ds", "Demand", "Temperature", "Holiday"]]
    for hour, halves in hours.items():
        means = [statistics.fmean(float(half[column]) for half in halves) for column in ("Demand", "Temperature")]
        table.append([hour, *means, int(any(half["Holiday"] == "TRUE" for half in halves))])
    path = write_table(os.path.join(folder, "vic.csv"), table[:len(table) - 24 * without])
    judged(name, "mae", "MAE, MW", path, "--target", "Demand", "--future", "Temperature,Holiday", "--horizon", "24",
           "--windows", str(days), "--quantiles", "0.05,0.1,0.5,0.9,0.95")


def exchange_rate(folder, horizon):
    rows = columns(os.path.join(DATA, "exchange_rate.txt.gz"))
    table = [["day"] + [f"rate{c}" for c in range(8)]] + [[day, *row] for day, row in enumerate(rows)]
    path = write_table(os.path.join(folder, "exchange.csv"), table)
    judged(f"exchange_rate_{horizon}", "mase", "MASE", path, "--horizon", str(horizon), "--windows",
           str(len(rows) // 5 // horizon))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--elman", default="build/release/elman")
parser.add_argument("--data", default=os.environ.get("ELMAN_DATA"))
parser.add_argument("--seeds", default="1,2,3")
parser.add_argument("--rows", default="", help="those whose name begins so")
parser.add_argument("--linear", action="store_true", help="the linear part alone, without recurrence")
arguments = parser.parse_args()
if not arguments.data:
    parser.error("name the folder of the series with --data or $ELMAN_DATA")
ELMAN, DATA = os.path.abspath(arguments.elman), arguments.data
SEEDS = [int(seed) for seed in arguments.seeds.split(",")]
LINEAR, SUFFIX = (["--num-layers", "0"], "_linear") if arguments.linear else ([], "")

ROWS = {"airline_passengers": airline}
for name, season, score, unit in [("tourism_monthly", 12, mase, "mean MASE"), ("m4_hourly", 24, owa, "OWA")]:
    train_file, test_file = (os.path.join(DATA, name + part) for part in ("_train.csv", "_test.csv"))
    ROWS[name] = lambda folder, r=(name, train_file, test_file, season, score, unit): measure(
        r[0], r[1], read_long(r[1]), read_long(r[2]), *r[3:])
for horizon in (96, 192, 336, 720):
    ROWS[f"etth1_{horizon}"] = lambda folder, h=horizon: etth1(folder, h)
ROWS["vic_electricity"] = lambda folder: vic_electricity(folder, "vic_electricity", 90, 0)
ROWS["vic_electricity_year_before"] = lambda folder: vic_electricity(folder, "vic_electricity_year_before", 365, 90)
ROWS["exchange_rate_24"] = lambda folder: exchange_rate(folder, 24)
for name, windows in [("milk_incomplete", "1"), ("milk_incomplete_5_years", "5")]:
    ROWS[name] = lambda folder, r=(name, windows): judged(r[0], "mae", "MAE", os.path.join(
        DATA, "monthly_milk_incomplete.csv"), "--horizon", "12", "--windows", r[1])
ROWS["valencia"] = lambda folder: judged("valencia", "mae", "MAE", os.path.join(DATA, "air_quality_valencia.csv"),
                                         "--horizon", "24", "--windows", "30")
for name, row in ROWS.items():
    if name.startswith(arguments.rows):
        with tempfile.TemporaryDirectory() as scratch:
            row(scratch)
