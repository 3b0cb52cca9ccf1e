"""Whole sequences over the grid, elman and the peers in turns: who is how fast at each point."""
import dataclasses
import math
import statistics
import time

from grid import MODES, bandwidth_limit_ms, sequences

PAUSE = 0.03  # seconds in which the threads of the last player fall asleep


@dataclasses.dataclass
class Setting:
    """What every section of a run shares."""
    elman: object
    peers: list
    threads: int
    rounds: int
    seconds: float  # of one measurement
    quick: bool
    machine: dict
    cells: list
    out: object     # folder


def alternate(players, point, threads, rounds, seconds):
    """The median of each player's best round, in milliseconds: a virtual machine's host at times takes a core away, from
    whoever is just being measured. Every round another one begins."""
    times = {p.name: [] for p in players}
    for turn in range(rounds):
        first = turn % len(players)
        for player in players[first:] + players[:first]:
            if times[player.name] is None:
                continue
            time.sleep(PAUSE)
            result = player.measure(point, threads, seconds)
            if result is None:
                times[player.name] = None
            else:
                times[player.name].append(result["ms_median"])
    return {name: min(all_ms) for name, all_ms in times.items() if all_ms}


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(v) for v in values)) if values else math.nan


def row_of(point, times, s):
    peers = {name: ms for name, ms in times.items() if name != "elman"}
    best = min(peers, key=peers.get)
    gflops = point.flops / times["elman"] / 1e6
    return {"cell": point.cell, "mode": point.mode, "batch": point.batch, "hidden_size": point.hidden_size,
            "input_size": point.input_size, "steps": point.steps, "odd": point.odd, "threads": s.threads,
            **{f"{name} ms": ms for name, ms in times.items()},
            **{f"{name} gflops": point.flops / ms / 1e6 for name, ms in times.items()},
            "percent_of_peak": 100 * gflops / s.machine["gflops"]["all"],
            "percent_of_limit": 100 * bandwidth_limit_ms(point, s.threads, s.machine) / times["elman"]
            if point.mode == "fwd" else "",
            "best_peer": best, "ratio": peers[best] / times["elman"],
            "ratio_pytorch": peers["PyTorch"] / times["elman"] if "PyTorch" in peers else ""}


def text_of(row, players):
    text = f"{row['batch']:>6}{row['hidden_size']:>7}{row['input_size']:>7}"
    for player in players:
        value = row.get(f"{player.name} gflops")
        text += f"{value:>14.1f}" if value else f"{'–':>14}"
    limit = f"{row['percent_of_limit']:>6.0f}" if row["percent_of_limit"] != "" and row["batch"] == 1 else f"{'':>6}"
    return text + f"{row['percent_of_peak']:>8.0f}{limit}{row['ratio']:>8.2f}  {row['best_peer']}"


def heading(players):
    names = "".join(f"{p.name:>14}" for p in players)
    return f"{'batch':>6}{'hidden':>7}{'input':>7}{names}{'% peak':>8}{'% lim':>6}{'ratio':>8}  best peer"


def measure(s, mode):
    """Rows of the table of one mode, printed as they come, and its summary line."""
    started = time.monotonic()
    players = [s.elman] + [p for p in s.peers if mode in p.modes]
    rows = []
    for cell in s.cells:
        print(f"\n{cell} {MODES[mode]}, GFLOP/s with {s.threads} threads\n{heading(players)}", flush=True)
        for point in sequences(cell, mode, s.quick):
            times = alternate(players, point, s.threads, s.rounds, s.seconds)
            if "elman" in times and len(times) > 1:
                rows.append(row_of(point, times, s))
                print(text_of(rows[-1], players), flush=True)
    return rows, summary(mode, rows, (time.monotonic() - started) / 60)


def summary(mode, rows, minutes):
    grid = [r for r in rows if not r["odd"]]
    short = [r for r in rows if r["ratio"] < 1]
    print(f"\n{MODES[mode]}: {len(short)} of {len(rows)} points slower than the best peer")
    for r in short:
        print(f"  {r['cell']} batch {r['batch']} hidden {r['hidden_size']} input {r['input_size']}: "
              f"{r['ratio']:.2f} of {r['best_peer']}")
    by_cell = {cell: round(geometric_mean([r["ratio"] for r in grid if r["cell"] == cell]), 3)
               for cell in dict.fromkeys(r["cell"] for r in grid)}
    ours = [r["ratio_pytorch"] for r in grid if r["ratio_pytorch"] != ""]
    large = [r["percent_of_peak"] for r in grid if r["hidden_size"] >= 256 and r["batch"] >= 16]
    single = [r["percent_of_limit"] for r in grid if r["percent_of_limit"] != "" and r["batch"] == 1]
    return {"row": f"sequences_{mode}", "figure": round(geometric_mean([r["ratio"] for r in grid]), 3),
            "unit": "times the best peer of each point, geometric mean of the grid", "cells": by_cell,
            "with_odd_sizes": round(geometric_mean([r["ratio"] for r in rows]), 3),
            "worst": round(min((r["ratio"] for r in rows), default=math.nan), 3), "slower_points": len(short),
            "points": len(rows), "times_pytorch": round(geometric_mean(ours), 3),
            "least_percent_of_peak_at_256_and_batch_16": round(min(large), 1) if large else None,
            "least_percent_of_limit_at_batch_1": round(min(single), 1) if single else None,
            "minutes": round(minutes, 2)}
