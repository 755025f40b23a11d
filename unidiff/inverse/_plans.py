"""Plans are kept, and used again where a program comes back with the same structure.

What is compared is the recorded graph, call by call: what made it, of which others, which shape.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np

from .._errors import NotInvertible, SingularPivotError
from ..linear import LinearMap
from ..tape._checkpoint import Again
from ..tape._graph import Graph
from ..tape._level import Node, OfMap, OneOutput, Pack, of_map
from ._host import on_host
from ._pivots import refuse_zero_pivots
from ._plan import Plan, make_plan
from ._sweep import Sweep

KEPT = 32
_plans: OrderedDict[Any, Plan] = OrderedDict()
_lock = Lock()


Check = Callable[[Plan, Sweep], float]
"""Refuses what cannot be divided by, and returns the smallest pivot."""


def of_steps(plan: Plan, sweep: Sweep) -> float:
    """Look at what the steps divide by; lumps are left as they are."""
    return refuse_zero_pivots(sweep, lumps=False)


def of_all(plan: Plan, sweep: Sweep) -> float:
    """Look at the lumps, too, which are factored for it."""
    return refuse_zero_pivots(sweep, lumps=True)


def planned(graph: Graph, check: Check = of_all) -> tuple[Plan, Sweep, float]:
    """
    Return a plan for the graph, its sweep at this point, and the smallest pivot.

    A plan for such programs is used again, and made anew if a pivot is zero at this point.

    Parameters
    ----------
    graph : Graph
    check : callable
        What is looked at, of a plan and its sweep at this point.

    Raises
    ------
    InverseError
        If there is none, or the derivative is singular at this point.
    """
    key = signature(graph)
    kept = _kept(key)
    fails = False
    if kept is not None:
        point = kept.at(graph)
        if kept.holds_at(point):
            sweep = Sweep(kept.system, point, kept.steps.steps)
            try:
                return kept, sweep, check(kept, sweep)
            except NotInvertible:
                fails = not kept.aware  # at this point: then structure alone makes it again
    plan, sweep, smallest = _made(graph, check, fails)
    if key is not None:
        _keep(key, plan)
    return plan, sweep, smallest


def _kept(key: Any) -> Plan | None:
    with _lock:
        found = _plans.pop(key, None)  # and in again, the newest: keys are compared once
        if found is not None:
            _plans[key] = found
        return found


def _keep(key: Any, plan: Plan) -> None:
    with _lock:
        _plans[key] = plan
        _plans.move_to_end(key)
        while len(_plans) > KEPT:
            _plans.popitem(last=False)


def _made(graph: Graph, check: Check, aware: bool) -> tuple[Plan, Sweep, float]:
    """Plan by structure alone, and if that meets a zero at this point, mind the zeros."""
    if not aware:
        try:
            return _at_this_point(graph, check, False)
        except SingularPivotError:
            pass
    return _at_this_point(graph, check, True)


def _at_this_point(graph: Graph, check: Check, aware: bool) -> tuple[Plan, Sweep, float]:
    plan, point = make_plan(graph, aware)
    sweep = Sweep(plan.system, point, plan.steps.steps)
    return plan, sweep, check(plan, sweep)


class Signature:
    """What graphs of one structure share. It is long, so its hash is taken once."""

    __slots__ = ("_hash", "parts")

    def __init__(self, *parts: Any) -> None:
        self.parts, self._hash = parts, hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Signature) or self._hash != other._hash:
            return False
        return self.parts == other.parts


def signature(graph: Graph) -> Signature | None:
    """
    Return what graphs of one structure share; None if that cannot be told.

    It is taken at every call, so that it is made of lists of one thing each, without a function
    call a node but where a primitive alone does not say what is done.
    """
    nodes = graph.nodes
    at = {node.serial: place for place, node in enumerate(nodes)}
    made_by = [
        _made_by(node) if node.static or type(node.primitive) in NOT_ALONE else node.primitive
        for node in nodes
    ]
    if UNTOLD in made_by:
        return None
    return Signature(
        tuple(made_by),
        tuple([None if p is None else at[p.serial] for node in nodes for p in node.parents]),
        tuple([len(node.parents) for node in nodes]),
        tuple([getattr(node.output, "shape", None) for node in nodes]),
        tuple([getattr(node.output, "dtype", None) for node in nodes]),
        tuple([at[x.serial] for x in graph.inputs]),
        tuple([None if y is None else at[y.serial] for y in graph.outputs]),
        graph.domain,
    )


NOT_ALONE = {OfMap, OneOutput, Pack, Again}
"""The types of what stands for primitives, and is made anew a call, or does different things."""
UNTOLD = "untold"


def _made_by(node: Node) -> Any:
    """Return what stands for the primitive of a node, `UNTOLD` if that cannot be told."""
    made = node.primitive
    what: Any = made
    if made is of_map:
        what = structure(node.map)
    elif isinstance(made, OneOutput):
        what = OneOutput, made.k
    elif isinstance(made, Pack | Again):
        what = type(made)
    if what is None and made is not None:
        return UNTOLD
    return (what, tuple(sorted(node.static.items()))) if node.static else what


def structure(f: Any) -> Any:
    """Return what is static in a map, and the numbers by which it moves others about."""
    if isinstance(f, tuple):
        parts = tuple(map(structure, f))
        return None if None in parts else parts
    if isinstance(f, LinearMap):
        found: list[Any] = [type(f)]
        for name in f.array_fields:
            part = getattr(f, name)
            inner = structure(part) if isinstance(part, LinearMap | tuple) else _seen(f, part)
            if inner is None:
                return None
            found.append(inner)
        return (*found, *(getattr(f, name) for name in f.static_fields))
    return None


def _seen(f: LinearMap, x: Any) -> Any:
    """Return the numbers of an array that says which numbers go where; of others the shape."""
    if not f.wiring:
        return tuple(x.shape)
    numbers = on_host(x)
    return None if numbers is None else (numbers.shape, np.ascontiguousarray(numbers).tobytes())
