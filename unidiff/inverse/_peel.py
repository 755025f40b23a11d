"""Peel: an equation with one unknown number gives it; that makes others have one less.

Its output is given by its operands, a forward step, or an operand by its output, an inverse one.
Equations read number by number are looked at row by row, the others whole. Newest first: so a
program of one unknown state at a time is solved back from its end.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from .._errors import NotInvertible
from ._equations import Equation, Operand, Point, System
from ._host import on_host
from ._ids import Ids
from ._steps import OUTPUT, Rest, Solve

Journal = list[tuple[Ids, Any]]


class Readers:
    """Which equations read a range of ids: of each block, intervals that are looked through."""

    def __init__(self, system: System) -> None:
        found: list[list[tuple[int, int, int]]] = [[] for _ in system.blocks.blocks]
        for key, equation in system.equations.items():
            for u in equation.operands:
                for block, low, high in intervals(u.ids, system):
                    found[block].append((low, high, key))
        self.every = [{key for _, _, key in entries} for entries in found]
        for block in system.equations:
            self.every[block].add(block)
        self.few = [entries if len(entries) < 8 else None for entries in found]
        self.many = [np.asarray(entries) if len(entries) >= 8 else None for entries in found]
        self.equations = system.equations

    def touched(self, block: int, low: int, high: int) -> set[int]:
        """Return the equations that read, or make, an id from `low` up to `high`."""
        few = self.few[block]
        if few is not None:
            hits = {key for start, stop, key in few if start < high and stop > low}
        else:
            many: Any = self.many[block]
            hits = set(many[(many[:, 0] < high) & (many[:, 1] > low), 2].tolist())
        if block in self.equations:
            hits.add(block)
        return hits


def intervals(ids: Ids, system: System) -> list[tuple[int, int, int]]:
    """Return the blocks of the ids, with bounds of these in each."""
    low, high = ids.bounds
    if ids.block is not None:
        return [(ids.block, low, high)]
    if low == high:
        return []
    first, last = system.blocks.of(low), system.blocks.of(high - 1)
    if first == last:
        return [(first, low, high)]
    flat = np.sort(ids.written.reshape(-1))
    flat = flat[np.searchsorted(flat, 0) :]
    at = system.blocks.of_each(flat)
    cuts = np.flatnonzero(np.diff(at)) + 1
    starts, stops = np.r_[0, cuts], np.r_[cuts, at.size] - 1
    return [
        (int(at[a]), int(flat[a]), int(flat[z]) + 1) for a, z in zip(starts, stops, strict=True)
    ]


class Peeling:
    """
    What is known, and which equations were used to find it.

    With `aware`, factors that are zero at the point are no unknowns.
    """

    def __init__(self, system: System, point: Point, readers: Readers, aware: bool) -> None:
        self.system, self.point, self.readers, self.aware = system, point, readers, aware
        self.known = np.zeros(system.count + 1, bool)
        self.known[-1] = True  # what stands nowhere
        self.used = np.zeros(system.count + 1, bool)
        self.left = [block.size for block in system.blocks.blocks]  # unknown numbers, by block
        self.fresh = list(self.left)  # equations that were not used
        self.nonzero: dict[tuple[int, int], Any] = {}
        self.hopeless: set[tuple[int, int]] = set()

    # -- what is known

    def learn(self, ids: Ids, rows: Any, journal: Journal | None) -> set[int]:
        """Mark ids as known; return the equations that may have one unknown less."""
        if journal is not None:
            journal.append((ids, rows))
        if rows is None and ids.block is not None:
            found = self.system.blocks.blocks[ids.block]
            self.known[found.start : found.start + found.size] = True
            self.left[ids.block] = 0
            return self.readers.every[ids.block]
        ids.mark(self.known, rows)
        touched: set[int] = set()
        if rows is not None:  # what the rows of an operand that is repeated read
            ids = Ids(ids.written[rows])
        for block, low, high in intervals(ids, self.system):
            self._count(block)
            touched |= self.readers.touched(block, low, high)
        return touched

    def _count(self, block: int) -> None:
        found = self.system.blocks.blocks[block]
        known = self.known[found.start : found.start + found.size]
        self.left[block] = found.size - int(np.count_nonzero(known))

    def use(self, equation: Equation, rows: Any, journal: Journal | None) -> None:
        """Mark equations as used."""
        equation.output.mark(self.used, rows)
        self.fresh[equation.block] -= equation.size if rows is None else int(rows.sum())
        if journal is not None:
            journal.append((equation.output, _Used(rows)))

    def undo(self, journal: Journal) -> None:
        """Forget what was noted in the journal."""
        for ids, rows in journal:
            if isinstance(rows, _Used):
                ids.mark(self.used, rows.rows, False)
                assert ids.block is not None
                self.fresh[ids.block] += ids.size if rows.rows is None else int(rows.rows.sum())
                continue
            ids.mark(self.known, rows, False)
            for block, _, _ in intervals(ids, self.system):
                self._count(block)

    def unread(self, equation: Equation, k: int) -> Any:
        """Return where an operand's factor is not zero: None for everywhere."""
        key = equation.block, k
        if key not in self.nonzero:
            u = equation.operands[k]
            looked_at = self.aware or self.point.masked(equation, u)
            seen = on_host(self.point.factor(equation, u)) if looked_at else None
            mask = None if seen is None else np.broadcast_to(seen != 0, equation.shape)
            self.nonzero[key] = None if mask is None or mask.all() else mask
        return self.nonzero[key]

    # -- equations one by one

    def peel(
        self, waiting: set[int], steps: list[Solve], journal: Journal | None, seen: set[int] | None
    ) -> None:
        """Solve equations until none has one unknown."""
        waiting = set(waiting)
        heap = [-key for key in waiting]
        heapify(heap)
        while heap:
            key = -heappop(heap)
            waiting.discard(key)
            if seen is not None:
                seen.add(key)
            equation = self.system.equations[key]
            if not self.fresh[key]:
                continue
            visit = self._by_number if equation.pointwise else self._whole
            for other in visit(equation, steps, journal) - waiting:
                if other in self.system.equations:
                    waiting.add(other)
                    heappush(heap, -other)

    def _by_number(
        self, equation: Equation, steps: list[Solve], journal: Journal | None
    ) -> set[int]:
        whole = self._pivot(equation)
        if whole is None:
            return self._by_rows(equation, steps, journal)
        return set() if not whole else self._solve(equation, whole[0], None, steps, journal)

    def _pivot(self, equation: Equation) -> list[int] | None:
        """
        Return the one operand that is unknown, where each is so as a whole or not at all.

        An empty list where none is, or several are; None where the rows have to be looked at.
        """
        blocks, left = self.system.blocks.blocks, self.left
        unknown = [OUTPUT] if left[equation.block] else []
        if unknown and left[equation.block] != equation.size:
            return None
        for k, u in enumerate(equation.operands):
            missing = [block for block in u.blocks if left[block]]
            if not missing:
                continue
            if self.unread(equation, k) is not None or len(missing) != len(u.blocks):
                return None
            if u.nowhere or any(left[block] != blocks[block].size for block in missing):
                return None
            unknown.append(k)
        if len(unknown) == 1 and unknown[0] != OUTPUT:
            used = self.fresh[equation.block] != equation.size
            if used or not equation.operands[unknown[0]].ids.distinct:
                return None
        return unknown if len(unknown) == 1 else []

    def _by_rows(self, equation: Equation, steps: list[Solve], journal: Journal | None) -> set[int]:
        output = ~self.known[equation.start : equation.stop].reshape(equation.shape)
        unknown = []
        for k, u in enumerate(equation.operands):
            found = ~u.ids.look(self.known)
            nonzero = self.unread(equation, k)
            unknown.append(found if nonzero is None else found & nonzero)
        count = output.astype(np.int8)
        for found in unknown:
            count += found
        fresh = ~self.used[equation.start : equation.stop].reshape(equation.shape)
        one = (count == 1) & fresh
        touched: set[int] = set()
        if not one.any():
            return touched
        if (one & output).any():
            touched |= self._solve(equation, OUTPUT, one & output, steps, journal)
        for k, found in enumerate(unknown):
            rows = one & found
            if rows.any():
                touched |= self._solve(equation, k, rows, steps, journal)
        return touched

    def _solve(
        self, equation: Equation, pivot: int, rows: Any, steps: list[Solve], journal: Journal | None
    ) -> set[int]:
        """Note a step, for each unknown number by one row."""
        ids = equation.output if pivot == OUTPUT else equation.operands[pivot].ids
        if rows is None:
            steps.append(Solve(equation, pivot))
            self.use(equation, None, journal)
            return self.learn(ids, None, journal)
        every = rows.all()
        if pivot != OUTPUT and not (ids.distinct and every):
            rows = _one_row_each(ids.written, rows)
            every = rows.all()
        kept = None if every else rows
        steps.append(Solve(equation, pivot, kept))
        self.use(equation, kept, journal)
        return self.learn(ids, kept, journal)

    def _whole(self, equation: Equation, steps: list[Solve], journal: Journal | None) -> set[int]:
        known = [bool(u.ids.look(self.known).all()) for u in equation.operands]
        output = self.known[equation.start : equation.stop]
        if all(known):
            if output.all():
                return set()
            rows = None if not output.any() else ~output.reshape(equation.shape)
            steps.append(Solve(equation, OUTPUT, rows))
            self.use(equation, rows, journal)
            return self.learn(equation.output, rows, journal)
        used = self.fresh[equation.block] != equation.size
        if not output.all() or used or known.count(False) != 1:
            return set()
        k = known.index(False)
        if not self._invertible(equation, k):
            return set()
        steps.append(Solve(equation, k))
        self.use(equation, None, journal)
        return self.learn(equation.operands[k].ids, None, journal)

    def _invertible(self, equation: Equation, k: int) -> bool:
        """Return whether the operand is wholly unknown, and its map has an inverse."""
        u: Operand = equation.operands[k]
        if (equation.block, k) in self.hopeless or u.ids.size != equation.size:
            return False
        if not u.ids.distinct or u.ids.look(self.known).any():
            return False
        try:
            self.point.inverse(equation, u)
        except NotInvertible:
            self.hopeless.add((equation.block, k))
            return False
        return True

    def rests(self, keys: Any) -> list[Rest]:
        """Return the equations in which everything is known, and that were not used to find it."""
        found = []
        for key in sorted(keys):
            equation = self.system.equations[key]
            if not self.fresh[key]:
                continue
            used = self.used[equation.start : equation.stop]
            rows = (self.known[equation.start : equation.stop] & ~used).reshape(equation.shape)
            for k, u in enumerate(equation.operands):
                known = u.ids.look(self.known)
                if not equation.pointwise:
                    rows = rows & bool(known.all())
                    continue
                nonzero = self.unread(equation, k)
                rows = rows & (known if nonzero is None else known | ~nonzero)
            if rows.any():
                found.append(Rest(equation, None if rows.all() else rows))
        return found


class _Used:
    """Rows of equations, in a journal."""

    __slots__ = ("rows",)

    def __init__(self, rows: Any) -> None:
        self.rows = rows


def _one_row_each(ids: Any, rows: Any) -> Any:
    """Return the rows, of those that read the same id the first alone."""
    places = np.flatnonzero(rows)
    first = np.unique(ids.reshape(-1)[places], return_index=True)[1]
    found = np.zeros(rows.shape, bool)
    found.reshape(-1)[places[first]] = True
    return found
