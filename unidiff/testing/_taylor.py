"""The remainders of Taylor's formula: how fast they shrink tells how many terms are right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf, log2
from typing import Any

from ..transform import jvp
from ._case import Case, Numbers, Refused, largest, ours
from ._report import Finding, Findings

STEPS = tuple(2.0**-k for k in range(5, 11))
LAST = 2  # so many rates, those of the smallest steps, are looked at: one may dip through zero


def taylor(case: Case, rng: Any) -> Findings:
    """f(x + h dx) − f(x) − h L dx shrinks like h², less the second derivative like h³"""
    here = case.wide.second_point(rng)  # the second derivative is looked at elsewhere at the first
    dxs = here.tangents(rng)
    slopes = here.push(dxs)
    moved = [
        here.evaluate([x + h * dx for x, dx in zip(here.points, dxs, strict=True)]) for h in STEPS
    ]
    ahead: list[Any] = [[ys[j] for ys in moved] for j in range(len(here.values))]
    curved = second(here, dxs) if case.order > 1 else None
    slowest: dict[int, float] = {}
    for j, (y, dy) in enumerate(zip(here.values, slopes, strict=True)):
        floor = case.wide.roundoff * max(largest(y), largest(dy), 1e-12)
        if rate([a - y for a in ahead[j]], floor) < 0.5:
            msg = "the value jumps, or is not finite, within 1/32 of the second point"
            raise Refused(msg)
        rests = [a - y - h * dy for h, a in zip(STEPS, ahead[j], strict=True)]
        terms = [("h L dx", rests)]
        if curved is not None:
            less = [r - h * h / 2 * curved[j] for h, r in zip(STEPS, rests, strict=True)]
            terms.append(("h L dx − ½ h² d²f", less))
        for k, (name, remainders) in enumerate(terms):
            found = rate(remainders, floor)
            slowest[k] = min(slowest.get(k, inf), found)
            what = f"the power of h that |f(x + h dx) − f(x) − {name}| shrinks with"
            finding = _of_rate(what, found, 2 + k, j, _shown(slowest.values()))
            yield finding
            if not finding.ok:
                break  # what follows is as wrong


def second(case: Case, dxs: Sequence[Numbers]) -> list[Numbers]:
    """Return the second derivative twice along a direction."""
    xs, along = tuple(case.xs), tuple(map(case.theirs, dxs))
    found = jvp(lambda *at: jvp(case.function, at, along)[1], xs, along)[1]
    return [ours(ddy, case.of) for ddy in found]


def rate(remainders: Sequence[Numbers], floor: float) -> float:
    """Return the power of h that the remainders shrink with, infinite where they are roundoff."""
    sizes = [largest(r) for r in remainders]
    if not all(size < inf for size in sizes):  # not so of NaN
        return 0.0
    if sizes[-1] <= floor:
        return inf
    rates = [log2(a / b) for a, b in pairwise(sizes) if min(a, b) > floor]
    return max(rates[-LAST:], default=inf)


def _of_rate(what: str, found: float, due: int, output: int, note: str) -> Finding:
    """Return the finding that a rate is what is due, or more."""
    import numpy as np

    got = np.asarray(min(found, float(due)))
    return Finding(what, got, np.asarray(float(due)), 0.5, output=output, note=note)


def _shown(rates: Iterable[float]) -> str:
    shown = ["∞" if r == inf else f"{r:.2f}" for r in rates]
    return f"the remainders shrink like h^{' and h^'.join(shown)}"
