"""What the verbs do, end to end on the shipped series."""
import csv
import datetime
import io
import pathlib
import subprocess
import unittest
import xml.etree.ElementTree

from tool import CO2, ELMAN, ENVIRONMENT, SMALL, SMALL_TEXT, TEXT, ToolTest

METRICS = {"mase", "smape", "mae", "mse", "rmse"}


class Train(ToolTest):
    def test_tells_what_was_found_and_chosen_and_what_to_do_next(self):
        out, err = self.run_tool("train", "forecast", CO2, "--horizon", 6, *SMALL, "-o", "m.safetensors")
        for text in ["526 steps, monthly", "5 missing", "season 12", "look-back 84", "(conformal)",
                     "training what corrects level", "training what corrects seasonal_naive",
                     "training what corrects shrunken_theta",
                     "the held-out part speaks for",
                     "80 % interval: widened by", "elman forecast m.safetensors", "elman backtest"]:
            self.assertEqual(err.count(text), 1, text)
        self.assertEqual((err.count("epoch   1"), err.count("epoch   2")), (3, 3))
        self.assertIn("m.safetensors: ", out)
        self.assertEqual(len(out.splitlines()), 1)
        self.assertNotIn("\x1b", err)
        self.assertFalse(list(pathlib.Path().glob("*.checkpoint*")))

    def test_says_when_no_network_is_trained(self):
        months = [f"{2021 + t // 12}-{t % 12 + 1:02}-01,{100 + t + t * 5 % 12}" for t in range(36)]
        self.write("short.csv", "\n".join(["ds,y", *months]))
        out, err = self.run_tool("train", "forecast", "short.csv", "--horizon", 12, "-o", "m.safetensors")
        self.assertIn("no network trained", out)
        self.assertIn("shrunken_theta forecasts them", err)
        out, _ = self.run_tool("inspect", "m.safetensors")
        self.assertIn("Training: none", out)
        self.assertIn("elman backtest short.csv --horizon 12 --windows 1 ", err)  # what the data has room for
        self.run_tool("backtest", "short.csv", "--horizon", 12, "--windows", 1, "-q")
        self.write("shorter.csv", "\n".join(["ds,y", *months[:24]]))
        self.assertNotIn("elman backtest", self.run_tool("train", "forecast", "shorter.csv", "--horizon", 12, "-o", "m.safetensors")[1])

    def test_json_is_one_object(self):
        result = self.result("train", "forecast", CO2, "--horizon", 6, *SMALL, "-o", "m.safetensors", "--seed", 7)
        self.assertEqual(result["model"], "m.safetensors")
        self.assertEqual(result["task"], "forecast")
        self.assertEqual(result["seed"], 7)
        self.assertEqual(result["epochs"], 2)
        self.assertEqual(result["steps"], 20)
        for key in ["seconds", "train_loss", "valid_loss"]:
            self.assertGreater(result[key], 0)

    def test_quiet_says_nothing(self):
        out, err = self.run_tool("train", "forecast", CO2, "--horizon", 6, *SMALL, "-o", "m.safetensors", "-q")
        self.assertEqual(err, "")
        self.assertIn("valid loss", out)

    def test_text_model_is_there_after_every_new_best(self):
        self.write("corpus.txt", TEXT)
        result = self.result("train", "text", "corpus.txt", *SMALL_TEXT, "-o", "t.safetensors")
        self.assertEqual((result["task"], result["epochs"]), ("text", 4))
        self.assertLess(result["valid_loss"], 3.2)  # of 19 symbols: ln 19 is 2.94, before training a little more

    def test_time_limit_ends_training_early_with_a_model(self):
        result = self.result("train", "forecast", CO2, "--horizon", 6, "--epochs", 1000, "--patience", 0, "--no-refit",
                             "--time-limit", 0.5, "-o", "m.safetensors")
        self.assertLess(result["epochs"], 1000)
        out, _ = self.run_tool("inspect", "m.safetensors")
        self.assertIn("reader\n", out)
        self.assertNotIn('"kind"', out)  # no layer is shown as JSON

    def test_checkpoints_through_time_change_memory_alone(self):
        self.write("text.txt", TEXT * 4)
        arguments = ["train", "text", "text.txt", "--hidden-size", 16, "--bptt", 600, "--batch-size", 8, "--epochs", 2]
        models = []
        for k, memory in enumerate([[], ["--checkpoint-every", 100], ["--memory-limit", 2]]):
            self.run_tool(*arguments, *memory, "-o", f"m{k}.safetensors")
            models.append(pathlib.Path(f"m{k}.safetensors").read_bytes())
        self.assertEqual(models[1], models[0])
        self.assertEqual(models[2], models[0])
        self.refused(8, *arguments, "--memory-limit", 1, "-o", "m.safetensors",
                     says=["8 sequences of up to 600 steps need 2 MiB", "--batch-size", "--memory-limit"])


class Forecast(ToolTest):
    def test_writes_the_fixed_columns_in_the_format_of_the_input(self):
        model = self.train()
        out, err = self.run_tool("forecast", model)
        rows = list(csv.DictReader(io.StringIO(out)))
        self.assertEqual(list(rows[0]), ["unique_id", "ds", "y_hat", "q0.1", "q0.5", "q0.9"])
        self.assertEqual([r["ds"] for r in rows], [f"2002-0{m}-01" for m in range(1, 7)])
        for row in rows:
            self.assertEqual(row["unique_id"], "co2")
            self.assertEqual(row["y_hat"], row["q0.5"])
            self.assertTrue(300 < float(row["q0.1"]) <= float(row["q0.5"]) <= float(row["q0.9"]) < 450, row)
        self.assertEqual(err, "")

        self.run_tool("forecast", model, CO2, "-o", "f.csv", "-q")
        self.assertEqual(pathlib.Path("f.csv").read_text(), out)

    def test_adds_the_mean_where_it_is_asked_for(self):
        model = self.train()
        rows = list(csv.DictReader(io.StringIO(self.run_tool("forecast", model, "--mean")[0])))
        self.assertEqual(list(rows[0]), ["unique_id", "ds", "y_hat", "q0.1", "q0.5", "q0.9", "mean"])
        for row in rows:
            self.assertTrue(float(row["q0.1"]) < float(row["mean"]) < float(row["q0.9"]), row)
        forecast = self.result("forecast", model, "--mean")["forecasts"][0]
        self.assertEqual(forecast["mean"], [float(row["mean"]) for row in rows])

    def test_horizon_and_quantiles_of_its_own(self):
        result = self.result("forecast", self.train(), CO2, "--horizon", 15, "--quantiles", "0.2,0.5", "-q")
        forecast = result["forecasts"][0]
        self.assertEqual(result["horizon"], 15)
        self.assertEqual(forecast["ds"][-1], "2003-03-01")
        self.assertEqual(sorted(forecast), ["ds", "q0.2", "q0.5", "unique_id", "y_hat"])
        self.assertEqual(len(forecast["q0.2"]), 15)

    def test_calibration_can_be_switched_off(self):
        command = ["train", "forecast", CO2, "--horizon", 6, "--epochs", 4, "-o", "m.safetensors", "-q"]
        medians, widths = [], []
        for flags in [[], ["--no-conformal"]]:
            self.run_tool(*command, *flags)
            self.assertEqual(self.result("inspect", "m.safetensors")["config"]["conformal"], not flags)
            forecast = self.result("forecast", "m.safetensors")["forecasts"][0]
            widths.append(sum(forecast["q0.9"]) - sum(forecast["q0.1"]))
            medians.append(forecast["y_hat"])
        self.assertEqual(medians[0], medians[1])
        self.assertGreater(widths[0], 1.01 * widths[1])

    def test_continues_other_data(self):
        model = self.train()
        shorter = "".join(pathlib.Path(CO2).read_text().splitlines(keepends=True)[:-24])
        out, _ = self.run_tool("forecast", model, self.write("shorter.csv", shorter))
        self.assertEqual(out.splitlines()[1].split(",")[1], "2000-01-01")

    def test_rows_without_a_value_at_the_end_are_where_forecasts_begin(self):
        data = pathlib.Path(CO2).read_text()
        self.write("plain.csv", data)
        self.assertTrue(data.splitlines()[-1].startswith("2001-12-01,"))
        self.write("open.csv", data + "2002-01-01,\n2002-02-01,NA\n2002-04-01,\n")
        model = self.train(data="plain.csv")
        plain, _ = self.run_tool("forecast", model, "plain.csv")
        rest, err = self.run_tool("forecast", model, "open.csv")
        self.assertEqual(rest, plain)
        self.assertIn("4 steps without a value at the end, left out", err)
        judged = [self.result("backtest", model, name, "--windows", 2) for name in ("plain.csv", "open.csv")]
        self.assertEqual(judged[0], judged[1])

    def test_plot_is_one_well_formed_svg_of_the_series_asked_for(self):
        rows = ["time,a,<b> & \"c\""] + [f"{t},{t % 5},{100 + t % 7}" for t in range(120)]
        data = self.write("wide.csv", "\n".join(rows))
        model = self.train(data=data)
        self.run_tool("forecast", model, "-o", "f.csv", "--plot", "f.svg", "--series", '<b> & "c"')
        root = xml.etree.ElementTree.parse("f.svg").getroot()
        texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertIn('<b> & "c"', texts)
        self.assertIn("80 % interval", texts)
        self.assertNotIn("href", pathlib.Path("f.svg").read_text())
        self.assertEqual(len(pathlib.Path("f.csv").read_text().splitlines()), 1 + 2 * 6)

    def test_time_axis_has_round_times_and_names_what_changes(self):
        begin = datetime.datetime(2024, 1, 31, 22, 30)  # 60 steps; the last 48 and 6 of the future are shown
        spaced = lambda form, **step: [(begin + t * datetime.timedelta(**step)).strftime(form) for t in range(60)]
        for times, labels in [
            (spaced("%Y-%m-%d %H:%M:%S", seconds=1), ["22:30:15", "22:30:30", "22:30:45", "22:31:00"]),
            (spaced("%Y-%m-%d %H:%M", hours=1), [f"02-{t}:00" for t in ["01 12", "01 18", "02 00", "02 06", "02 12",
                                                                       "02 18", "03 00", "03 06", "03 12"]]),
            (spaced("%Y-%m-%d", days=1), [f"2024-{t}" for t in ["02-15", "02-22", "02-29", "03-07", "03-14", "03-21",
                                                                "03-28", "04-04"]]),
            ([f"{1999 + t // 12}-{t % 12 + 1:02}" for t in range(60)],
             [f"{year}-{month}" for year in range(2000, 2005) for month in ["01", "07"]][:-1]),
            ([f"{1950 + t}-01-01" for t in range(60)], ["1970", "1980", "1990", "2000", "2010"]),
            ([f"{t}" for t in range(-30, 30)], ["-10", "0", "10", "20", "30"]),
        ]:
            data = self.write("d.csv", "\n".join(["time,value"] + [f"{t},{i % 7}" for i, t in enumerate(times)]))
            model = self.train(data=data)
            self.run_tool("forecast", model, data, "-o", "f.csv", "--plot", "f.svg")
            texts = list(xml.etree.ElementTree.parse("f.svg").getroot().iter("{http://www.w3.org/2000/svg}text"))
            lowest = max(float(e.get("y")) for e in texts)
            self.assertEqual([e.text for e in texts if float(e.get("y")) == lowest], labels)


    def test_plot_in_the_terminal(self):
        model = self.train()
        plain = {"LC_ALL": "C", "COLUMNS": "60", "TERM": "xterm"}
        table, _ = self.run_tool("forecast", model, "-q")
        drawn, err = self.run_tool("forecast", model, "--plot", "-", env=plain)
        self.assertEqual(err, "")
        self.assertTrue(drawn.isascii())
        self.assertNotIn("\x1b", drawn)  # no terminal, no colour
        self.assertEqual(max(map(len, drawn.splitlines())), 59)
        for text in ["co2", "370 +", "2002", "* history", "o median", "80 % interval"]:
            self.assertIn(text, drawn)
        dots, _ = self.run_tool("forecast", model, "--plot", "-", env={"LC_ALL": "C.UTF-8"})
        self.assertTrue(any("\u2801" <= c <= "\u28ff" for c in dots))
        # With a file for the table, both.
        both, _ = self.run_tool("forecast", model, "-q", "-o", "f.csv", "--plot", "-", env=plain)
        self.assertEqual((both, pathlib.Path("f.csv").read_text()), (drawn, table))
        self.assertEqual({p.name for p in pathlib.Path().iterdir()}, {model, "f.csv"})


class Judge(ToolTest):
    def check(self, result):
        self.assertLessEqual(METRICS | {"wql", "coverage"}, set(result["metrics"]))
        self.assertLessEqual(METRICS, set(result["naive"]))
        self.assertEqual(result["naive"], result["methods"][result["best_naive"]])
        self.assertEqual(result["methods"]["seasonal_naive"]["skill"], 0)
        self.assertEqual(result["diebold_mariano"]["against"], result["best_naive"])
        self.assertEqual(set(result["methods"]), {"elman", "naive", "seasonal_naive", "drift", "seasonal_mean", "theta", "shrunken_theta"})

    def test_backtest_trains_on_the_past_alone(self):
        result = self.result("backtest", CO2, "--horizon", 6, "--windows", 4, *SMALL)
        self.check(result)
        self.assertEqual((result["windows"], result["overlapping"]), (4, 0))
        self.assertEqual((result["diebold_mariano"]["windows"], result["diebold_mariano"]["lags"]), (4, 0))
        self.assertTrue(0 < result["diebold_mariano"]["p_value"] < 1)
        self.assertEqual(result["metrics"]["points"], 24)

    def test_backtest_can_train_anew_before_every_window(self):
        command = ["backtest", CO2, "--horizon", 6, "--windows", 2, *SMALL]
        once, anew = self.result(*command), self.result(*command, "--retrain")
        self.check(anew)
        self.assertEqual(anew["naive"], once["naive"])
        self.assertNotEqual(anew["metrics"]["mae"], once["metrics"]["mae"])
        self.assertIn("before window 2 of 2", self.run_tool(*command, "--retrain")[1])

    def test_backtest_of_a_model_warns_of_what_it_has_seen(self):
        model = self.train()
        out, err = self.run_tool("backtest", model, CO2, "--windows", 3)
        for text in ["skill", "sMAPE %", "MAE", "RMSE", "pinball", "in 80 %", "elman", "seasonal_naive", "drift", "seasonal_mean", "theta", "(MASE "]:
            self.assertIn(text, out)
        self.assertIn("3 of 3 windows overlap", err)
        self.check(self.result("backtest", model, CO2, "--windows", 3))

    def test_backtest_says_how_even_intervals_are_over_the_calendar(self):
        rows = [f"2024-01-{1 + d:02} {h:02}:00,{50 + h * (24 - h) + (d * 37 + h * 11) % (5 + h)}"
                for d in range(28) for h in range(24)]
        command = ["backtest", self.write("hours.csv", "\n".join(["ds,y", *rows])), "--horizon", 6, "--windows", 100,
                   "--stride", 3, *SMALL]
        result = self.result(*command)
        self.assertEqual({cycle: len(found["mae"]) for cycle, found in result["by_calendar"].items()},
                         {"month": 12, "weekday": 7, "hour": 24})
        for found in result["by_calendar"].values():
            self.assertEqual(sum(found["points"]), result["metrics"]["points"])
            inside = sum(n * share for n, share in zip(found["points"], found["coverage"]["0.8"]) if n)
            self.assertAlmostEqual(inside / sum(found["points"]), result["metrics"]["coverage"]["0.8"])
        self.assertEqual(len(result["by_step"]["elman"]["coverage"]["0.8"]), 6)
        self.assertNotIn("coverage", result["by_step"]["theta"])
        # An hour has too few values to tell, a month no other beside it.
        self.assertRegex(self.run_tool(*command)[0], r"\nin 80 %: by weekday \d+\.\d to \d+\.\d %\n")

    def test_backtest_writes_errors_by_series_step_and_method(self):
        rows = ["time,a,\"b,c\""] + [f"{t},{t % 5 + t % 3},{100 + t % 7 + t // 10 if t != 117 else ''}" for t in range(120)]
        result = self.result("backtest", self.write("wide.csv", "\n".join(rows)), "--horizon", 6, "--windows", 4,
                             *SMALL, "-o", "errors.csv")
        self.assertEqual(result["output"], "errors.csv")
        with open("errors.csv", newline="") as file:
            table = list(csv.DictReader(file))
        self.assertEqual(list(table[0]), ["unique_id", "step", "method", "points", "mae", "rmse", "smape", "mase",
                                          "wql", "coverage0.8"])
        self.assertEqual(len(table), 2 * 6 * len(result["methods"]))
        self.assertEqual({r["unique_id"] for r in table}, {"a", "b,c"})
        self.assertEqual([r["points"] for r in table if r["method"] == "drift"], ["4"] * 9 + ["3"] + ["4"] * 2)
        self.assertEqual({(r["method"] == "elman", r["wql"] != "", r["coverage0.8"] != "") for r in table},
                         {(True, True, True), (False, False, False)})
        for name, metrics in result["methods"].items():
            own = [r for r in table if r["method"] == name]
            points = sum(int(r["points"]) for r in own)
            self.assertEqual(points, metrics["points"])
            self.assertAlmostEqual(sum(float(r["mae"]) * int(r["points"]) for r in own) / points, metrics["mae"])
            steps = result["by_step"][name]
            self.assertEqual(len(steps["mase"]), 6)
            self.assertAlmostEqual(sum(float(r["mase"]) for r in own if r["step"] == "2") / 2, steps["mase"][1])

    def test_evaluate_forecast(self):
        result = self.result("evaluate", self.train(), CO2)
        self.check(result)
        self.assertEqual(result["metrics"]["points"], 6)
        self.assertIsNone(result["diebold_mariano"]["p_value"])  # of one window
        self.assertIn("too few", result["verdict"])

    def test_evaluate_text_beside_the_frequency_of_characters(self):
        model = self.train_text()
        result = self.result("evaluate", model, "corpus.txt")
        self.assertEqual(result["symbols"], len(TEXT) // 10)
        self.assertGreater(result["naive"]["nats_per_char"], 2)
        self.assertGreater(result["metrics"]["nats_per_char"], 0)
        self.assertIn("nats per character", self.run_tool("evaluate", model, "corpus.txt")[0])


class Show(ToolTest):
    def test_inspect(self):
        out, _ = self.run_tool("inspect", self.train())
        for text in ["'forecast'", "elman 0.", "gru", "rnn.weight_ih_l0", "[48, ", "season 12",
                     "hidden_size          16", "2 epochs", "valid loss"]:
            self.assertIn(text, out)
        result = self.result("inspect", "m.safetensors")
        self.assertEqual(result["bytes"], pathlib.Path("m.safetensors").stat().st_size)
        self.assertEqual(result["config"]["horizon"], 6)
        sizes = [t["shape"][0] * (t["shape"] + [1])[1] for t in result["tensors"]]
        self.assertEqual(result["parameters"], sum(sizes))

    def test_sample_is_a_function_of_its_seed(self):
        model = self.train_text()
        first, _ = self.run_tool("sample", model, "--prime", "the ", "--length", 50, "--temperature", 0.8, "--seed", 3)
        again, _ = self.run_tool("sample", model, "--prime", "the ", "--length", 50, "--temperature", 0.8, "--seed", 3)
        other, _ = self.run_tool("sample", model, "--prime", "the ", "--length", 50, "--temperature", 0.8, "--seed", 4)
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)
        self.assertTrue(first.startswith("the "))
        self.assertEqual(len(first), 4 + 50 + 1)
        self.assertEqual("the " + self.result("sample", model, "--prime", "the ", "--length", 50, "--temperature", 0.8,
                                              "--seed", 3)["text"] + "\n", first)

    def test_narrow_weights_change_little(self):
        model = self.train_text()
        self.write("text.txt", TEXT)
        full, narrow = (self.result("evaluate", model, "text.txt", "--weights", w) for w in ["f32", "bf16"])
        self.assertNotEqual(full["metrics"]["nats_per_char"], narrow["metrics"]["nats_per_char"])
        self.assertAlmostEqual(full["metrics"]["nats_per_char"] / narrow["metrics"]["nats_per_char"], 1, delta=0.02)
        forecaster = self.train()
        full, narrow = (self.result("forecast", forecaster, "--weights", w)["forecasts"][0]["y_hat"]
                        for w in ["f32", "bf16"])
        for a, b in zip(full, narrow):
            self.assertAlmostEqual(a, b, delta=0.5)  # parts per million
        self.assertNotEqual(full, narrow)

    def test_a_reader_that_leaves_is_no_error(self):
        model = self.train_text()
        process = subprocess.Popen([ELMAN, "sample", model, "--length", "1000000"], env=ENVIRONMENT,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(len(process.stdout.read(100)), 100)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(timeout=20), 0)

    def test_a_full_disk_behind_standard_output_is_an_error(self):
        model = self.train()
        with open("/dev/full", "w") as full:
            process = subprocess.run([ELMAN, "forecast", model], env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(process.returncode, 6)
        self.assertIn(b"standard output", process.stderr)

    def test_version_and_help_of_every_verb(self):
        self.assertRegex(self.run_tool("--version")[0], r"^elman \d+\.\d+\.\d+\n$")
        self.assertIn("Examples:", self.run_tool("--help")[0])
        self.assertIn("forecast", self.run_tool("train", "--help")[0])
        verbs = ["train forecast", "train text", "forecast", "backtest", "evaluate", "anomalies", "sample", "inspect", "config show"]
        for verb in verbs:
            out, _ = self.run_tool(*verb.split(), "--help")
            examples = [line for line in out.split("Examples:")[1].splitlines() if f"elman {verb}" in line]
            self.assertGreaterEqual(len(examples), 2, verb)


if __name__ == "__main__":
    unittest.main()
