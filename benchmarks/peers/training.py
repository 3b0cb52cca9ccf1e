"""Whole trainings, data handling included: elman's command beside the same network trained by PyTorch.

elman's time is that of a whole `elman train …`, from its start to the model file, validation and checkpoints
included; PyTorch's is its steps alone: the loader, forward, loss, backward, clipping and optimiser, after two steps of
warm-up and with `import torch` left out. The network, the batch and the loss are read from the model file that elman
wrote.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from players import HERE, ROOT, SERIES, environment


def corpus(path):
    """A text of a megabyte: the project's own files, one after the other, as often as needed."""
    names = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.cc")]
    text = "\n".join(name.read_text() for name in sorted(names))
    path.write_text((text * (1 + 2**20 // len(text)))[:2**20])
    return path


def forecast_job(*flags):
    def command(elman, folder, steps):
        return [elman, "train", "forecast", SERIES, "--horizon", 24, *flags, "--no-refit", "--epochs", 1,
                "--batches-per-epoch", steps]
    return command, SERIES


BPTT, BATCH = 100, 50
TEXT_ROWS = BPTT * BATCH  # symbols of an update


def jobs(folder, quick):
    """By row: elman's command for a number of updates, the data, and that number."""
    # One base: else elman trains once for each that it tries.
    windows = forecast_job("--base", "level", "--cell", "lstm", "--hidden-size", 128, "--num-layers", 2, "--look-back", 96, "--segment", 1,
                           "--batch-size", 64)
    text = corpus(pathlib.Path(folder, "corpus.txt"))

    def text_command(elman, _, steps):
        # As many symbols as these updates read; validation once, at the end.
        part = pathlib.Path(folder, "part.txt")
        part.write_text(text.read_text()[:int((steps + 1) * TEXT_ROWS / 0.95)])
        return [elman, "train", "text", part, "--cell", "lstm", "--hidden-size", 512, "--num-layers", 2,
                "--dropout", 0, "--bptt", BPTT, "--batch-size", BATCH, "--epochs", 1, "--valid-fraction", 0.05,
                "--validate-every", 10**6]

    return {"demo_training": (*forecast_job("--base", "level"), 100 if quick else 500),
            "window_training": (*windows, 20 if quick else 300),
            "text_training": (text_command, text, 6 if quick else 40)}


def run_elman(command):
    begin = time.perf_counter()
    process = subprocess.run([str(w) for w in command], check=True, capture_output=True, text=True, env=environment())
    return json.loads(process.stdout), time.perf_counter() - begin


def run_torch(model, data, steps, threads):
    command = [sys.executable, HERE / "torch_training.py", model, data, steps, threads]
    process = subprocess.run([str(w) for w in command], check=True, capture_output=True, text=True, env=environment())
    return json.loads(process.stdout)["ms"]


def measure(s):
    elman = s.elman.command(s.threads)[0]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (command_of, data, steps) in jobs(folder, s.quick).items():
            model = os.path.join(folder, "m.safetensors")
            common = ["--threads", s.threads, "--patience", 0, "--seed", 1, "-q", "--json", "-o", model]
            ours, theirs = [], []
            for _ in range(s.rounds):
                result, seconds = run_elman([*command_of(elman, folder, steps), *common])
                ours.append(1e3 * seconds / result["steps"])
                description = subprocess.run([elman, "inspect", model, "--json"], check=True, capture_output=True,
                                             text=True)
                network = pathlib.Path(folder, "network.json")
                network.write_text(description.stdout)
                theirs.append(run_torch(network, data, max(5, steps // 4), s.threads))
            ours_ms, theirs_ms = min(ours), min(theirs)
            rows.append({"row": name, "figure": round(theirs_ms / ours_ms, 3), "unit": "times PyTorch",
                         "elman_ms": round(ours_ms, 3), "pytorch_ms": round(theirs_ms, 3), "steps": steps})
            print(f"\n{name}: {ours_ms:.2f} ms an update, PyTorch {theirs_ms:.2f} ms, "
                  f"{theirs_ms / ours_ms:.2f} times", flush=True)
            if name == "text_training":
                rows[-1].update(elman_characters_per_second=round(1e3 * TEXT_ROWS / ours_ms),
                                pytorch_characters_per_second=round(1e3 * TEXT_ROWS / theirs_ms))
    return rows, rows
