"""Plans: peel; where that is stuck, tear; and say what is wrong where neither helps.

Tearing calls a block known. What is then determined twice closes a dense system in the numbers
torn: a lump. The smallest block that closes is torn, of a window of the last ones; if none does,
the inputs are, which is the dense Jacobian of what is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._errors import InverseError
from ..tape._graph import Graph
from . import _errors
from ._diagonal import order_of
from ._equations import Equation, Point, System
from ._holomorphic import refuse_real_linear
from ._host import on_host
from ._ids import Ids
from ._peel import Journal, Peeling, Readers
from ._steps import Lump, Rest, Solve, Step, Steps

WINDOW = 48
"""How many blocks are tried before the inputs themselves are torn."""


class Plan:
    """
    The order in which a program is solved: structure, which holds at other points too.

    Attributes
    ----------
    system : System
    steps : Steps
    aware : bool
        Whether it minds the zeros of the point it was made at.
    """

    made = 0
    """How many plans were made, by this process."""

    def __init__(self, system: System, steps: Steps, aware: bool) -> None:
        self.system, self.steps, self.aware = system, steps, aware
        self.estimate: Any = None  # an `Estimate`, once somebody has asked
        Plan.made += 1

    @property
    def lumps(self) -> list[int]:
        """The dimensions of the lumps."""
        return self.steps.lumps

    @property
    def lumps_whole(self) -> list[Lump]:
        """The lumps that are no diagonals."""
        lumps = (step for step in self.steps.steps if isinstance(step, Lump))
        return [lump for lump in lumps if lump.order is None]

    def at(self, graph: Graph) -> Point:
        """Return the numbers of a graph of the same structure."""
        return Point(graph, self.system)

    def holds_at(self, point: Point) -> bool:
        """Return whether the factors that the plan takes for zero are zero at the point."""
        for equation, k, zeros in self.steps.zeros:
            factor = on_host(point.factor(equation, equation.operands[k]))
            if factor is None or np.broadcast_to(factor, equation.shape)[zeros].any():
                return False
        return True


def make_plan(graph: Graph, aware: bool = False) -> tuple[Plan, Point]:
    """
    Return a plan for the graph, and its numbers at this point.

    Parameters
    ----------
    graph : Graph
    aware : bool, optional
        Whether factors that are zero at this point are no unknowns.

    Raises
    ------
    InverseError
        If the derivative has no inverse.
    RealLinearError
        If it does not commute with multiplication by i.
    """
    refuse_real_linear(graph)
    system = System(graph)
    point = Point(graph, system)
    return Plan(system, _planned(system, point, aware), aware), point


def _planned(system: System, point: Point, aware: bool) -> Steps:
    peeling = Peeling(system, point, Readers(system), aware)
    _refuse_repeated(system)
    plan = Steps()
    steps: list[Solve] = []
    waiting = set(system.equations)
    for ids in system.given:
        peeling.learn(ids, None, None)
    peeling.peel(waiting, steps, None, None)
    plan.steps.extend(steps)
    rests = peeling.rests(system.equations)
    if rests:
        raise _over_determined(peeling, rests[0])
    while not peeling.known.all():
        plan.steps.extend(_torn(peeling))
    for (block, k), nonzero in peeling.nonzero.items():
        if nonzero is not None:
            plan.zeros.append((system.equations[block], k, ~nonzero))
    return plan


def _refuse_repeated(system: System) -> None:
    seen = np.zeros(system.count + 1, bool)
    for j, ids in enumerate(system.given):
        twice = ids.look(seen).reshape(-1)
        if not ids.distinct:
            flat = ids.written.reshape(-1)
            twice = twice | (np.unique(flat, return_inverse=True)[1] >= 0)
            first = np.unique(flat, return_index=True)[1]
            twice[first] = False
        if twice.any():
            raise _errors.repeated(j, int(np.flatnonzero(twice)[0]))
        ids.mark(seen)


def _over_determined(peeling: Peeling, rest: Rest) -> InverseError:
    """Return the exception that says what equations without an unknown mean."""
    unused = _unused_input(peeling.system)
    if unused is not None:
        return _errors.unused(*unused)
    equation = rest.equation
    node = peeling.point.nodes[equation.index]
    rows = np.ones(equation.shape, bool) if rest.rows is None else rest.rows
    if equation.pointwise:
        for u in equation.operands:
            seen = on_host(peeling.point.factor(equation, u))
            if seen is None:
                continue
            zero = (np.broadcast_to(seen, equation.shape) == 0) & rows
            if zero.any():
                at = int(np.flatnonzero(zero)[0])
                return _errors.zero_pivot(node, u.calls_operands[0], at)
    return _errors.contractive(node)


def _unused_input(system: System) -> tuple[int, int] | None:
    """Return the first number of an input that neither a call nor an output reads."""
    read = np.zeros(system.count + 1, bool)
    for equation in system.equations.values():
        for u in equation.operands:
            u.ids.mark(read)
    for ids in system.given:
        ids.mark(read)
    for k, ids in enumerate(system.wanted):
        fresh = ~ids.look(read).reshape(-1)
        if fresh.any():
            return k, int(np.flatnonzero(fresh)[0])
    return None


# -- tearing --------------------------------------------------------------------------------------


def _torn(peeling: Peeling) -> list[Step]:
    """Tear the smallest block that closes a lump, or else what is unknown of the inputs."""
    for block in _candidates(peeling):
        torn = [_unknown_of(peeling, block)]
        journal, steps, rests = _tried(peeling, torn)
        if sum(rest.size for rest in rests) == _count(torn):
            return _lump(peeling, torn, steps, rests)
        peeling.undo(journal)
    blocks = [peeling.system.blocks.of(ids.of.start) for ids in peeling.system.wanted if ids.size]
    torn = [_unknown_of(peeling, block) for block in blocks if peeling.left[block]]
    size = _count(torn)
    _, steps, rests = _tried(peeling, torn)
    closing = sum(rest.size for rest in rests)
    if closing != size or not size:
        raise _stuck(peeling, size, closing, rests)
    return _lump(peeling, torn, steps, rests)


def _lump(
    peeling: Peeling, torn: list[tuple[int, Any]], steps: list[Solve], rests: list[Rest]
) -> list[Step]:
    """Return the lump, and the steps that can come after it."""
    for rest in rests:
        peeling.use(rest.equation, rest.rows, None)
    parts = tuple((block, None if rows.all() else rows) for block, rows in torn)
    inner, after = _split(steps, rests)
    order = order_of(peeling, torn, inner, rests)
    return [Lump(parts, _count(torn), tuple(inner), tuple(rests), order), *after]


def _split(steps: list[Solve], rests: list[Rest]) -> tuple[list[Solve], list[Solve]]:
    """Return the steps that the equations left over depend on, and those that can come after."""
    needed = {block for rest in rests for block in _read(rest.equation)}
    inner: list[Solve] = []
    after: list[Solve] = []
    for step in reversed(steps):
        e = step.equation
        found = {e.block} if step.forward else set(e.operands[step.pivot].blocks)
        if found & needed:
            needed |= _read(e)
            inner.append(step)
        else:
            after.append(step)
    return inner[::-1], after[::-1]


def _read(equation: Equation) -> set[int]:
    return {equation.block, *(block for u in equation.operands for block in u.blocks)}


def _candidates(peeling: Peeling) -> list[int]:
    """Return the last blocks that are not known, calls' before inputs; the smallest first."""
    system, left = peeling.system, peeling.left
    blocks = [block for block, unknown in enumerate(left) if unknown]
    blocks.sort(key=lambda block: (block not in system.equations, -block))
    return sorted(blocks[:WINDOW], key=lambda block: left[block])


def _unknown_of(peeling: Peeling, block: int) -> tuple[int, Any]:
    found = peeling.system.blocks.blocks[block]
    flags = peeling.known[found.start : found.start + found.size]
    return block, ~flags.reshape(found.shape)


def _count(torn: list[tuple[int, Any]]) -> int:
    return sum(int(rows.sum()) for _, rows in torn)


def _tried(
    peeling: Peeling, torn: list[tuple[int, Any]]
) -> tuple[Journal, list[Solve], list[Rest]]:
    journal: Journal = []
    steps: list[Solve] = []
    seen: set[int] = set()
    waiting: set[int] = set()
    for block, rows in torn:
        found = peeling.system.blocks.blocks[block]
        start = np.arange(found.start, found.start + found.size).reshape(found.shape)
        ids = Ids(start[rows])
        waiting |= peeling.learn(ids, None, journal)
    peeling.peel({k for k in waiting if k in peeling.system.equations}, steps, journal, seen)
    return journal, steps, peeling.rests(seen)


def _stuck(peeling: Peeling, unknown: int, closing: int, rests: list[Rest]) -> InverseError:
    unused = _unused_input(peeling.system)
    if unused is not None:
        return _errors.unused(*unused)
    dead = _dead_factor(peeling)
    if dead is not None:
        return dead
    if closing > unknown and rests:
        return _errors.contractive(peeling.point.nodes[rests[0].equation.index])
    return _errors.too_few(unknown, closing)


def _dead_factor(peeling: Peeling) -> InverseError | None:
    """Return the exception of the first factor that is zero at the point, if one is."""
    for equation in peeling.system.equations.values():
        if not equation.pointwise:
            continue
        for k, u in enumerate(equation.operands):
            nonzero = peeling.unread(equation, k)
            if nonzero is not None:
                node = peeling.point.nodes[equation.index]
                at = int(np.flatnonzero(~nonzero)[0])
                return _errors.zero_pivot(node, u.calls_operands[0], at)
    return None
