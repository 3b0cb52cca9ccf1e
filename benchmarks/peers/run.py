"""elman beside its peers, in turns and in one run: ./dev bench peers --help"""
import argparse
import json
import os
import pathlib
import platform
import sys
import time

import conditions
import players
import report
import sequences
import streaming
import training
from grid import GATES

SECTIONS = {
    "fwd": lambda s: sequences.measure(s, "fwd"),
    "fwdbwd": lambda s: sequences.measure(s, "fwdbwd"),
    "streaming": streaming.measure,
    "lengths": conditions.variable_lengths,
    "scaling": conditions.scaling,
    "shared": conditions.shared_machine,
    "start": conditions.start,
    "training": training.measure,
}


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench peers", description=__doc__.split(":")[0] + ".", epilog=(
        "benchmarks/README.md says what the tables mean. The whole takes half an hour, --quick four minutes."))
    parser.add_argument("--quick", action="store_true", help="a few sizes, fewer rounds, shorter measurements")
    parser.add_argument("--only", nargs="+", metavar="CELL", choices=[*GATES], default=[*GATES], help=", ".join(GATES))
    parser.add_argument("--sections", nargs="+", metavar="SECTION", choices=[*SECTIONS], default=[*SECTIONS],
                        help=", ".join(SECTIONS))
    parser.add_argument("--peers", nargs="+", metavar="PEER", choices=[*players.PEERS], default=[*players.PEERS],
                        help=", ".join(players.PEERS))
    parser.add_argument("--instruction-set", choices=[*players.LIMITS],
                        help="hold everybody to it, but ONNX Runtime, which cannot be [each one's choice]")
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path, default=pathlib.Path("build/bench"),
                        help="where the CSV files and the picture go [build/bench]")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="[one for each core]")
    parser.add_argument("--rounds", type=int, help="turns of each player at each point [3; 2 when quick]")
    parser.add_argument("--seconds", type=float, help="of each measurement [0.25; 0.1 when quick]")
    parser.add_argument("--elman", default="build/release/elman", help="[build/release/elman]")
    a = parser.parse_args()
    a.rounds = a.rounds or (2 if a.quick else 3)
    a.seconds = a.seconds or (0.1 if a.quick else 0.25)
    return a


def cpu():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    facts = {k.strip(): v.strip() for k, v in facts.items()}
    name = facts.get("model name", platform.processor())
    return f"{name}, family {facts.get('cpu family')} model {facts.get('model')}"


def setting(a):
    elman = os.path.abspath(a.elman)
    machine = conditions.machine_of(elman, a.threads)
    return sequences.Setting(elman=players.elman(elman, machine["gflops"]["all"]), peers=players.start_peers(a.peers),
                             threads=a.threads, rounds=a.rounds, seconds=a.seconds, quick=a.quick, machine=machine,
                             cells=a.only, out=a.out)


def describe(s):
    """One line: when, on what, who."""
    who = ", ".join(f"{p.name} {p.version}" for p in [s.elman, *s.peers])
    return f"{time.strftime('%Y-%m-%d')}; {cpu()}; {s.threads} threads, {s.machine['instruction_set']}; {who}"


def main():
    a = parse()
    started = time.monotonic()
    os.environ.update(players.LIMITS.get(a.instruction_set, {}))
    a.out.mkdir(parents=True, exist_ok=True)
    s = setting(a)
    print(describe(s))
    print("peak {one:.0f} GFLOP/s a core, {all:.0f} together; read ".format(**s.machine["gflops"]) + ", ".join(
        f"{name} {v['one']:.0f}/{v['all']:.0f}" for name, v in s.machine["read_gbps"].items()) + " GB/s", flush=True)
    summaries, tables = [], []
    for name in a.sections:
        rows, summary = SECTIONS[name](s)
        report.write_csv(a.out / f"{name}.csv", rows)
        summaries += summary if isinstance(summary, list) else [summary]
        if name in ("fwd", "fwdbwd"):
            tables += rows
    if tables:
        report.draw(a.out / "sequences.svg", tables, s.machine["gflops"]["all"], describe(s))
    for player in s.peers:
        player.close()
    print(f"\n{a.out}: " + " ".join(sorted(path.name for path in a.out.iterdir())))
    for summary in summaries:
        print(f"{summary['row']:<20}{summary['figure']!s:>10}  {summary['unit']}")
    first = summaries[0]
    print(json.dumps({"row": first["row"], "figure": first["figure"], "unit": first["unit"], "seeds": [1],
                      "minutes": round((time.monotonic() - started) / 60, 2), "about": describe(s),
                      "machine": s.machine, "rows": summaries}))


if __name__ == "__main__":
    sys.exit(main())
