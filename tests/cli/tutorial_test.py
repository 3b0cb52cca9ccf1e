"""docs/tutorial.md holds: its commands run, print what it quotes, and write the files that they name."""
import os
import pathlib
import re
import subprocess
import unittest

from tool import DATA, ELMAN, ENVIRONMENT, SECONDS, ToolTest

TUTORIAL = DATA.parent / "docs" / "tutorial.md"
# A block of commands, and what it is said to print if the next block quotes that.
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
WRITTEN = re.compile(r"(?:-o|--plot|--report|>) (\S+\.\w+)")
LEFT_OUT = "…"  # on a line of its own any lines, inside a line any text


def pattern(quoted):
    """Matches output with the quoted lines, whole and in this order."""
    lines = [r"(?:.*\n)*?" if line == LEFT_OUT else ".*?".join(map(re.escape, line.split(LEFT_OUT))) + r"\n"
             for line in quoted.splitlines()]
    return re.compile("^" + "".join(lines), re.MULTILINE)


class Tutorial(ToolTest):
    def setUp(self):
        super().setUp()
        os.symlink(DATA, "data")
        os.mkdir("bin")
        os.symlink(ELMAN, "bin/elman")
        # One thread, which does not wait for others where tests run side by side; the figures are those of any number.
        self.environment = {**ENVIRONMENT, "ELMAN_THREADS": "1",
                            "PATH": os.path.abspath("bin") + os.pathsep + os.environ["PATH"]}

    def run_block(self, commands):
        done = subprocess.run(["sh", "-e", "-c", commands], env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=SECONDS * len(commands.splitlines()))
        self.assertEqual(done.returncode, 0, f"{commands}\n{done.stdout}")
        return done.stdout

    def test_commands_run_print_what_is_quoted_and_write_their_files(self):
        text = TUTORIAL.read_text()
        blocks = BLOCK.findall(text)
        self.assertEqual(len(blocks), text.count("```sh\n"), "a block of commands that is not understood")
        self.assertEqual(sum(bool(quoted) for _, quoted in blocks), text.count("```text\n"), "a quote without commands")
        for commands, quoted in blocks:
            output = self.run_block(commands)
            if not pattern(quoted).search(output):
                self.fail(f"{TUTORIAL.name} quotes\n{quoted}\nbut\n{commands}\nprints\n{output}")
            for name in WRITTEN.findall(commands):
                self.assertGreater(pathlib.Path(name).stat().st_size, 0, name)

    def test_a_wrong_quote_is_found(self):
        output = "a 1\nb 2\nc in 0.7 s\n"
        for right in ["a 1\nb 2\n", "b 2\n", "a 1\n…\nc in … s\n"]:
            self.assertRegex(output, pattern(right))
        for wrong in ["a 2\n", "a\n", " 1\n", "b 2\na 1\n", "a 1\nc in 0.7 s\n", "c in … min\n"]:
            self.assertNotRegex(output, pattern(wrong))


if __name__ == "__main__":
    unittest.main()
