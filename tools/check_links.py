#!/usr/bin/env python3
"""Checks that links between the project's Markdown files lead somewhere: files and #headings. Standard library only.

    tools/check_links.py [ROOT]     exit code 1 and a line for each broken link
"""

import re
import sys
from pathlib import Path

LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)")
CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
SKIPPED = {".git", "build", "node_modules"}


def blank(match: re.Match) -> str:
    return "\n" * match.group().count("\n")


def anchors(path: Path) -> set[str]:
    """The fragments that a forge derives from headings: lower case, punctuation dropped, spaces to hyphens."""
    text = CODE.sub(lambda m: blank(m) if m.group(1) else m.group(), path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


def problem_with(source: Path, target: str) -> str | None:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None  # another site: not ours to check
    name, _, fragment = target.partition("#")
    path = (source.parent / name) if name else source
    if not path.exists():
        return f"{target}: no such file"
    if fragment and path.suffix == ".md" and fragment not in anchors(path):
        return f"{target}: no such heading in {path.name}"
    return None


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    files = sorted(p for p in root.rglob("*.md") if not SKIPPED & set(p.relative_to(root).parts))
    links = broken = 0
    for path in files:
        text = CODE.sub(blank, path.read_text(encoding="utf-8"))
        for match in LINK.finditer(text):
            links += 1
            problem = problem_with(path, match.group(1))
            if problem:
                broken += 1
                print(f"{path.relative_to(root)}:{text.count(chr(10), 0, match.start()) + 1}: {problem}")
    print(f"{links} links in {len(files)} Markdown files, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
