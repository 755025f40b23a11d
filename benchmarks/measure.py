"""Measure variants against one another in one process, and print one table.

The machines are shared and noisy, so ratios are what counts: the variants take turns, and a figure
is the median of many turns. One thread; and the memory that malloc gives back to the system, it
asks for again at every turn, so it is told to keep it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_TOP_PAD_": "67108864",
}
Row = dict[str, Any]


def settle() -> None:
    """Start this program anew with one thread and a quiet malloc, unless it has them."""
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ENVIRONMENT)


def medians(variants: dict[str, Callable[[], Any]], seconds: float = 2.0) -> dict[str, float]:
    """Return the median time of each variant, in microseconds; they take turns."""
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for f in variants.values():
        for _ in range(3):
            f()
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(next(iter(taken.values()))) < 15:
        for name, f in variants.items():
            start = time.perf_counter()
            f()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) * 1e6 for name, times in taken.items()}


def quickest(variants: dict[str, Callable[[], Any]], seconds: float = 2.0) -> dict[str, float]:
    """
    Return the least CPU time of each variant, in microseconds; they take turns.

    What others do on the machine adds to a time and never takes from it, so that of small times
    the least is the truest. Each turn is a batch of about half a millisecond.
    """
    counts: dict[str, int] = {}
    for name, f in variants.items():
        f()
        start = time.process_time()
        for _ in range(10):
            f()
        counts[name] = max(1, int(5e-3 / max(time.process_time() - start, 1e-6)))
    least = dict.fromkeys(variants, float("inf"))
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for name, f in variants.items():
            start = time.process_time()
            for _ in range(counts[name]):
                f()
            least[name] = min(least[name], (time.process_time() - start) / counts[name])
    return {name: taken * 1e6 for name, taken in least.items()}


def arguments(description: str) -> argparse.Namespace:
    """Return the command line: how long to measure, and where to write JSON."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each row (default 2)")
    parser.add_argument("--json", type=Path, help="write the table to this file too")
    parser.add_argument("--only", help="only the rows whose name contains this")
    return parser.parse_args()


def against(target: float, ratio: float) -> str:
    """Return a target with the word whether the ratio meets it."""
    return f"≤ {target:g} {'met' if ratio <= target else 'MISSED'}"


def short(x: float) -> str:
    """Return three digits of a number, without an exponent up to a million."""
    return f"{float(f'{x:.3g}'):g}"


def report(tables: dict[str, list[Row]], to: Path | None) -> None:
    """Print the tables that have rows, each under its title; write them all as one JSON file."""
    tables = {title: rows for title, rows in tables.items() if rows}
    for title, rows in tables.items():
        table = Table(title=title)
        for name in rows[0]:
            table.add_column(name, justify="left" if name == "program" else "right")
        for row in rows:
            table.add_row(*(short(x) if isinstance(x, float) else str(x) for x in row.values()))
        Console(width=None if sys.stdout.isatty() else 180).print(table)
    if to is not None:
        to.write_text(json.dumps(tables, indent=1) + "\n")
