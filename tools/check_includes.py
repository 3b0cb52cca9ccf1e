#!/usr/bin/env python3
"""Checks the direction of #include lines and a few rules that keep the library a library.

    tools/check_includes.py [ROOT]        exit code 1 and a line for each violation
    tools/check_includes.py --self-test   proves that every rule can fail

Only the standard library is needed. CONTRIBUTING.md says what the rules are for.
"""

import re
import sys
import tempfile
from pathlib import Path

# A file under src/ includes its own folder or folders of a lower level, never a sibling of the same level.
LEVELS = {"base": 0, "tensor": 1, "kernels": 2, "cells": 3, "loss": 3, "optim": 3, "data": 3, "io": 3, "layers": 4,
          "model": 5, "train": 6, "tasks": 7, "apps": 8}
SIMD_FOLDERS = ("kernels", "cells")
MAX_LINES = 500
SOURCE_FOLDERS = ("src", "include", "tests", "tools", "python", "benchmarks", "examples")
SOURCE_SUFFIXES = {".h", ".cc", ".py", ".sh"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT_OR_LITERAL = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
# Printing and exiting belong to apps; a call, not a member or a longer name: `printf(` but not `snprintf(`.
APP_CALL = re.compile(r"(?<![\w.>])(?:std::|::)?((?:v?f?printf|puts|fputs|putchar|exit|_exit|quick_exit|abort|terminate)"
                      r"|(?:fmt::v?print))\s*\(|\bstd::(cout|cerr|clog)\b")
STANDARD_HEADER = re.compile(r"^[a-z0-9_]+$")  # <vector>, <cstdint>: no folder, no suffix


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def blank(match: re.Match) -> str:
    """Keeps the newlines of a comment or literal, so that line numbers stay true."""
    return " " + "\n" * match.group().count("\n")


def include_problem(folder: str, name: str, quoted: bool) -> str | None:
    """What is wrong with src/<folder> including <name>, if anything."""
    if name.startswith("hwy/"):
        return None if folder in SIMD_FOLDERS else f"'{name}': SIMD headers belong to {' and '.join(SIMD_FOLDERS)}"
    if name.startswith("CLI/") or name == "iostream":
        return None if folder == "apps" else f"'{name}': only apps/ prints or parses arguments"
    if not quoted or name.startswith("elman/"):
        return None
    target = name.split("/")[0]
    if target not in LEVELS or "/" not in name:
        return f'"{name}": include by path from src/, for example "base/error.h"'
    if target != folder and LEVELS[target] >= LEVELS[folder]:
        return f"'{name}': {folder} (level {LEVELS[folder]}) may not include {target} (level {LEVELS[target]})"
    return None


def check_source(root: Path, path: Path):
    """Yields (line, problem) for a file under src/."""
    folder = path.relative_to(root / "src").parts[0]
    text = path.read_text(encoding="utf-8")
    if folder not in LEVELS:
        yield 1, f"folder '{folder}' has no level in tools/check_includes.py"
        return
    for match in INCLUDE.finditer(text):
        problem = include_problem(folder, match.group(2), match.group(1) == '"')
        if problem:
            yield line_of(text, match.start(2)), problem
    if folder == "apps":
        return
    code = COMMENT_OR_LITERAL.sub(blank, text)
    for match in APP_CALL.finditer(code):
        yield line_of(code, match.start()), f"'{match.group().strip()}': only apps/ prints or ends the process"


def check_public(path: Path):
    """Yields (line, problem) for a file under include/: a user needs no other header than ours and the standard ones."""
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        name = match.group(2)
        ours = name.startswith("elman/")
        if not ours and not (match.group(1) == "<" and STANDARD_HEADER.match(name)):
            yield line_of(text, match.start(2)), f"'{name}': public headers include only elman/ and standard headers"


def files_of(root: Path, folder: str):
    return sorted(p for p in (root / folder).rglob("*") if p.suffix in SOURCE_SUFFIXES and p.is_file())


def check_tree(root: Path) -> list[str]:
    problems = []
    for folder in SOURCE_FOLDERS:
        for path in files_of(root, folder):
            found = []
            if path.suffix in (".h", ".cc"):
                if folder == "src":
                    found += check_source(root, path)
                elif folder == "include":
                    found += check_public(path)
            lines = path.read_bytes().count(b"\n")
            if lines > MAX_LINES:
                found.append((MAX_LINES, f"{lines} lines; the cap is {MAX_LINES}: divide the file by idea"))
            problems += [f"{path.relative_to(root)}:{line}: {problem}" for line, problem in sorted(found)]
    return problems


# What must be found, and what must not: file, contents, the expected part of the message (None: no problem).
CASES = [
    ("src/layers/a.cc", '#include "cells/cell.h"\n#include "layers/b.h"\n#include "elman/error.h"\n', None),
    ("src/kernels/a.cc", '#include "hwy/highway.h"\n#include <hwy/aligned_allocator.h>\n', None),
    ("src/apps/cli/a.cc", '#include <CLI/CLI.hpp>\n#include <iostream>\nint f() { exit(2); }\n', None),
    ("src/io/a.cc", '// printf("x") would print; std::cout too\nconst char* s = "exit(1)";\n', None),
    ("src/io/a.cc", 'int f(char* b) { return snprintf(b, 8, "x") + parser.exit(1) + on_exit(2); }\n', None),
    ("include/elman/a.h", '#include <vector>\n#include <elman/error.h>\n#include "elman/error.h"\n', None),
    ("tests/base/a_test.cc", '#include "hwy/highway.h"\n#include <iostream>\n', None),
    ("src/base/a.h", '\n#include "tensor/view.h"\n', "src/base/a.h:2: 'tensor/view.h': base (level 0) may not include"),
    ("src/loss/a.cc", '#include "optim/adam.h"\n', "loss (level 3) may not include optim (level 3)"),
    ("src/base/a.cc", '#include "error.h"\n', "include by path from src/"),
    ("src/layers/a.cc", '#include "hwy/highway.h"\n', "SIMD headers belong to kernels and cells"),
    ("src/model/a.cc", "#include <iostream>\n", "only apps/ prints or parses arguments"),
    ("src/tasks/a.cc", "#include <CLI/CLI.hpp>\n", "only apps/ prints or parses arguments"),
    ("src/io/a.cc", '/* two\nlines */ void f() { std::fprintf(stderr, "x"); }\n', "src/io/a.cc:2:"),
    ("src/io/a.cc", "void f() { std::exit(1); }\n", "prints or ends the process"),
    ("src/io/a.cc", "void f() { std::cerr << 1; }\n", "prints or ends the process"),
    ("src/io/a.cc", 'void f() { fmt::print("x"); }\n', "prints or ends the process"),
    ("src/extras/a.cc", "\n", "folder 'extras' has no level"),
    ("include/elman/a.h", "#include <fmt/format.h>\n", "public headers include only"),
    ("include/elman/a.h", '#include "tensor/view.h"\n', "public headers include only"),
    ("tests/base/a_test.cc", "\n" * (MAX_LINES + 1), "the cap is 500"),
]


def self_test() -> list[str]:
    failures = []
    for name, contents, expected in CASES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.parent.mkdir(parents=True)
            path.write_text(contents, encoding="utf-8")
            found = check_tree(Path(folder))
        good = not found if expected is None else len(found) == 1 and expected in found[0]
        if not good:
            failures.append(f"{name}: {contents!r}\n  expected {expected!r}\n  found    {found}")
    return failures


def main() -> int:
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        problems = self_test()
        summary = f"{len(CASES) - len(problems)} of {len(CASES)} cases as expected"
    else:
        root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
        if not (root / "src").is_dir():
            sys.exit(f"{root}: no src/ folder here; pass the root of the source tree")
        problems = check_tree(root)
        summary = f"{len(problems)} problems" if problems else "includes: in order"
    print("\n".join(problems + [summary]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
