"""Newton's method for f(x) = 0: the step −J⁻¹ f by inverse accumulation, with a line search."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from .._backend import Array
from .._errors import ConvergenceError, InverseError
from ._function import FlatFunction, Function, Tree, prepare, results, split
from ._program_inverse import options_of
from ._vectors import Vector, moved, norm, precision

DECREASE, SHORTEST = 1e-4, 2.0**-20
"""Of the line search: the part of the promised decrease that is asked for; the last step tried."""


@dataclass(frozen=True)
class NewtonResult:
    """
    What Newton's method came to.

    Attributes
    ----------
    x : tree
        The last point, of the structure of the first.
    f : tree
        The value there.
    steps : int
        How many steps were taken.
    converged : bool
        Whether the norm of `f` came within the tolerance.
    residuals : tuple of float
        The norm of f at the first point, and after every step.
    fractions : tuple of float
        How much of Newton's step each step was: 1, or less where it was damped.
    """

    x: Tree = field(repr=False)
    f: Tree = field(repr=False)
    steps: int
    converged: bool
    residuals: tuple[float, ...]
    fractions: tuple[float, ...]


def newton(
    f: Function,
    x0: Tree,
    *,
    tolerance: float | None = None,
    max_steps: int = 50,
    damping: bool = True,
    require_convergence: bool = True,
    **options: Any,
) -> NewtonResult:
    """
    Solve f(x) = 0 by Newton's method.

    Every step goes along −J⁻¹ f, which `ijvp` computes at about the cost of `f` where the program
    can be inverted step by step. Its plan is made once, and used at every point. It runs eagerly,
    on any backend.

    Parameters
    ----------
    f : callable
        Of an array or a tree of arrays; its value has as many numbers, in whatever structure.
    x0 : tree
        Where to start. Of several unknowns, a tuple: `f` takes one argument.
    tolerance : float, optional
        Converged is where ‖f(x)‖ ≤ tolerance · max(1, ‖f(x0)‖), in the Euclidean norm of all
        numbers. By default ε^¾ of the dtype of `x0`, 1.8e-12 for float64.
    max_steps : int, optional
    damping : bool, optional
        Whether to halve a step until it decreases the norm by a ten-thousandth of what the
        linearization promises (Armijo). Otherwise each step is taken whole.
    require_convergence : bool, optional
        Whether it is an error not to converge; if not, look at `result.converged`.
    **options
        As in `ijvp`: method, max_lump; of method="gmres" the tolerance is its default.

    Returns
    -------
    result : NewtonResult
        `x`, `f`, `steps`, `converged`, `residuals`, `fractions`.

    Raises
    ------
    ConvergenceError
        If the steps run out, or none along Newton's direction makes the norm smaller; the result
        so far is `error.result`.
    InverseError
        If the Jacobian has no inverse at a point of the iteration, as in `ijvp`: NotSquareError,
        NotEquasiveError, SingularPivotError. A note says at which step.
    ConcretizationError
        Under `jit` or `vmap`, where the numbers that say when to stop are hidden.

    Notes
    -----
    The line search takes steps of 1, ½, ¼, ... for as long as ‖f(x + t dx)‖ > (1 − 10⁻⁴ t) ‖f(x)‖.
    Near a root where J is regular it takes whole steps, and these converge quadratically.

    References
    ----------
    J. E. Dennis and R. B. Schnabel, "Numerical Methods for Unconstrained Optimization and Nonlinear
    Equations", SIAM, 1996, chapter 6.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> result = ud.newton(lambda x: np.arctan(x) - 1, np.array([10.0]))
    >>> result.steps, result.fractions[0]
    (6, 0.125)
    >>> np.allclose(result.x, np.tan(1))
    True
    """
    chosen = options_of("newton", options)
    flat, xs = prepare("newton", f, (x0,))
    at = _Point(flat, xs)
    relative = precision(xs) ** 0.75 if tolerance is None else tolerance
    goal = relative * max(1.0, at.residual)
    residuals, fractions = [at.residual], list[float]()
    why = "f is not finite at x0" if not isfinite(at.residual) else ""
    while not why and not at.residual <= goal:
        if len(fractions) == max_steps:
            why = f"{max_steps} steps were not enough"
            break
        found = _stepped(at, at.direction(chosen, len(fractions)), damping)
        if found is None:
            why = "no step along Newton's direction makes it smaller"
            break
        at, fraction = found
        residuals.append(at.residual)
        fractions.append(fraction)
    result = NewtonResult(
        split(flat.of, flat.structures, results(flat.of, xs, at.xs, xs))[0],
        flat.tree(at.ys),
        len(fractions),
        not why,
        tuple(residuals),
        tuple(fractions),
    )
    if why and require_convergence:
        raise _failure(result, goal, why)
    return result


def _failure(result: NewtonResult, goal: float, why: str) -> ConvergenceError:
    msg = (
        f"newton: ‖f‖ is {result.residuals[-1]:.1e} after {result.steps} steps, and {goal:.1e} was "
        f"wanted: {why}; start elsewhere, or give a tolerance that can be reached"
    )
    return ConvergenceError(msg, result)


class _Point:
    """A point of the iteration: where, the value, its norm, and the record of the program."""

    def __init__(self, flat: FlatFunction, xs: list[Array]) -> None:
        self.flat, self.xs = flat, xs
        with flat.of.sweeping():
            self.ys, self.graph, _ = flat.of.engine.record(flat, xs)
        self.residual = norm("newton", self.ys)

    def direction(self, options: Any, steps: int) -> Vector:
        """Return −J⁻¹ f."""
        from ..inverse import choose

        try:
            with self.flat.of.sweeping():
                inverse = choose(self.graph, options).inverse
                found: Vector = inverse(tuple(-y for y in self.ys))
        except InverseError as error:
            error.add_note(f"newton: at step {steps}, where ‖f‖ is {self.residual:.1e}")
            raise
        return found


def _stepped(at: _Point, dxs: Vector, damping: bool) -> tuple[_Point, float] | None:
    """Return the next point, and how much of the step led there; None if none is better."""
    t = 1.0
    while t >= SHORTEST:
        found = _Point(at.flat, moved(at.xs, t, dxs))
        if found.residual <= (1 - DECREASE * t) * at.residual:
            return found, t
        if not damping:
            return (found, t) if isfinite(found.residual) else None
        t /= 2
    return None
