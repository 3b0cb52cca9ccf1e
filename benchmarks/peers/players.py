"""Those who are measured, behind one face: measure(point, threads, seconds) gives {"ms_median", "ms_min", "repeats"},
or None where a player cannot do the point."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SERIES = ROOT / "data" / "co2.csv"
# Without these glibc gives freed blocks back to the system and takes them again, page fault by page fault.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296"}
# What holds everybody to AVX2; ONNX Runtime knows no such limit.
LIMITS = {"AVX2": {"ELMAN_INSTRUCTION_SET": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2",
                   "MKL_ENABLE_INSTRUCTIONS": "AVX2"}}


def environment(threads=None):
    more = {"OMP_NUM_THREADS": str(threads)} if threads else {}
    return {**os.environ, **KEEP_MEMORY, **more}


class Program:
    """A process for each measurement; it takes the flags of `elman bench` and answers with one JSON object."""

    def __init__(self, name, command, modes, version):
        self.name, self.command, self.modes, self.version = name, command, modes, version

    def measure(self, point, threads, seconds):
        flags = ["--cell", point.cell, "--mode", point.mode, "--input-size", point.input_size, "--hidden-size",
                 point.hidden_size, "--batch", point.batch, "--steps", point.steps, "--seconds", seconds]
        if point.output_size:
            flags += ["--output-size", point.output_size]
        process = subprocess.run([*self.command(threads), *map(str, flags)], env=environment(threads), text=True,
                                 capture_output=True)
        if process.returncode != 0:
            print(f"{self.name} cannot do {point}: {process.stderr.strip()[-200:]}", file=sys.stderr)
            return None
        return json.loads(process.stdout)

    def close(self):
        pass


class Worker:
    """A process that stays, for a library that takes long to load: see worker.py."""

    def __init__(self, script, modes):
        self.script, self.modes = script, modes
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, HERE / self.script], env=environment(), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        hello = json.loads(self.process.stdout.readline())
        self.name, self.version = hello["peer"], hello["version"]

    def measure(self, point, threads, seconds):
        try:
            self.process.stdin.write(json.dumps({**point.job, "threads": threads, "seconds": seconds}) + "\n")
            self.process.stdin.flush()
            result = json.loads(self.process.stdout.readline())
        except (OSError, json.JSONDecodeError):
            self.close()
            result = {"error": "its process ended"}
            self.start()
        if "error" in result:
            print(f"{self.name} cannot do {point}: {result['error']}", file=sys.stderr)
            return None
        return result

    def close(self):
        with contextlib.suppress(OSError):  # it may have ended by itself
            self.process.stdin.close()
        self.process.wait()


def elman(path, peak):
    """`peak`: the machine's, in GFLOP/s, so that no process measures it again."""
    version = subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]

    def command(threads):
        return [path, "bench", "--json", "--threads", str(threads), "--peak", str(peak)]

    return Program("elman", command, {"fwd", "fwdbwd", "step"}, version)


def onednn():
    """Builds the driver against the package of the virtual environment."""
    prefix = pathlib.Path(sys.prefix)
    program, source = prefix / "onednn_rnn", HERE / "onednn_rnn.cc"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        library = prefix / "lib"
        subprocess.run(["g++", "-O2", "-std=c++20", source, f"-I{prefix}/include", f"-L{library}", "-ldnnl",
                        f"-Wl,-rpath,{library}", "-o", program], check=True)
    return Program("oneDNN", lambda threads: [str(program)], {"fwd", "fwdbwd"}, "3.2")


# Started when first asked for.
PEERS = {
    "PyTorch": lambda: Worker("torch_worker.py", {"fwd", "fwdbwd", "step"}),
    "ONNX Runtime": lambda: Worker("onnxruntime_worker.py", {"fwd", "step"}),
    "OpenVINO": lambda: Worker("openvino_worker.py", {"fwd"}),
    "oneDNN": onednn,
}


def start_peers(names):
    peers = []
    for name in names:
        try:
            peers.append(PEERS[name]())
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            print(f"{name} does not run here and is left out: {error}", file=sys.stderr)
    return peers
