"""Heads and sample paths, end to end."""
import csv
import io
import pathlib
import unittest

from tool import CO2, SMALL, ToolTest

# Two shops, sales of few pieces, every fourth day none.
SALES = "unique_id,ds,y\n" + "".join(
    f"{shop},{t},{0 if t % 4 == 3 else (t * t + k * t) % (3 + k)}\n" for k, shop in enumerate(["a", "b"]) for t in range(120))


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


class Heads(ToolTest):
    def test_distributions_answer_at_any_level(self):
        levels = ["0.001", "0.3", "0.5", "0.77", "0.999"]
        for head in ["student_t", "gaussian"]:
            model = self.train(f"{head}.safetensors", CO2, 6, "--head", head)
            self.assertEqual(self.result("inspect", model)["config"]["head"], head)
            for row in rows_of(self.run_tool("forecast", model, "--quantiles", ",".join(levels))[0]):
                values = [float(row[f"q{level}"]) for level in levels]
                self.assertEqual(values, sorted(values))
                self.assertLess(values[0], values[-1])
                self.assertEqual(row["y_hat"], row["q0.5"])
            self.assertIn(f"head {head}", self.run_tool("inspect", model)[0])

    def test_counts_stay_counts(self):
        data = self.write("sales.csv", SALES)
        model = self.train("m.safetensors", data, 7, "--head", "negative_binomial")
        forecast = self.result("forecast", model, "--quantiles", "0.05,0.5,0.99")["forecasts"]
        self.assertEqual([f["unique_id"] for f in forecast], ["a", "b"])
        for f in forecast:
            for key in ["y_hat", "q0.05", "q0.5", "q0.99"]:
                self.assertTrue(all(v >= 0 and v == int(v) for v in f[key]), f)
        for row in rows_of(self.run_tool("forecast", model, "--samples", 5)[0]):
            self.assertRegex(row["y"], r"^\d+$")

    def test_backtest_takes_a_head(self):
        data = self.write("sales.csv", SALES)
        result = self.result("backtest", data, "--horizon", 7, "--windows", 2, "--head", "negative_binomial", *SMALL)
        self.assertGreaterEqual(result["metrics"]["coverage"]["0.8"], 0.5)

    def test_what_is_refused(self):
        train = ["train", "forecast", CO2, "--horizon", "6", *SMALL, "-o", "m.safetensors"]
        self.refused(2, *train, "--head", "students_t", says=["--head", "did you mean 'student_t'?", "negative_binomial"])
        self.refused(4, *train, "--head", "negative_binomial", says=["'co2'", "316.1", "whole numbers"])
        model = self.train()
        self.refused(2, "forecast", model, "--quantiles", "0.01,0.5", says=["0.01", "--head student_t"])
        counts = self.train("c.safetensors", self.write("sales.csv", SALES), 7, "--head", "negative_binomial")
        bad = self.write("bad.csv", SALES + "b,120,2.5\n")
        for more in [[], ["--samples", 2]]:
            self.refused(4, "forecast", counts, bad, *more, says=["'b'", "2.5"])


class Samples(ToolTest):
    def test_rows_are_series_by_sample_by_step(self):
        model = self.train()
        out, err = self.run_tool("forecast", model, "--samples", 3)
        self.assertEqual(err, "")
        rows = rows_of(out)
        self.assertEqual(list(rows[0]), ["unique_id", "sample", "ds", "y"])
        self.assertEqual([(r["unique_id"], r["sample"], r["ds"]) for r in rows],
                         [("co2", str(n), f"2002-0{m}-01") for n in range(3) for m in range(1, 7)])
        self.assertTrue(all(300 < float(r["y"]) < 450 for r in rows))
        self.run_tool("forecast", model, "--samples", 3, "-o", "paths.csv", "-q")
        self.assertEqual(pathlib.Path("paths.csv").read_text(), out)

    def test_seed_threads_and_instruction_set(self):
        model = self.train()
        draw = lambda *more: self.run_tool("forecast", model, "--samples", 200, "--horizon", 9, *more)[0]
        self.assertEqual(draw("--threads", 1), draw("--threads", 3))
        self.assertEqual(draw("--instruction-set", "SCALAR"), draw())
        self.assertEqual(draw("--seed", 1), draw())
        self.assertNotEqual(draw("--seed", 2), draw())

    def test_json(self):
        model = self.train()
        result = self.result("forecast", model, CO2, "--samples", 4, "--seed", 9, "--horizon", 8)
        self.assertEqual((result["samples"], result["seed"], result["horizon"], result["series"]), (4, 9, 8, 1))
        forecast = result["forecasts"][0]
        self.assertEqual(len(forecast["ds"]), 8)
        self.assertEqual([len(path) for path in forecast["samples"]], [8] * 4)
        table = rows_of(self.run_tool("forecast", model, CO2, "--samples", 4, "--seed", 9, "--horizon", 8, "-q")[0])
        self.assertEqual([float(r["y"]) for r in table], sum(forecast["samples"], []))
        result = self.result("forecast", model, "--samples", 4, "-o", "paths.csv")
        self.assertEqual(result["output"], "paths.csv")
        self.assertNotIn("forecasts", result)

    def test_what_is_refused(self):
        model = self.train()
        self.refused(2, "forecast", model, "--seed", 3, says=["--seed", "--samples"])
        self.refused(2, "forecast", model, "--samples", 3, "--quantiles", "0.5", says=["--samples", "--quantiles"])
        self.refused(2, "forecast", model, "--samples", 3, "--plot", "f.svg", says=["--samples", "--plot"])
        self.refused(2, "forecast", model, "--samples", 0, says=["--samples", "at least 1"])

    def test_says_when_nothing_shows_how_steps_hang_together(self):
        short = "time,y\n" + "".join(f"{t},{t % 5}\n" for t in range(13))
        model = self.train("m.safetensors", self.write("short.csv", short), 6, "--model", "recursive")
        _, err = self.run_tool("forecast", model, "--samples", 2)
        self.assertIn("drawn by itself", err)


if __name__ == "__main__":
    unittest.main()
