"""The inverse by a sparse factorization of the equations of all numbers, SciPy's SuperLU.

It pivots by size and needs no plan, so that it checks the plans; it costs several times as much. On
NumPy's arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._backend import Array
from .._errors import BackendError, RuleError, SingularPivotError
from ..linear import ArraySpace, space_of
from ..linear._dense import real_dtype
from ..tape._graph import Graph
from ..tape._level import highest_level
from ._dense import FlatInverse, joined, parted
from ._equations import Equation, Point, System, inputs_of
from ._holomorphic import refuse_real_linear
from ._host import on_host
from ._implicit import Implicit
from ._singular import smallest_of, warn_of_small_pivots


class SparseInverse(FlatInverse):
    """dy ↦ dx by the sparse system dv − Σ L du = 0, whose columns are the unknown numbers"""

    __slots__ = ("solver",)

    def __init__(self, graph: Graph) -> None:
        space = graph.domain.parts[0]
        if space.backend != "numpy":
            msg = f"method='sparse' wants NumPy's arrays, for SciPy's SuperLU; got {space.backend}"
            raise BackendError(msg)
        refuse_real_linear(graph)
        system = System(graph)
        self.of = graph
        self.solver = _Factored(system, Point(graph, system), space)
        self.solve = Implicit(
            self._forward, self._backward, self.solver.solve, self.solver.solve_transposed
        )

    def _forward(self, x: Array) -> Array:
        return joined(self.of.xp, self.of(parted(self.of.xp, x, self.of.domain)), self.of.codomain)

    def _backward(self, w: Array) -> Array:
        ws = parted(self.of.xp, w, self.of.codomain)
        return joined(self.of.xp, self.of.pull(ws), self.of.domain)

    def logabsdet(self) -> Array:
        arrays = (x for node in self.of.nodes for x in (node.output, *node.inputs))
        if highest_level(arrays) is not None:
            msg = "the determinant by method='sparse' has no derivative; use method='lump'"
            raise RuleError(msg)
        return np.asarray(-self.solver.logabsdet(), real_dtype(self.of.domain.parts[0]))

    def __repr__(self) -> str:
        return f"{super().__repr__()}, sparse"


class _Factored:
    """The factored system: its rows the equations, its columns the unknown numbers."""

    def __init__(self, system: System, point: Point, space: ArraySpace) -> None:
        from scipy.sparse import coo_array
        from scipy.sparse.linalg import splu

        rows, columns, numbers = _entries(system, point, space.dtype)
        given = np.concatenate([ids.written.reshape(-1) for ids in system.given])
        self.wanted = np.concatenate([ids.written.reshape(-1) for ids in system.wanted])
        equations = np.setdiff1d(np.arange(system.count), self.wanted, assume_unique=True)
        unknown = np.setdiff1d(np.arange(system.count), given)
        if unknown.size != equations.size:
            raise _singular(system.count)
        whole = coo_array((numbers, (rows, columns)), (system.count, system.count)).tocsc()
        whole = whole[equations]
        self.known, self.place = whole[:, given], np.searchsorted(unknown, self.wanted)
        self.count = unknown.size
        self.fixed = np.isin(self.wanted, given)
        self.order = {int(i): k for k, i in enumerate(given)}
        self.lu = None
        if self.count:
            try:
                self.lu = splu(whole[:, unknown].tocsc())
            except RuntimeError as error:
                raise _singular(self.count) from error
            smallest = _smallest_pivot(self.lu)
            if not smallest:
                raise _singular(self.count)
            warn_of_small_pivots(smallest, space)

    def solve(self, dy: Any) -> Any:
        flat = dy.reshape(-1, dy.shape[-1])
        dx = np.empty_like(flat)
        for k in np.flatnonzero(self.fixed):
            dx[:, k] = flat[:, self.order[int(self.wanted[k])]]
        if self.lu is not None:
            found = self.lu.solve(np.ascontiguousarray(-(self.known @ flat.T))).T
            dx[:, ~self.fixed] = found[:, self.place[~self.fixed]]
        return dx.reshape(dy.shape)

    def solve_transposed(self, w: Any) -> Any:
        flat = w.reshape(-1, w.shape[-1])
        wy = np.zeros_like(flat)
        if self.lu is not None:
            full = np.zeros((self.count, flat.shape[0]), flat.dtype)
            full[self.place[~self.fixed]] = flat[:, ~self.fixed].T
            wy -= (self.known.T @ self.lu.solve(full, trans="T")).T
        for k in np.flatnonzero(self.fixed):
            wy[:, self.order[int(self.wanted[k])]] += flat[:, k]
        return wy.reshape(w.shape)

    def logabsdet(self) -> float:
        return 0.0 if self.lu is None else float(np.log(np.abs(self.lu.U.diagonal())).sum())


def _singular(count: int) -> SingularPivotError:
    msg = f"the sparse system of {count} numbers is singular at this point; method='lump' says why"
    return SingularPivotError(msg, sizes=(count,))


def _smallest_pivot(lu: Any) -> float:
    """Return the size of the smallest pivot, 0 if that is one to the accuracy of the numbers."""
    pivots = np.abs(lu.U.diagonal())
    whole = np.asarray(abs(lu.L).multiply(abs(lu.U).T).sum(axis=1)).reshape(-1)
    return smallest_of(pivots, whole - pivots, lu.U.dtype)


def _entries(system: System, point: Point, dtype: Any) -> tuple[Any, Any, Any]:
    """Return the rows, columns and numbers of dv − Σ L du."""
    nothing = np.arange(0)
    found: list[tuple[Any, Any, Any]] = [(nothing, nothing, np.zeros(0, dtype))]
    for e in system.equations.values():
        ids = np.arange(e.start, e.stop)
        found.append((ids, ids, np.ones(ids.size, dtype)))
        found += _of_numbers(e, point) if e.pointwise else _of_maps(e, point)
    rows, columns, numbers = (np.concatenate(parts) for parts in zip(*found, strict=True))
    kept = columns >= 0
    return rows[kept], columns[kept], numbers[kept]


def _of_numbers(e: Equation, point: Point) -> list[tuple[Any, Any, Any]]:
    rows = np.arange(e.start, e.stop)
    return [
        (
            rows,
            u.ids.written.reshape(-1),
            -np.broadcast_to(on_host(point.factor(e, u)), e.shape).reshape(-1),
        )
        for u in e.operands
    ]


def _of_maps(e: Equation, point: Point) -> list[tuple[Any, Any, Any]]:
    found = []
    for u in e.operands:
        x = inputs_of(point.nodes[e.index])[u.calls_operands[0]]
        space: Any = x if isinstance(x, ArraySpace) else space_of(x)
        basis = point.map(e, u)(space.basis())
        if basis is None:  # an output of a call that this operand does not move
            continue
        dense = on_host(basis).reshape(u.ids.size, e.size)
        columns, rows = np.meshgrid(
            u.ids.written.reshape(-1), np.arange(e.start, e.stop), indexing="ij"
        )
        found.append((rows.reshape(-1), columns.reshape(-1), -dense.reshape(-1)))
    return found
