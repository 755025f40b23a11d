"""The traced namespace: what its functions add to NumPy's on plain arrays, and per recorded call.

python benchmarks/namespace.py [--seconds 2] [--json FILE] [--only NAME]
"""

from __future__ import annotations

from measure import arguments, medians, report, settle

settle()

from collections.abc import Callable  # noqa: E402  (settle starts anew before NumPy is there)
from functools import partial  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

import unidiff as ud  # noqa: E402
from unidiff_numpy._namespace import plain  # noqa: E402

Rows = list[dict[str, Any]]
CALLS = 100
TARGET_PLAIN, TARGET_RECORDED = 0.3, 2.5
X = np.linspace(0.1, 1.0, 16).reshape(4, 4)

PLAIN: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "sin(x)": lambda xp: lambda f=xp.sin: f(X),
    "add(x, x)": lambda xp: lambda f=xp.add: f(X, X),
    "sum(x, axis=0)": lambda xp: lambda f=xp.sum: f(X, axis=0),
    "reshape(x, (16,))": lambda xp: lambda f=xp.reshape: f(X, (16,)),
    "where(x, x, x)": lambda xp: lambda f=xp.where: f(X > 0.5, X, X),
    "concat([x, x])": lambda xp: lambda f=xp.concat: f([X, X]),
    "matmul(x, x)": lambda xp: lambda f=xp.matmul: f(X, X),
    "argmax(x)": lambda xp: lambda f=xp.argmax: f(X),
    "fft.fft(x)": lambda xp: lambda f=xp.fft.fft: f(X),
}


def fold(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the function that takes a step CALLS times, and the sum of the last."""

    def program(x: Any) -> Any:
        for _ in range(CALLS):
            x = step(x)
        return x.sum()

    return program


def sums(x: Any) -> Any:
    """Add up CALLS sums: of each the addition is to be taken off."""
    total = 0.0
    for _ in range(CALLS):
        total = total + x.sum()
    return total


M = X / 2
RECORDED: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "sum and addition": (sums, X),
    "addition": (fold(lambda x: x + 1.0), X),
    "reshape": (fold(lambda x: x.reshape((2, 8) if x.shape[0] == 4 else (4, 4))), X),
    "slicing": (fold(lambda x: x[1:]), np.linspace(0.1, 1.0, 2 * CALLS)),
    "matmul": (fold(lambda x: M @ x), X),
}


def judged(more: float, target: float) -> str:
    """Return the target with the word whether it is met."""
    return f"≤ {target} {'met' if more <= target else 'MISSED'}"


def plain_calls(seconds: float, only: str) -> Rows:
    """Measure the functions of the namespace on plain arrays, against the library's own."""
    xp, rows = ud.backend("numpy").xp, []
    for name, make in PLAIN.items():
        if only in name:
            found = medians({"own": make(plain), "ours": make(xp)}, seconds)
            more = found["ours"] - found["own"]
            row = {"program": name, "NumPy's, µs": found["own"], "more, µs": more}
            rows.append(row | {"target": judged(more, TARGET_PLAIN)})
    return rows


def recorded_calls(seconds: float, only: str) -> Rows:
    """Measure gradients of many calls, less NumPy's own time, per call."""
    rows: Rows = []
    for name, (f, x) in RECORDED.items():
        if only in name:
            found = medians({"own": partial(f, x), "ours": partial(ud.grad(f), x)}, seconds)
            own, ours = (found[key] / CALLS for key in ("own", "ours"))
            row = {"program": name, "NumPy's, µs a call": own, "more, µs a call": ours - own}
            rows.append(row | {"target": judged(ours - own, TARGET_RECORDED)})
    return rows


def main() -> None:
    """Print the tables."""
    given = arguments(__doc__ or "")
    only = given.only or ""
    tables = {
        "Namespace functions on plain arrays": plain_calls(given.seconds, only),
        "Recorded calls, forward and reverse": recorded_calls(given.seconds, only),
    }
    report(tables, given.json)


if __name__ == "__main__":
    main()
