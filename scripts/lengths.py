#!/usr/bin/env python3
"""Name every Python file over 400 lines, and every function over 40, its docstring left out."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("unidiff", "backends", "tests", "benchmarks", "scripts")
FILE_LINES = 400
FUNCTION_LINES = 40


def too_long(path: Path) -> Iterator[str]:
    """Yield `file:line name lines` for the file and for each of its functions that is too long."""
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if lines > FILE_LINES:
        yield f"{path}:1 (file) {lines}"

    for node in ast.walk(ast.parse(text, str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines(node)
            if lines > FUNCTION_LINES:
                yield f"{path}:{node.lineno} {node.name} {lines}"


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines the docstring takes: documentation may be as long as it needs."""
    if ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


def main(root: Path) -> int:
    """Print the offenders under `root`; return 1 if there are any."""
    files = sorted(file for folder in FOLDERS for file in (root / folder).rglob("*.py"))
    offenders = [line for file in files for line in too_long(file.relative_to(root))]
    print(*offenders, sep="\n", end="\n" if offenders else "")

    limits = f"{FILE_LINES} lines a file, {FUNCTION_LINES} a function"
    print(f"lengths: {len(files)} files, {len(offenders)} too long ({limits})")
    return 1 if offenders else 0


if __name__ == "__main__":
    sys.exit(main(Path()))
