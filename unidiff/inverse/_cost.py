"""What a plan costs, and what a dense solve would: in seconds, roughly, to choose between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..linear import LinearMap
from ._equations import Equation, Point
from ._plan import Plan
from ._steps import Lump, Solve, Step

STEP, PUSH = 4e-6, 3e-6
"""Seconds of an operand that a step of a plan reads, and that a sweep forward reads."""
NUMBER, PRODUCT = 4e-10, 7e-11
"""Seconds of a number that an array operation makes, and of a multiplication in a product."""
SOLVER, ELIMINATION = 1e-4, 1e-10
"""Seconds of the calls that factor a matrix and solve with it; the second, times its size cubed."""


@dataclass(frozen=True)
class Estimate:
    """
    Seconds, roughly: of factoring once and applying once.

    Attributes
    ----------
    planned, dense : float
    """

    planned: float
    dense: float

    @property
    def worth_it(self) -> bool:
        """Whether the plan costs no more than the dense solve."""
        return self.planned <= self.dense


def estimate(plan: Plan, point: Point) -> Estimate:
    """Return what the plan costs, and a dense solve: found at its first point, and kept."""
    if plan.estimate is None:
        plan.estimate = _estimated(plan, point)
    found: Estimate = plan.estimate
    return found


def _estimated(plan: Plan, point: Point) -> Estimate:
    n = sum(ids.size for ids in plan.system.wanted)
    forward = sum(_equation(point, e, n, PUSH) for e in plan.system.equations.values())
    dense = forward + _solving(n, 1)
    return Estimate(sum(_step(point, step, 1) for step in plan.steps.steps), dense)


def _step(point: Point, step: Step, columns: int) -> float:
    if isinstance(step, Lump):
        t = 1 if step.order is not None else step.size
        inner = sum(_step(point, s, columns) for s in step.steps)
        first = sum(_step(point, s, t) for s in step.steps)
        rests = sum(_equation(point, rest.equation, t + columns, STEP) for rest in step.rests)
        return 2 * inner + first + rests + _solving(t, columns)
    return _equation(point, step.equation, columns, STEP) + _factoring(point, step)


def _solving(n: int, columns: int) -> float:
    """Return the seconds of factoring a matrix and solving with it."""
    return SOLVER + ELIMINATION * n**3 + PRODUCT * n**2 * columns


def _equation(point: Point, equation: Equation, columns: int, read: float) -> float:
    reads = len(equation.operands) + 1
    seconds = reads * (read + NUMBER * equation.size * columns)
    if not equation.pointwise:
        for u in equation.operands:
            seconds += PRODUCT * columns * _products(point.map(equation, u), u.ids.size)
    return seconds


def _factoring(point: Point, step: Solve) -> float:
    """Return the seconds of factoring the matrices of an inverse step: of what is solved with."""
    if step.forward or step.equation.pointwise:
        return 0.0
    f = point.inverse(step.equation, step.equation.operands[step.pivot])
    return sum(SOLVER + ELIMINATION * shape[-1] ** 3 for shape in _solvers(f))


def _products(f: LinearMap, n: int) -> float:
    """Return how many multiplications the map takes of an array of n numbers."""
    found = 0.0
    factored = "lu" in f.array_fields  # then the matrix itself is not read
    for name in f.array_fields:
        part: Any = getattr(f, name)
        if isinstance(part, LinearMap):
            found += _products(part, n)
        elif isinstance(part, tuple):
            found += sum(_products(p, n) for p in part if isinstance(p, LinearMap))
        elif hasattr(part, "shape") and len(part.shape) > 1 and (name == "lu" or not factored):
            found += n * max(part.shape[-2:])
    return found


def _solvers(f: LinearMap) -> list[tuple[int, ...]]:
    """Return the shapes of the factored matrices in a map."""
    found = []
    for name in f.array_fields:
        part: Any = getattr(f, name)
        if isinstance(part, LinearMap):
            found += _solvers(part)
        elif name == "lu":
            found.append(tuple(part.shape))
    return found
