"""Derivatives by differences: the oracle, which knows nothing of rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ._case import Numbers, largest

STENCIL = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))  # central, of order 6
STEPS = tuple(2.0**-k for k in (6, 8, 10, 12))
Function = Callable[[Sequence[Numbers]], list[Numbers]]


class Unresolved(Exception):  # noqa: N818  (a finding about the arguments)
    """The function is not smooth enough here to be differenced."""


def derivative(
    g: Function, xs: Sequence[Numbers], dxs: Sequence[Numbers]
) -> tuple[list[Numbers], list[float]]:
    """
    Return the derivative of `g` along a direction, and how far two step sizes are apart.

    The steps get smaller until two results agree; of all, the two that agree best are taken.

    Raises
    ------
    Unresolved
        If none agree to 1e-7.
    """
    best: list[Numbers] = []
    noise: list[float] = []
    reached = float("inf")
    previous = _at_step(g, xs, dxs, STEPS[0])
    for step in STEPS[1:]:
        found = _at_step(g, xs, dxs, step)
        gaps = [largest(a - b) for a, b in zip(found, previous, strict=True)]
        worst = max(gap / (largest(a) or 1.0) for gap, a in zip(gaps, found, strict=True))
        if worst < reached:  # not so of NaN
            best, noise, reached = found, gaps, worst
        if reached < 1e-11:
            break
        previous = found
    if not reached < 1e-7 and not all(gap < 1e-11 for gap in noise or [1.0]):
        msg = (
            f"differences of the value agree only to {reached:.1e}: it is not smooth, or not "
            "finite, within 0.05 of the arguments; choose others"
        )
        raise Unresolved(msg)
    return best, noise


def _at_step(
    g: Function, xs: Sequence[Numbers], dxs: Sequence[Numbers], step: float
) -> list[Numbers]:
    total: list[Numbers] = []
    for k, weight in STENCIL:
        pairs = list(zip(xs, dxs, strict=True))
        ahead = g([x + k * step * dx for x, dx in pairs])
        behind = g([x - k * step * dx for x, dx in pairs])
        terms = [weight / step * (a - b) for a, b in zip(ahead, behind, strict=True)]
        total = [t + s for t, s in zip(total, terms, strict=True)] if total else terms
    return total
