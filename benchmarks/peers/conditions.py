"""The same layers under other conditions: one thread or more, a machine that another process shares, batches of
sequences of different lengths, and a process that has only just started."""
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from grid import Point
from players import SERIES, Program, environment
from sequences import alternate, geometric_mean


def scaling(s):
    """How much faster several threads are than one."""
    sizes = [(1, 32), (1, 256), (16, 128), (64, 256)] if s.quick else [
        (1, 32), (1, 64), (1, 256), (1, 512), (3, 100), (16, 32), (16, 128), (16, 256), (16, 512), (64, 64), (64, 128),
        (64, 256), (64, 512)]
    rows = []
    print(f"\nScaling from 1 to {s.threads} threads\n"
          f"{'cell':>10}{'mode':>8}{'batch':>7}{'hidden':>8}{'times':>8}", flush=True)
    for cell in s.cells:
        for mode in ("fwd", "fwdbwd"):
            for batch, hidden in sizes:
                point = Point(cell, mode, hidden, hidden, batch, 128)
                one, many = (alternate([s.elman], point, n, s.rounds, s.seconds)["elman"] for n in (1, s.threads))
                rows.append({"cell": cell, "mode": mode, "batch": batch, "hidden_size": hidden, "ms_one": one,
                             f"ms_{s.threads}": many, "times": one / many})
                print(f"{cell:>10}{mode:>8}{batch:>7}{hidden:>8}{one / many:>8.2f}", flush=True)
    large = [r["times"] for r in rows if r["hidden_size"] >= 128 and r["batch"] >= 16]
    return rows, {"row": "scaling", "figure": round(min(large), 3), "threads": s.threads,
                  "unit": "times one thread, least of hidden >= 128 and batch >= 16",
                  "mean": round(geometric_mean(large), 3), "worst_anywhere": round(min(r["times"] for r in rows), 3)}


@contextlib.contextmanager
def busy_core():
    """Another process that keeps the last core busy."""
    core = max(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()


def shared_machine(s):
    """Everybody with one thread and with all, while another process holds a core."""
    rows = []
    print(f"\nWith another process busy on one core, milliseconds\n{'':>14}{'mode':>8}{'batch':>7}{'hidden':>8}"
          f"{'1 thread':>12}{f'{s.threads} threads':>12}{'times':>8}", flush=True)
    sizes = [(16, 128)] if s.quick else [(1, 128), (16, 32), (16, 128), (64, 256)]
    with busy_core():
        for mode in ("fwd", "fwdbwd"):
            for batch, hidden in sizes:
                point = Point("lstm", mode, hidden, hidden, batch, 128)
                for player in [s.elman, *(p for p in s.peers if mode in p.modes)]:
                    one, many = (alternate([player], point, n, s.rounds, s.seconds).get(player.name)
                                 for n in (1, s.threads))
                    if not one or not many:
                        continue
                    rows.append({"player": player.name, "mode": mode, "batch": batch, "hidden_size": hidden,
                                 "ms_one": one, f"ms_{s.threads}": many, "times": many / one})
                    print(f"{player.name:>14}{mode:>8}{batch:>7}{hidden:>8}{one:>12.2f}{many:>12.2f}{many / one:>8.2f}",
                          flush=True)
    worst = {name: round(max(r["times"] for r in rows if r["player"] == name), 2)
             for name in dict.fromkeys(r["player"] for r in rows)}
    return rows, {"row": "shared_machine", "figure": worst["elman"], "worst": worst,
                  "unit": f"time of {s.threads} threads by that of 1 beside a busy process, worst"}


def variable_lengths(s):
    """A batch whose sequences have half the longest one's length in the mean, beside one of full length."""
    rows = []
    print(f"\nMean length half the longest, cost by the full batch's\n{'cell':>10}{'mode':>8}{'cost':>8}", flush=True)

    def short(threads):
        return [*s.elman.command(threads), "--mean-length", "0.5"]

    packed = Program("packed", short, s.elman.modes, s.elman.version)
    for cell in s.cells:
        for mode in ("fwd", "fwdbwd"):
            times = alternate([s.elman, packed], Point(cell, mode, 128, 128, 64, 128), s.threads, s.rounds, s.seconds)
            rows.append({"cell": cell, "mode": mode, "ms_full": times["elman"], "ms_packed": times["packed"],
                         "cost": times["packed"] / times["elman"]})
            print(f"{cell:>10}{mode:>8}{rows[-1]['cost']:>8.2f}", flush=True)
    return rows, {"row": "variable_lengths", "figure": round(max(r["cost"] for r in rows), 3),
                  "unit": "cost of half the mean length by the full batch's, worst"}


def start(s):
    """A whole process from nothing to one forecast on disk; PyTorch's mere import beside it."""
    elman = s.elman.command(s.threads)[0]

    def seconds(command, repeat):
        times = []
        for _ in range(repeat):
            begin = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment())
            times.append(time.perf_counter() - begin)
        return statistics.median(times)

    with tempfile.TemporaryDirectory() as folder:
        model, forecast = os.path.join(folder, "m.safetensors"), os.path.join(folder, "f.csv")
        subprocess.run([elman, "train", "forecast", SERIES, "--horizon", "24", "--epochs", "1", "--no-refit",
                        "-q", "-o", model], check=True, capture_output=True)
        ours = seconds([elman, "forecast", model, SERIES, "-q", "-o", forecast], 20)
    torch = seconds([sys.executable, "-c", "import torch"], 3)
    print(f"\nFrom nothing to one forecast: {1e3 * ours:.1f} ms; 'import torch' alone: {1e3 * torch:.0f} ms")
    row = {"row": "start", "figure": round(1e3 * ours, 2), "unit": "ms from nothing to one forecast",
           "import_torch_ms": round(1e3 * torch)}
    return [row], row


def machine_of(elman, threads):
    return json.loads(subprocess.run([elman, "bench", "--machine", "--json", "--threads", str(threads)], check=True,
                                     capture_output=True, text=True).stdout)
