"""Kinds of forecasters, end to end: --model."""
import unittest

from tool import CO2, SMALL, ToolTest

HEADS = {"segment": "quantile", "global": "student_t", "recursive": "quantile"}
TRAIN = ["train", "forecast", CO2, "--horizon", "6", *SMALL, "-o", "m.safetensors"]


class Families(ToolTest):
    def test_each_trains_and_forecasts(self):
        for name, head in HEADS.items():
            model = self.train(f"{name}.safetensors", CO2, 6, "--model", name)
            config = self.result("inspect", model)["config"]
            self.assertEqual((config["model"], config["head"]), (name, head))
            out, _ = self.run_tool("inspect", model)
            self.assertIn(f"model {name}: ", out)
            self.assertEqual("rollout" in out, name != "segment")
            forecast = self.result("forecast", model, "--horizon", 20, "--quantiles", "0.2,0.5,0.8")["forecasts"][0]
            self.assertEqual(len(forecast["y_hat"]), 20)
            for low, middle, high in zip(forecast["q0.2"], forecast["q0.5"], forecast["q0.8"]):
                self.assertTrue(250 < low <= middle <= high < 500, (name, low, middle, high))

    def test_backtest_and_head(self):
        result = self.result("backtest", CO2, "--horizon", 6, "--windows", 2, "--model", "recursive", "--head", "gaussian",
                             *SMALL)
        self.assertGreater(result["metrics"]["mase"], 0)

    def test_config(self):
        out, _ = self.run_tool("config", "show", "train.forecast", env={"ELMAN_MODEL": "global"})
        self.assertRegex(out, r'(?m)^model = "global" +# ELMAN_MODEL$')
        self.assertRegex(out, r'(?m)^# head = "" +# .*by the model')
        out, _ = self.run_tool("train", "forecast", "--help")
        for name in HEADS:
            self.assertIn(name, out)

    def test_what_is_refused(self):
        self.refused(2, *TRAIN, "--model", "globl", says=["--model", "did you mean 'global'?", "recursive"])
        self.refused(2, *TRAIN, "--model", "global", "--base", "theta", says=["--base", "--model global", "level"])
        self.refused(2, "train", "forecast", "missing.csv", "--horizon", 6, "--base", "level,thetta",
                     says=["--base: ", "did you mean 'theta'?"])  # before any data is read
        self.refused(2, *TRAIN, "--model", "recursive", "--segment", 12, says=["--segment 12", "--model recursive"])


if __name__ == "__main__":
    unittest.main()
