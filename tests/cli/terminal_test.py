"""What a user at a terminal sees: the live line of a training, and colour."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unittest

from tool import CO2, ELMAN, ENVIRONMENT, SMALL, ToolTest

REDRAW = "\r\x1b[K"
BAR = re.compile(r"\[(=*) *\] +(\d+) %  \d+:\d\d left  loss \d")
TRAIN = ["train", "forecast", CO2, "--horizon", "6", *SMALL, "-o", "m.safetensors"]


class Terminal(ToolTest):
    def shown(self, *args, columns=100, code=0, **variables):
        """What the command writes to standard error, a terminal of so many columns."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {k: v for k, v in ENVIRONMENT.items() if k != "NO_COLOR"} | {"TERM": "xterm"} | variables
        process = subprocess.Popen([ELMAN, *args], env=environment, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        text = b""
        while chunk := self.read(ours):
            text += chunk
        self.assertEqual(process.wait(), code, text)
        return text.decode().replace("\r\n", "\n")

    @staticmethod
    def read(terminal):
        try:
            return os.read(terminal, 4096)
        except OSError:  # nobody has the other end any more
            return b""

    def test_training_redraws_one_line_and_leaves_none(self):
        drawn = self.shown(*TRAIN).split(REDRAW)
        bars = [BAR.match(text) for text in drawn if text.startswith("[")]
        self.assertTrue(bars and all(bars), drawn)
        for bar in bars:
            percent = int(bar[2])  # rounded, where the bar goes by the share itself
            self.assertIn(len(bar[1]), {int(24 * (percent - 0.5) / 100), int(24 * (percent + 0.5) / 100)}, bar[0])
        self.assertFalse(drawn[-1].startswith("["))  # the last bar was wiped out
        self.assertIn("elman forecast m.safetensors", drawn[-1])
        self.assertNotIn("epoch   1", "".join(drawn))  # the line tells instead
        self.assertIn("epoch   1", self.shown(*TRAIN, "-v"))

    def test_the_line_fits_a_narrow_terminal(self):
        bars = [text for text in self.shown(*TRAIN, columns=30).split(REDRAW) if text.startswith("[")]
        self.assertEqual({len(bar) for bar in bars}, {29})

    def test_no_live_line_where_it_cannot_be_or_is_unwanted(self):
        self.assertNotIn("\x1b", self.shown(*TRAIN, TERM="dumb"))
        self.assertEqual(self.shown(*TRAIN, "-q"), "")

    def test_errors_are_red_unless_unwanted(self):
        self.assertTrue(self.shown("trian", code=2).startswith("\x1b[1;31melman:\x1b[0m "))
        self.assertTrue(self.shown("trian", code=2, NO_COLOR="1").startswith("elman: "))
        self.assertTrue(self.shown("trian", code=2, TERM="dumb").startswith("elman: "))


if __name__ == "__main__":
    unittest.main()
