"""elman bench: what it prints, and that it counts operations as the comparison with other engines does."""
import json
import os
import pathlib
import sys
import unittest

from tool import ToolTest

sys.path.insert(0, str(pathlib.Path(os.environ["ELMAN_SOURCE_DIR"]) / "benchmarks" / "peers"))
from grid import GATES, Point  # noqa: E402

SHORT = ["--seconds", "0.001", "--repeat", "3"]


class Bench(ToolTest):
    def measure(self, *flags):
        return self.result("bench", *SHORT, "--peak", "100", *flags)

    def check(self, result, point):
        self.assertAlmostEqual(result["gflops"] * result["ms_median"] * 1e6 / point.flops, 1, places=6)
        self.assertAlmostEqual(result["percent_of_peak"], result["gflops"])
        self.assertLessEqual(result["ms_min"], result["ms_median"])
        self.assertGreater(result["ms_min"], 0)
        self.assertAlmostEqual(result["us_per_step"] * point.steps / result["ms_median"], 1e3, places=6)

    def test_modes_and_cells(self):
        for cell in GATES:
            for mode in ["fwd", "fwdbwd"]:
                point = Point(cell, mode, 5, 12, 3, 7)
                flags = [f for k, v in point.job.items() if v for f in ("--" + k.replace("_", "-"), v)]
                result = self.measure("--threads", 2, *flags)
                self.check(result, point)
                self.assertIn(result["repeats"], [2, 3])
                self.assertEqual([result[k] for k in point.job], list(point.job.values()))
                self.assertEqual(result["threads"], 2)

    def test_a_step_is_one_of_one_stream(self):
        result = self.measure("--mode", "step", "--input-size", 1, "--hidden-size", 8, "--output-size", 1, "--batch", 9)
        self.check(result, Point("lstm", "step", 1, 8))
        self.assertEqual([result["threads"], result["batch"], result["steps"]], [1, 1, 1])

    def test_narrow_weights_run_but_do_not_train(self):
        for mode in ["fwd", "step"]:
            self.assertEqual(self.measure("--mode", mode, "--hidden-size", 8, "--weights", "bf16")["weights"], "bf16")
        self.refused(2, "bench", "--mode", "fwdbwd", "--weights", "bf16", says="cannot train")
        self.refused(2, "bench", "--weights", "fp16", says=["'fp16'", "f32, bf16"])

    def test_shorter_sequences_are_less_work(self):
        full, half = (self.measure("--hidden-size", 8, "--batch", 32, "--mean-length", m) for m in [1, 0.5])
        work = [r["gflops"] * r["ms_median"] for r in [full, half]]
        self.assertAlmostEqual(work[1] / work[0], 0.5, delta=0.03)

    def test_one_measurement_in_words(self):
        out, _ = self.run_tool("bench", *SHORT, "--peak", 100, "--cell", "gru", "--mode", "fwdbwd", "--input-size", 5,
                               "--hidden-size", 12, "--batch", 3, "--steps", 7, "--threads", 2)
        self.assertRegex(out, r"^gru fwdbwd: input 5, hidden 12, batch 3, 7 steps, 2 threads, \w+\n"
                              r"  median [\d.]+ ms, least [\d.]+ ms of [23] repeats; [\d.]+ us a step; "
                              r"[\d.e-]+ GFLOP/s, [\d.]+ % of the peak\n$")

    def test_machine(self):
        machine = self.result("bench", "--machine", "--threads", 2)
        self.assertEqual(list(machine["read_gbps"]), ["L1", "L2", "L3", "memory"])
        for values in [machine["gflops"], *machine["read_gbps"].values()]:
            self.assertGreater(min(values["one"], values["all"]), 0)
        self.assertIn("multiply-add, GFLOP/s", self.run_tool("bench", "--machine", "--competitor")[0])

    def test_table(self):
        small = ["--cell", "gru", "--steps", 2, *SHORT]
        lines = [json.loads(line) for line in self.run_tool("bench", *small, "--json")[0].splitlines()]
        self.assertIn("read_gbps", lines[0])
        self.assertEqual([r["mode"] for r in lines[1:]], 4 * ["fwd", "fwdbwd"] + 5 * ["step"])
        out, _ = self.run_tool("bench", *small)
        for text in ["Sequences of 2 steps", "One step of one stream", "GFLOP/s", "gru"]:
            self.assertIn(text, out)
        self.assertNotIn("lstm", out)

    def test_instruction_set(self):
        self.assertEqual(self.measure("--hidden-size", 4, "--instruction-set", "SCALAR")["instruction_set"], "SCALAR")
        self.refused(2, "bench", "--instruction-set", "AVX1", says=["--instruction-set: no instruction set 'AVX1'", "SCALAR"])

    def test_mistakes(self):
        self.refused(2, "bench", "--cell", "lsmt", says="did you mean 'lstm'?")
        self.refused(2, "bench", "--mode", "forward", says=["'forward'", "fwdbwd"])
        self.refused(2, "bench", "--hidden-size", 0, says="--hidden-size")
        self.refused(2, "bench", "--mean-length", 1.5, says="--mean-length")

    def test_help_has_examples(self):
        self.assertGreaterEqual(self.run_tool("bench", "--help")[0].count("elman bench"), 3)


if __name__ == "__main__":
    unittest.main()
