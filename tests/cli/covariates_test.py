"""Covariates: known up to the forecast, known ahead, and the same at every step; from rows without a target or a file."""
import csv
import html
import io
import pathlib
import unittest

from tool import ToolTest

QUICK = ["--hidden-size", 8, "--epochs", 2, "--batches-per-epoch", 10, "--batch-size", 16, "--ensemble", 1]
COLUMNS = ["--past", "rain", "--future", "price,holiday", "--static", "region"]


def table(steps, ahead, target=True):
    """Two shops' months; of the last `ahead` only the columns known then are told."""
    rows = ["unique_id,ds,y,rain,price,holiday,region"]
    for shop, region in [("a", "north"), ("b", "south")]:
        for t in range(steps + ahead):
            known = t < steps
            y = 100 + t + 10 * (t % 12 == 11) if known else ""
            ds = f"{2010 + t // 12}-{t % 12 + 1:02}"
            if known or target:
                rows.append(f"{shop},{ds},{y},{t % 5 if known else ''},{1 + t % 3},{t % 12 == 11},{region}")
    return "\n".join(rows).replace("False", "FALSE").replace("True", "TRUE") + "\n"


class Covariates(ToolTest):
    def setUp(self):
        super().setUp()
        self.write("known.csv", table(60, 0))
        self.write("with_future.csv", table(60, 6))
        lines = table(60, 6).splitlines()
        future = [line.split(",") for line in lines if line.split(",")[2] in ("", "y")]
        self.write("future.csv", "\n".join(",".join([r[0], r[1], r[4], r[5]]) for r in future) + "\n")

    def train_with(self, data, name):
        return self.run_tool("train", "forecast", data, "--horizon", 6, *COLUMNS, *QUICK, "-o", name)

    def test_rows_without_a_target_and_a_future_file_tell_the_same(self):
        _, err = self.train_with("with_future.csv", "a.safetensors")
        for text in ["6 steps of the future", "reads rain, known up to the forecast", "reads price, holiday, known ahead",
                     "reads region, the same at every step"]:
            self.assertIn(text, err)
        self.train_with("known.csv", "b.safetensors")
        rows, _ = self.run_tool("forecast", "a.safetensors", "-q")
        self.assertEqual(len(list(csv.DictReader(io.StringIO(rows)))), 12)
        self.assertEqual(self.run_tool("forecast", "b.safetensors", "--future-file", "future.csv", "-q")[0], rows)
        self.assertEqual(self.run_tool("forecast", "b.safetensors", "with_future.csv", "-q")[0], rows)

    def test_a_future_that_is_not_told_is_asked_for(self):
        self.train_with("known.csv", "b.safetensors")
        self.refused(4, "forecast", "b.safetensors", says=["no 'price' of series 'a' at 2015-01", "--future-file"])
        self.refused(4, "forecast", "b.safetensors", "--future-file", "nowhere.csv", says=["nowhere.csv"])
        self.write("wrong.csv", "unique_id,ds,price\na,2015-01,1\n")
        self.refused(4, "forecast", "b.safetensors", "--future-file", "wrong.csv", says=["holiday", "wrong.csv"])

    def test_backtest_and_evaluate_read_them(self):
        result = self.result("backtest", "known.csv", "--horizon", 6, "--windows", 2, *COLUMNS, *QUICK)
        self.assertGreater(result["metrics"]["mae"], 0)
        # The page goes without what nothing is known of.
        self.run_tool("backtest", "known.csv", "--horizon", 6, "--windows", 2, *COLUMNS, *QUICK, "--report", "r.html")
        page = pathlib.Path("r.html").read_text()
        self.assertIn("no forecast after the data: known.csv: found no 'price' of series 'a' at 2015-01", html.unescape(page))
        self.assertIn("the training is of the judged model", page)
        self.train_with("known.csv", "b.safetensors")
        self.result("backtest", "b.safetensors", "known.csv", "--windows", 2)
        self.result("evaluate", "b.safetensors", "known.csv")

    def test_columns_that_are_not_there(self):
        self.refused(4, "train", "forecast", "known.csv", "--horizon", 6, "--future", "prize", "-o", "m.safetensors",
                     says=["prize", "did you mean 'price'?"])
        self.refused(2, "train", "forecast", "known.csv", "--horizon", 6, "--future", "price", "--past", "price", "-o",
                     "m.safetensors", says=["'price'", "name each column once"])
        self.refused(2, "train", "forecast", "known.csv", "--horizon", 6, "--future", "price,", "-o", "m.safetensors",
                     says=["--future", "names separated by commas"])


if __name__ == "__main__":
    unittest.main()
