"""Bad input: each is answered with its exit code, and says what was found, what was expected or what to do."""
import gzip
import json
import pathlib
import resource
import unittest

from tool import CO2, ELMAN, SMALL, TEXT, ToolTest, start

TRAIN = ["train", "forecast", CO2, "--horizon", "6", *SMALL]
TRAIN_TO = [*TRAIN, "-o", "m.safetensors"]
TOOL = pathlib.Path(ELMAN).read_bytes()
UNSIZED = ["train", "forecast", CO2, "--horizon", "6", "-o", "m.safetensors"]


class Usage(ToolTest):
    def test_verbs(self):
        self.refused(2, says="verb is missing")
        self.refused(2, "train", says=["verb is missing", "forecast", "text"])
        self.refused(2, "trian", "forecast", CO2, says="did you mean 'train'?")
        self.refused(2, "train", "forcast", CO2, says="did you mean 'forecast'?")
        self.refused(2, "--json", "inspect", "m", says="'--json'")

    def test_flags(self):
        self.refused(2, *TRAIN_TO, "--hiden-size", "3", says=["'--hiden-size'", "did you mean '--hidden-size'?"])
        self.refused(2, *TRAIN_TO, "--zzzzzzzz=3", says="'--zzzzzzzz'")
        self.refused(2, *TRAIN_TO, "--seed", says=["--seed needs a value", "elman train forecast --help"])
        self.refused(2, *TRAIN_TO, "--seed", "--json", says=["--seed needs a value", "'--json'"])
        self.refused(2, *TRAIN, "-o", "--resume", says=["--output needs a value", "'--resume'"])
        self.refused(2, *TRAIN_TO, "more.csv", says="'more.csv'")
        self.refused(2, *TRAIN_TO, "--seed", "1", "--seed", "2", says="given twice")
        self.refused(2, *TRAIN_TO, "-q", "-v", says="contradict")

    def test_missing_arguments(self):
        self.refused(2, "train", "forecast", "--horizon", "6", "-o", "m", says="DATA.csv")
        self.refused(2, "train", "forecast", CO2, "--horizon", "6", says="-o")
        self.refused(2, "train", "forecast", CO2, "-o", "m", says="--horizon")
        self.refused(2, "backtest", CO2, says="--horizon")
        for verb in ["forecast", "evaluate", "inspect", "sample"]:
            self.refused(2, verb, says="MODEL")

    def test_whole_numbers(self):
        for value in ["0", "-1", "1.5", "many", "", "0x10", "nan", " 3"]:
            self.refused(2, *UNSIZED, "--hidden-size", value, says=["--hidden-size", "from 1 to", f'"{value}"'])
        for value in ["1e18", "1000000000000000000", "99999999999999999999999", "1e308", "100000000"]:
            self.refused(8, *UNSIZED, "--hidden-size", value, says=["--hidden-size", value, "16777216"])

    def test_numbers(self):
        for value in ["nan", "inf", "-0.1", "0", "fast"]:
            self.refused(2, *TRAIN_TO, "--learning-rate", value, says=["--learning-rate", "above 0", f'"{value}"'])
        self.refused(2, *TRAIN_TO, "--learning-rate", "1,5", says=["--learning-rate", "1.5", "point"])
        self.refused(2, *TRAIN_TO, "--dropout", "1", says=["--dropout", "below 1"])
        self.refused(2, *TRAIN_TO, "--quantiles", "0.1,1.5", says="--quantiles")
        self.refused(2, *TRAIN_TO, "--quantiles", "0.5,0.1", says="ascending")
        self.refused(2, *TRAIN_TO, "--quantiles", "0.1,0.9", says="0.5")

    def test_names(self):
        self.refused(2, *TRAIN_TO, "--cell", "gruu", says=["--cell", "did you mean 'gru'?"])
        train_text = ["train", "text", CO2, "-o", "t.safetensors"]
        self.refused(2, *train_text, "--optimizer", "adamx", says=["--optimizer", "did you mean 'adam'?", "rmsprop"])
        self.refused(2, *train_text, "--schedule", "cosin", says=["--schedule", "did you mean 'cosine'?", "plateau"])
        self.refused(2, *train_text, "--clip-value", -1, says=["--clip-value", "-1"])
        self.refused(4, *TRAIN_TO, "--target", "co3", says=["did you mean 'co2'?", "--target"])

    def test_settings_that_contradict_each_other(self):
        self.refused(2, *TRAIN_TO, "--look-back", "50", "--segment", "12", says=["--look-back", "--segment"])
        model = self.train()
        self.refused(2, "backtest", model, CO2, "--hidden-size", "8", says=["--hidden-size", "trained model"])
        self.refused(2, "backtest", model, CO2, "--retrain", says=["--retrain", "trained model"])
        self.refused(2, "backtest", model, says="DATA.csv")
        self.refused(2, "backtest", CO2, model, says=f"elman backtest {model} {CO2}")
        self.refused(2, "forecast", model, "--series", "co2", says="--plot")
        self.refused(2, "forecast", model, "-o", "f", "--plot", "f", says="--plot")
        self.refused(2, "forecast", model, "--json", "--plot", "-", says=["--json", "--plot -"])
        self.refused(2, "forecast", model, "--plot", says="--plot needs a value")
        self.refused(2, "forecast", model, "--plot", "f.svg", "--series", "co3", says="did you mean 'co2'?")
        self.refused(2, "forecast", model, "--quantiles", "0.01,0.5")


class Config(ToolTest):
    def refused_config(self, text, *says):
        self.refused(3, *TRAIN_TO, "--config", self.write("elman.toml", text), says=says)

    def test_what_a_file_may_not_hold(self):
        self.refused_config("seed = 1\nhiden_size = 3\n", "elman.toml:2", "did you mean 'hidden_size'?")
        self.refused_config("[train.forecast]\nbptt = 3\n", "elman.toml:2", "'bptt'")
        self.refused_config("[train.forcast]\nseed = 3\n", "elman.toml:2", "did you mean 'train.forecast'?")
        self.refused_config("seed = 1\n\n# twice\nseed = 2\n", "elman.toml:4", "line 1")
        self.refused_config("hidden_size = 3\nhidden-size = 3\n", "elman.toml:2", "line 1")
        self.refused_config("hidden_size = 0\n", "elman.toml:1", "hidden_size", "from 1 to")
        self.refused_config("cell = \"gruu\"\n", "elman.toml:1", "did you mean 'gru'?")
        self.refused_config("output = \"x\"\n", "elman.toml:1", "'output'")

    def test_what_is_no_toml(self):
        for line in ["seed", "seed =", "seed = 1 2", "seed = one", "= 3", "[train", "[]", "[[train]]", "cell = \"gru",
                     "cell = \"g\\q\"", "quantiles = [0.1", "quantiles = [0.1 0.5]", "seed = {a = 1}",
                     "cell = '''gru'''", "seed = 1,5", "\x00"]:
            self.refused_config("# first\n" + line + "\n", "elman.toml:2:" if line != "\x00" else "elman.toml")

    def test_files_that_cannot_be_read(self):
        self.refused(3, *TRAIN_TO, "--config", "none.toml", says="none.toml")
        self.refused(3, *TRAIN_TO, "--config", ".", says="configuration file")

    def test_environment(self):
        self.refused(2, *TRAIN_TO, env={"ELMAN_DROPOUT": "2"}, says=["ELMAN_DROPOUT", "below 1"])
        self.refused(3, *TRAIN_TO, env={"ELMAN_CONFIG": "none.toml"}, says="none.toml")


class Data(ToolTest):
    def test_files(self):
        self.refused(4, "train", "forecast", "none.csv", "--horizon", 6, "-o", "m", says="none.csv")
        self.refused(4, "train", "forecast", ".", "--horizon", 6, "-o", "m")
        self.refused(4, "train", "text", "none.txt", "-o", "m", says="none.txt")
        self.refused(4, "backtest", "none.csv", "--horizon", 6, says="none.csv")
        self.refused(4, "train", "forecast", self.write("empty.csv", ""), "--horizon", 6, "-o", "m", says="empty.csv")
        model = self.train()
        self.refused(4, "forecast", model, "none.csv", says="none.csv")
        self.refused(4, "evaluate", model, "none.csv", says="none.csv")

    def test_bad_cells_are_named_by_their_place(self):
        bad = self.write("bad.csv", "date,y\n2001-01-01,1\n2001-02-01,x\n")
        self.refused(4, "train", "forecast", bad, "--horizon", 1, "-o", "m", says="bad.csv:3:12")

    def test_bad_tables_with_every_verb(self):
        """The same answer from each verb that reads a table, and no file is left behind."""
        lines = pathlib.Path(CO2).read_text().splitlines(True)
        head, cell = lines[:99], lines[99].split(",")[0] + ","
        whole = "".join(lines)
        tables = [("", "bad.csv: is empty"), (lines[0], "no rows"), (whole.encode("utf-16"), "bad.csv:1:1: found UTF-16"),
                  (gzip.compress(whole.encode()), "bad.csv:1:1: found gzip"), ("date,co2,co2\n", "bad.csv:1:10"),
                  ("".join([*head, cell + "\0\n", *lines[100:]]), "bad.csv:100:12: found a NUL byte"),
                  ("".join([*head, cell + "1,2\n", *lines[100:]]), "bad.csv:100:14: found 3 cells"),
                  ("".join([*head, cell + "\"1\n", *lines[100:]]), "bad.csv:100:12: found a quote"),
                  ("".join([*head, cell + "\"3,5\"\n", *lines[100:]]), "a decimal comma"),
                  ("".join([*head, cell + "two\n", *lines[100:]]), "bad.csv:100:12: found \"two\""),
                  ("".join([*head, cell + "1e400\n", *lines[100:]]), "bad.csv:100:12: found \"1e400\""),
                  ("".join([*head, cell.replace("-", "/") + "1\n", *lines[100:]]), "bad.csv:100:1: found \"1966/05/01\""),
                  ("".join([*head, lines[100], lines[99], *lines[101:]]), "bad.csv:101:1: found the time"),
                  ("".join([*head, lines[99], *lines[99:]]), "bad.csv:101:1: found the time"),
                  ("date,co2\n01/02/1990,1\n02/02/1990,2\n", "bad.csv:2:1: found \"01/02/1990\""),
                  ("date,co2\n1990-01-01,\n1990-02-01,\n", "without a single value")]
        model = self.train()
        for content, says in tables:
            pathlib.Path("bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
            before = set(pathlib.Path().iterdir())
            for command in [["train", "forecast", "bad.csv", "--horizon", 6, "-o", "m"],
                            ["backtest", "bad.csv", "--horizon", 6, "-o", "e.csv"], ["backtest", model, "bad.csv"],
                            ["forecast", model, "bad.csv", "-o", "f.csv"], ["evaluate", model, "bad.csv"],
                            ["anomalies", model, "bad.csv", "-o", "a.csv"]]:
                self.refused(4, *command, says=says)
                self.assertEqual(set(pathlib.Path().iterdir()), before)

    def test_horizon_longer_than_the_data(self):
        self.refused(4, "train", "forecast", CO2, "--horizon", 5000, "-o", "m", says=["526", "5000"])
        # At once: the training these ask for would take longer than a test may.
        for windows in [22, 1000, 10 ** 9]:
            self.refused(4, "backtest", CO2, "--horizon", 24, "--windows", windows, "--hidden-size", 2000,
                         "--epochs", 100000, "--patience", 0, says=["co2.csv", "526 steps", "--windows 21"])
        self.refused(4, "backtest", CO2, "--horizon", 525, "--windows", 1, says=["526 steps", "at most 524"])

    def test_batch_larger_than_the_data(self):
        sized = ["--hidden-size", 4, "--epochs", 1, "--batches-per-epoch", 1]
        for command in [UNSIZED, ["backtest", CO2, "--horizon", "6"]]:
            for size in [600, 10 ** 6]:
                self.refused(2, *command, *sized, "--batch-size", size,
                             says=[f"--batch-size {size}", "windows", "co2.csv", "--batch-size of at most 5"])
        self.run_tool(*UNSIZED, *sized, "--batch-size", 500)
        self.write("corpus.txt", TEXT)
        self.refused(2, "train", "text", "corpus.txt", "--batch-size", 100000, "-o", "t",
                     says=["--batch-size 100000", "--bptt 100", "2592", "--batch-size of at most 24"])
        self.run_tool("train", "text", "corpus.txt", "--batch-size", 24, "--hidden-size", 4, "--epochs", 1, "-o", "t")
        # A batch that the tool chooses always fits, and it says that it is smaller than usual.
        _, err = self.run_tool("train", "text", self.write("short.txt", TEXT[:300]), "--hidden-size", 4, "-o", "t")
        self.assertIn("1 tracks of 100 symbols: the text is too short for more", err)

    def test_sampling_from_an_unknown_character(self):
        self.refused(2, "sample", self.train_text(), "--prime", "Ω", says=["--prime", "'Ω' (U+03A9)"])


class Model(ToolTest):
    def test_files_that_are_no_models(self):
        not_a_model = self.write("notes.txt", "some text")
        for verb in [["forecast"], ["inspect"], ["sample"], ["evaluate"]]:
            more = [CO2] if verb == ["evaluate"] else []
            self.refused(5, *verb, not_a_model, *more, says="notes.txt")
            self.refused(5, *verb, self.write("empty", ""), *more, says="empty")
        self.refused(5, "backtest", not_a_model, CO2, says="notes.txt")

    def test_missing_model(self):
        for verb in [["forecast"], ["inspect"], ["sample"], ["evaluate"], ["backtest"]]:
            more = [CO2] if verb[0] in ("evaluate", "backtest") else []
            self.refused(5, *verb, "none.safetensors", *more, says=["none.safetensors", "model", "No such file"])
        # The data is missing, not the model.
        self.refused(4, "backtest", "none.csv", "--horizon", 6, says=["none.csv", "no such file"])

    def test_truncated_model(self):
        model = pathlib.Path(self.train())
        model.write_bytes(model.read_bytes()[:-100])
        self.refused(5, "forecast", model, says=str(model))

    def test_unknown_names_in_a_model(self):
        model = pathlib.Path(self.train())
        whole = model.read_bytes()
        size = int.from_bytes(whole[:8], "little")
        for key, value in [("head", "gausian"), ("model", "globl"), ("bases", ["thetta"]), ("horizon", 0)]:
            header = json.loads(whole[8:8 + size])
            description = json.loads(header["__metadata__"]["elman"])
            self.assertIn(key, description["task_data"]["config"])
            description["task_data"]["config"][key] = value
            header["__metadata__"]["elman"] = json.dumps(description)
            text = json.dumps(header).encode()
            text += b" " * (-len(text) % 8)
            model.write_bytes(len(text).to_bytes(8, "little") + text + whole[8 + size:])
            wrong = value[0] if isinstance(value, list) else str(value)
            for verb in [["forecast", model], ["forecast", model, CO2], ["evaluate", model, CO2],
                         ["backtest", model, CO2], ["anomalies", model, CO2], ["inspect", model]]:
                self.refused(5, *verb, says=["m.safetensors: ", wrong])

    def test_model_of_another_task(self):
        forecaster, text = self.train(), self.train_text()
        self.refused(5, "sample", forecaster, says=["'forecast'", f"elman forecast {forecaster}"])
        self.refused(5, "forecast", text, says=["'text'", f"elman sample {text}"])
        self.refused(5, "backtest", text, CO2, says="'text'")


class Writing(ToolTest):
    def test_output_is_checked_before_training(self):
        for output in ["no/such/folder/m.safetensors", "/proc/m.safetensors", "."]:
            self.refused(6, "train", "forecast", CO2, "--horizon", 6, "--epochs", 100000, "-o", output, says=output)

    def test_table_of_a_backtest_is_checked_before_training(self):
        command = ["backtest", CO2, "--horizon", 6, "--epochs", 100000, "--patience", 0]
        self.refused(6, *command, "-o", "none/errors.csv", says="none/errors.csv")
        self.refused(2, *command, "-o", CO2, says="the input itself")

    def test_output_is_the_input(self):
        data = self.write("data.csv", pathlib.Path(CO2).read_text())
        for output in [data, "./data.csv"]:
            self.refused(2, "train", "forecast", data, "--horizon", 6, "-o", output, says="the input itself")
        self.assertEqual(pathlib.Path(data).read_text(), pathlib.Path(CO2).read_text())
        model = self.train()
        self.refused(2, "forecast", model, "-o", model, says="the input itself")
        self.refused(2, "forecast", model, data, "--plot", data, says="the input itself")

    def test_forecast_into_a_missing_folder(self):
        self.refused(6, "forecast", self.train(), "-o", "none/f.csv", says="none/f.csv")


class Limits(ToolTest):
    @unittest.skipIf(b"__asan_init" in TOOL or b"__tsan_init" in TOOL, "sanitizers need the whole address space")
    def test_out_of_memory(self):
        limit = 600 << 20
        process = start("train", "forecast", CO2, "--horizon", 6, "-o", "m", "--hidden-size", 9000, "--threads", 1,
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 8, err)
        self.assertIn("elman: ", err)

    def diverges(self, data, *more):
        """Every way back to a good state is told and fails: exit 7 with advice, and no file is left."""
        before = set(pathlib.Path().iterdir())
        _, err = self.run_tool("train", "forecast", data, "--horizon", 6, "--hidden-size", 16, "--batches-per-epoch",
                               50, "-o", "m", *more, code=7)
        self.assertEqual(err.count("back to the last good state, learning rate x"), 5, err)
        for text in ["training diverged", "extreme values in the data", "lower --learning-rate", "--clip"]:
            self.assertIn(text, err.splitlines()[-1])
        self.assertEqual(set(pathlib.Path().iterdir()), before)

    def test_divergence_by_the_learning_rate(self):
        # Even a 32nd of it, what is left after five returns, carries a weight beyond the largest float in two steps.
        self.diverges(CO2, "--learning-rate", "1e38", "--clip", 0)

    def test_divergence_by_the_data(self):
        # Sums of these exceed the largest double: no window has a finite scale.
        rows = "".join(f"{t},{(-1) ** t}.{t % 7}e308\n" for t in range(200))
        self.diverges(self.write("huge.csv", "t,y\n" + rows))


if __name__ == "__main__":
    unittest.main()
