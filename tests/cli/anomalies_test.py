"""Faults planted in a shipped series, and what is refused."""
import csv
import io
import pathlib
import unittest

from tool import CO2, ToolTest

# A month's number in the file and what is added to it: the year's season moves the values by 6.
FAULTS = {100: 8, 203: -8, 310: 7, 401: -9, 480: 10}


class Anomalies(ToolTest):
    def setUp(self):
        super().setUp()
        self.run_tool("train", "forecast", CO2, "--horizon", 12, "--quantiles", "0.005,0.5,0.995", "-o",
                      "wide.safetensors", "-q")
        lines = pathlib.Path(CO2).read_text().splitlines()
        self.planted = {}
        for month, fault in FAULTS.items():
            date, value = lines[month + 1].split(",")
            self.planted[date] = round(float(value) + fault, 2)
            lines[month + 1] = f"{date},{self.planted[date]}"
        self.faulty = self.write("faulty.csv", "\n".join(lines) + "\n")

    def test_finds_all_planted_faults_and_little_else(self):
        out, err = self.run_tool("anomalies", "wide.safetensors", self.faulty)
        rows = list(csv.DictReader(io.StringIO(out)))
        self.assertEqual(list(rows[0]), ["unique_id", "ds", "y", "y_hat", "low", "high", "score"])
        found = {r["ds"]: float(r["y"]) for r in rows}
        self.assertEqual({ds: found.get(ds) for ds in self.planted}, self.planted)
        # Of 510 rows one in a hundred lies outside a 99 % interval anyhow; among the worst are none but the planted.
        self.assertLessEqual(len(rows) - len(FAULTS), 10)
        worst = sorted(rows, key=lambda r: -float(r["score"]))[:len(FAULTS)]
        self.assertEqual({r["ds"] for r in worst}, set(self.planted))
        for r in rows:
            y, y_hat, low, high, score = (float(r[k]) for k in ["y", "y_hat", "low", "high", "score"])
            self.assertTrue(low <= y_hat <= high and not low <= y <= high, r)
            self.assertAlmostEqual(score, max(low - y, y - high) / ((high - low) / 2))
        self.assertIn(f"{len(rows)} of 510 rows lie outside the 99 % interval", err)

    def test_output_and_json_hold_the_same(self):
        out, _ = self.run_tool("anomalies", "wide.safetensors", self.faulty, "-q")
        printed, _ = self.run_tool("anomalies", "wide.safetensors", self.faulty, "-q", "-o", "a.csv")
        self.assertEqual(printed, "")
        self.assertEqual(pathlib.Path("a.csv").read_text(), out)
        result = self.result("anomalies", "wide.safetensors", self.faulty)
        rows = list(csv.DictReader(io.StringIO(out)))
        self.assertEqual((result["level"], result["rows"], result["count"]), (0.99, 510, len(rows)))
        self.assertEqual([a["ds"] for a in result["anomalies"]], [r["ds"] for r in rows])
        self.assertEqual(self.result("anomalies", "wide.safetensors", self.faulty, "-o", "a.csv")["output"], "a.csv")

    def test_level(self):
        more = self.result("anomalies", "wide.safetensors", self.faulty, "--level", 0.6)
        self.assertEqual(more["level"], 0.6)
        self.assertGreater(more["count"], self.result("anomalies", "wide.safetensors", self.faulty)["count"])
        self.refused(2, "anomalies", "wide.safetensors", self.faulty, "--level", 0.999,
                     says=["--level 0.999", "at most 0.99", "--quantiles 0.0005,0.5,0.9995"])
        self.refused(2, "anomalies", "wide.safetensors", self.faulty, "--level", 1, says="--level")
        # Without one, a model's own limit counts, and is told.
        self.assertEqual(self.result("anomalies", self.train(), self.faulty)["level"], 0.8)
        self.assertIn("0.005,0.5,0.995", self.run_tool("anomalies", "m.safetensors", self.faulty)[1])
        self.train("point.safetensors", CO2, 6, "--quantiles", "0.5")
        self.refused(2, "anomalies", "point.safetensors", self.faulty, says="no interval")

    def test_bad_input(self):
        self.refused(2, "anomalies", says="MODEL")
        self.refused(2, "anomalies", "wide.safetensors", says="DATA.csv")
        self.refused(5, "anomalies", "none.safetensors", self.faulty, says="none.safetensors")
        self.refused(5, "anomalies", self.train_text(), self.faulty, says="'text'")
        self.refused(4, "anomalies", "wide.safetensors", "none.csv", says="none.csv")
        self.refused(6, "anomalies", "wide.safetensors", self.faulty, "-o", "none/a.csv", says="none/a.csv")
        for file in ["wide.safetensors", self.faulty]:
            self.refused(2, "anomalies", "wide.safetensors", self.faulty, "-o", file, says="the input itself")


if __name__ == "__main__":
    unittest.main()
