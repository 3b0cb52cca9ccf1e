"""A stopped run goes on to the very file an unstopped one writes; flags about the show alone change nothing."""
import pathlib
import signal
import unittest

from tool import CO2, ELNINO, SECONDS, TEXT, ToolTest, start

# Long enough to be stopped in the middle, with dropout.
FORECAST = ["train", "forecast", ELNINO, "--horizon", 6, "--hidden-size", 64, "--num-layers", 2, "--dropout", 0.3,
            "--epochs", 3, "--batches-per-epoch", 60]
TEXT_MODEL = ["train", "text", "corpus.txt", "--hidden-size", 64, "--num-layers", 2, "--dropout", 0.3, "--bptt", 25,
              "--epochs", 20, "--batch-size", 4]
SHORT = ["train", "forecast", CO2, "--horizon", 6, "--epochs", 1, "--batches-per-epoch", 10]


def content(path):
    return pathlib.Path(path).read_bytes()


class Resume(ToolTest):
    def stop(self, command, after, signals):
        """Sends the signals once a line with `after` is told."""
        process = start(*command)
        told = ""
        while after not in told:
            line = process.stderr.readline()
            self.assertNotEqual(line, "", f"ended too early:\n{told}")
            told += line
        for number in signals:
            process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 130, told + err)
        self.assertEqual(out, "")
        return err

    def check(self, command, after, number=signal.SIGINT):
        self.run_tool(*command, "-o", "whole")
        err = self.stop([*command, "-o", "part"], after, [number])
        self.assertIn("--resume", err)
        self.assertIn("part.checkpoint", err)
        self.assertTrue(pathlib.Path("part.checkpoint").exists())
        self.run_tool(*command, "-o", "part", "--resume")
        self.assertEqual(content("part"), content("whole"))
        self.assertFalse(list(pathlib.Path().glob("*.checkpoint*")))

    def test_forecast_stopped_in_its_first_training(self):
        self.check(FORECAST, "epoch   1")

    def test_forecast_stopped_in_its_second_training(self):
        self.check(FORECAST, "training again", signal.SIGTERM)

    def test_forecast_stopped_in_the_last_network_of_its_ensemble(self):
        self.check(FORECAST, "network 3 of 3")

    def test_text(self):
        self.write("corpus.txt", TEXT)
        self.check(TEXT_MODEL, "epoch   3")
        # The best model so far was there already when the run was stopped.
        self.stop([*TEXT_MODEL, "-o", "early"], "epoch   3", [signal.SIGINT])
        self.run_tool("inspect", "early")

    def test_text_of_another_optimizer_and_schedule(self):
        self.write("corpus.txt", TEXT)
        chosen = ["--optimizer", "rmsprop", "--schedule", "plateau", "--clip-value", 0.01]
        self.check([*TEXT_MODEL, *chosen], "epoch   3")
        config = self.result("inspect", "whole")["config"]
        self.assertEqual([config[key] for key in ("optimizer", "schedule", "clip_value")], ["rmsprop", "plateau", 0.01])
        self.stop([*TEXT_MODEL, *chosen, "-o", "part"], "epoch   3", [signal.SIGINT])
        for mine, other in [("rmsprop", "adam"), ("plateau", "step"), (0.01, 0.02)]:
            changed = [other if word == mine else word for word in chosen]
            self.refused(2, *TEXT_MODEL, *changed, "-o", "part", "--resume", says="settings")

    def test_second_signal_ends_at_once(self):
        self.stop([*FORECAST, "-o", "m"], "epoch   1", [signal.SIGINT, signal.SIGTERM])
        self.assertFalse(list(pathlib.Path().glob("m*")))

    def test_checkpoint_of_other_settings_or_data(self):
        self.stop([*FORECAST, "-o", "m"], "epoch   1", [signal.SIGINT])
        self.refused(2, *FORECAST, "-o", "m", "--resume", "--learning-rate", 0.001, says="settings")
        other = [CO2 if word == ELNINO else word for word in FORECAST]
        self.refused(4, *other, "-o", "m", "--resume", says="data has changed")

    def test_resume_without_a_checkpoint_starts_afresh(self):
        self.assertIn("no checkpoint", self.run_tool(*SHORT, "-o", "m", "--resume")[1])


class SameFile(ToolTest):
    def check(self, command):
        self.run_tool(*command, "-o", "plain")
        for i, more in enumerate([["--threads", 1], ["--threads", 2], ["-q"], ["--json"], ["-v"]]):
            self.run_tool(*command, *more, "-o", f"m{i}")
            self.assertEqual(content(f"m{i}"), content("plain"), more)
        self.run_tool(*command, "--seed", 2, "-o", "other")
        self.assertNotEqual(content("other"), content("plain"))

    def test_forecast(self):
        self.check([*SHORT, "--hidden-size", 40, "--dropout", 0.2])

    def test_text(self):
        self.write("corpus.txt", TEXT)
        self.check(["train", "text", "corpus.txt", "--hidden-size", 40, "--bptt", 25, "--epochs", 2])


class Settings(ToolTest):
    """default < file < environment < flag, and where each came from."""

    def show(self, *args, env=None):
        lines = self.run_tool("config", "show", "train.forecast", *args, env=env)[0].splitlines()
        self.assertEqual(lines[0], "[train.forecast]")
        return {line.lstrip("# ").split(" ")[0]: line for line in lines[1:]}

    def test_precedence(self):
        self.write("elman.toml", "hidden_size = 10  # flat\nepochs = 10\n[train]\nseed = 10\n[train.forecast]\n"
                   "hidden-size = 20\nquantiles = [\n  0.2, 0.5,  # two\n  0.8]\ncell = 'lstm'\nrefit = false\n"
                   "[train.text]\nbptt = 7\n")
        shown = self.show("--config", "elman.toml", env={"ELMAN_EPOCHS": "30", "ELMAN_TIME": "when"})
        for key, value, source in [("hidden_size", "20", "elman.toml:6"), ("epochs", "30", "ELMAN_EPOCHS"),
                                   ("seed", "10", "elman.toml:4"), ("quantiles", "[0.2, 0.5, 0.8]", "elman.toml:7"),
                                   ("cell", '"lstm"', "elman.toml:10"), ("refit", "false", "elman.toml:11"),
                                   ("time", '"when"', "ELMAN_TIME")]:
            self.assertRegex(shown[key], rf"^{key} = {value.replace('[', '.').replace(']', '.')} +# {source}$")
        self.assertRegex(shown["dropout"], "^# dropout = 0.1 +# default$")

        result = self.result(*SHORT, "--config", "elman.toml", "--seed", 5, "-o", "m", env={"ELMAN_HIDDEN_SIZE": "7"})
        config = self.result("inspect", "m")["config"]
        self.assertEqual((config["hidden_size"], config["epochs"], config["seed"], config["cell"], config["quantiles"],
                          config["refit"]), (7, 1, 5, "lstm", [0.2, 0.5, 0.8], False))
        self.assertEqual(result["seed"], 5)

    def test_a_slip_in_the_environment_is_told(self):
        env = {"ELMAN_HIDEN_SIZE": "9", "ELMAN_HIDDEN_SIZE": "8", "ELMAN_DATA": "of-something-else"}
        out, err = self.run_tool("config", "show", env=env)
        self.assertEqual(err, "no verb reads the variable ELMAN_HIDEN_SIZE; did you mean ELMAN_HIDDEN_SIZE?\n")
        self.assertIn("hidden_size = 8", out)
        self.write("corpus.txt", TEXT)
        _, err = self.run_tool("train", "text", "corpus.txt", "--epochs", "1", "-q", "-o", "m", env=env)
        self.assertEqual(err, "")

    def test_what_is_shown_can_be_read_again(self):
        env = {"ELMAN_HIDDEN_SIZE": "9", "ELMAN_PRIME": 'a "b"\\\n\té', "ELMAN_LEARNING_RATE": "1e-7",
               "ELMAN_QUANTILES": "0.5"}
        first, _ = self.run_tool("config", "show", env=env)
        self.write("elman.toml", first)
        again, _ = self.run_tool("config", "show", "--config", "elman.toml")
        values = [[line.split("  #")[0].rstrip() for line in text.splitlines()] for text in (first, again)]
        self.assertEqual(values[0], values[1])
        self.assertIn("hidden_size = 9", values[0])

    def test_escapes_and_dotted_keys(self):
        self.write("elman.toml", r'sample.prime = "\u0041\u00e9\u20ac\U0001F600\t"' + "\n[train]\nforecast.seed = 3\n")
        shown, _ = self.run_tool("config", "show", "--config", "elman.toml")
        self.assertIn('\nprime = "A\u00e9\u20ac\U0001F600\\u0009" ', shown)
        self.assertRegex(self.show("--config", "elman.toml")["seed"], r"^seed = 3 +# elman.toml:3$")

    def test_unknown_section(self):
        self.refused(2, "config", "show", "train.forcast", says="did you mean 'train.forecast'?")

    def test_backtest_reads_the_settings_of_training(self):
        self.write("elman.toml", "[train.forecast]\nhidden_size = 11\nseed = 1\n[backtest]\nseed = 2\n")
        shown, _ = self.run_tool("config", "show", "backtest", "--config", "elman.toml")
        self.assertIn("hidden_size = 11", shown)
        self.assertIn("\nseed = 2", shown)


if __name__ == "__main__":
    unittest.main()
