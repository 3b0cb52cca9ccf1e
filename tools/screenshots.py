#!/usr/bin/env python3
"""Takes the pictures of docs/report.md: backtests the shipped co2 series, and photographs the page it reports in.

    tools/screenshots.py ELMAN [FOLDER]     ./dev screenshots calls it with the built tool, for docs/
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cli"))
from browser import Browser  # noqa: E402

BACKTEST = ["backtest", "data/co2.csv", "--horizon", "24", "--windows", "8", "--seed", "1"]
PICTURES = [  # with the most of a page's height that is shown
    ("report.png", {"width": 1120}, 4000),
    ("report-dark.png", {"width": 1120, "dark": True}, 1850),
    ("report-phone.png", {"width": 390, "height": 844}, 1270),
]


def main() -> None:
    elman, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "docs")
    browser = Browser()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            page = Path(scratch, "report.html")
            subprocess.run([elman, *BACKTEST, "--report", page, "-q"], cwd=ROOT, check=True)
            for name, how, height in PICTURES:
                browser.open(page, **how)
                browser.screenshot(folder / name, height)
                subprocess.run(["pngquant", "--ext", ".png", "--force", "--speed", "1", "128", folder / name], check=True)
                print(f"{folder / name}: {(folder / name).stat().st_size} bytes")
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
