"""Runs the tool as a user would: shared by the tests beside this file.

$ELMAN is the tool, $ELMAN_SOURCE_DIR the source tree with its data/; both are set by CMakeLists.txt.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ELMAN = os.environ["ELMAN"]
DATA = pathlib.Path(os.environ["ELMAN_SOURCE_DIR"]) / "data"
CO2 = str(DATA / "co2.csv")
ELNINO = str(DATA / "elnino.csv")
# The environment of a user who has set nothing.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("ELMAN")}
SECONDS = 60  # no command here takes longer

# A training of about a second: small, with dropout, refitted.
SMALL = ["--hidden-size", "16", "--epochs", "2", "--batches-per-epoch", "10", "--batch-size", "32"]
TEXT = "the cat sat on the mat; the dog sat on the log; " * 60
SMALL_TEXT = ["--hidden-size", "16", "--bptt", "20", "--epochs", "4"]


def start(*args, env=None, **options):
    return subprocess.Popen([ELMAN, *map(str, args)], env={**ENVIRONMENT, **(env or {})}, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, **options)


class ToolTest(unittest.TestCase):
    """Each test runs in an empty folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def run_tool(self, *args, code=0, env=None):
        """The command's output and its messages; fails unless it exits with `code`."""
        process = start(*args, env=env)
        out, err = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, code, f"elman {' '.join(map(str, args))}\n{out}\n{err}")
        return out, err

    def result(self, *args, env=None):
        """The one JSON object a command ends with."""
        return json.loads(self.run_tool(*args, "--json", env=env)[0])

    def refused(self, code, *args, says=(), env=None):
        """The command fails with `code`, tells why on standard error only, and mentions all of `says`."""
        out, err = self.run_tool(*args, code=code, env=env)
        self.assertEqual(out, "")
        self.assertTrue(err.splitlines()[-1].startswith("elman: "), err)
        self.assertLessEqual(len(err.splitlines()[-1]), 600, err)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, err)

    def write(self, name, text):
        pathlib.Path(name).write_text(text)
        return name

    def train(self, name="m.safetensors", data=CO2, horizon=6, *more):
        self.run_tool("train", "forecast", data, "--horizon", horizon, *SMALL, "-o", name, "-q", *more)
        return name

    def train_text(self, name="t.safetensors", *more):
        self.write("corpus.txt", TEXT)
        self.run_tool("train", "text", "corpus.txt", *SMALL_TEXT, "-o", name, "-q", *more)
        return name
