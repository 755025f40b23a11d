"""From a graph to its inverse, by the method asked for, or the cheapest."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

from .._errors import SingularPivotError
from ..linear import LinearMap
from ..tape._graph import Graph
from . import _errors
from ._cost import Estimate, estimate
from ._dense import DenseInverse
from ._holomorphic import RealLinearError
from ._inverse import Inverse
from ._iterative import IterativeSweep
from ._plan import Plan
from ._plans import of_all, of_steps, planned
from ._singular import warn_of_small_pivots
from ._sparse import SparseInverse
from ._sweep import Sweep

METHODS = ("auto", "peel", "lump", "dense", "sparse", "gmres")


@dataclass(frozen=True)
class Options:
    """
    How to invert.

    Attributes
    ----------
    method : str
        "peel": step by step, an error if a part has to be solved as a whole. "lump": such parts are
        written out and factored. "gmres": they are solved by iteration. "dense": the whole Jacobian
        is written out. "sparse": the equations of all numbers go to SciPy's SuperLU, on NumPy.
        "auto": "lump" or "dense", whichever is estimated to be cheaper.
    max_lump : int
        The largest part that "lump" and "auto" solve as a whole.
    tolerance : float
        Of "gmres": the residual's norm, relative to that of the right-hand side.
    """

    method: str = "auto"
    max_lump: int = 2048
    tolerance: float = 1e-12

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            msg = f"method: wanted one of {', '.join(METHODS)}; got {self.method!r}"
            raise ValueError(msg)
        if self.max_lump < 0:
            msg = f"max_lump: wanted a number of at least 0, got {self.max_lump}"
            raise ValueError(msg)


@dataclass(frozen=True)
class Choice:
    """
    The inverse of a graph, and why it is computed as it is.

    Attributes
    ----------
    inverse : LinearMap
    method : str
    plan : Plan or None
        None where no plan was needed.
    estimate : Estimate or None
        Of the plan, and of a dense solve.
    """

    inverse: LinearMap
    method: str
    plan: Plan | None = None
    estimate: Estimate | None = None


def invert(graph: Graph, options: Options | None = None) -> Any:
    """
    Return the inverse of a recorded program's derivative.

    Raises
    ------
    InverseError
        If it has none, or none within the options.
    """
    return choose(graph, options or Options()).inverse


def choose(graph: Graph, options: Options) -> Choice:
    """Return the inverse by the method asked for, or the cheapest."""
    if options.method == "dense":
        return Choice(DenseInverse.of_graph(graph), "dense")
    if options.method == "sparse":
        return Choice(SparseInverse(graph), "sparse")
    try:
        plan, sweep, smallest = planned(graph, CHECKS[options.method])
    except RealLinearError as error:
        if options.method != "auto" or not error.inside:
            raise
        return Choice(DenseInverse.of_graph(graph), "dense")
    _refuse_lumps(plan, sweep, options)
    warn_of_small_pivots(smallest, sweep.like)
    if options.method == "gmres":
        sweep = IterativeSweep(plan.system, sweep.point, plan.steps.steps, options.tolerance)
        return Choice(Inverse(graph, plan, sweep), "gmres", plan)
    expected = estimate(plan, sweep.point)
    if options.method == "auto" and not expected.worth_it:
        return Choice(_cheaper_dense(graph), "dense", plan, expected)
    return Choice(Inverse(graph, plan, sweep), options.method, plan, expected)


def _if_worth_it(plan: Plan, sweep: Sweep) -> float:
    """Look at all pivots of a plan that is cheaper than a dense solve; else nothing is factored."""
    return of_all(plan, sweep) if estimate(plan, sweep.point).worth_it else inf


CHECKS = {"auto": _if_worth_it, "peel": of_steps, "lump": of_all, "gmres": of_steps}
"""Of a method with a plan: what is looked at."""


def _cheaper_dense(graph: Graph) -> LinearMap:
    """Return the dense inverse in place of a plan's, which says better where one is singular."""
    try:
        return DenseInverse.of_graph(graph)
    except SingularPivotError:
        planned(graph, of_all)
        raise


def _refuse_lumps(plan: Plan, sweep: Sweep, options: Options) -> None:
    allowed = {"peel": 0, "gmres": None}.get(options.method, options.max_lump)
    for lump in plan.lumps_whole:
        if allowed is not None and lump.size > allowed:
            node = sweep.point.nodes[lump.rests[-1].equation.index]
            raise _errors.too_large(lump.size, allowed, node)
