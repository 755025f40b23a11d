"""The inverse by the whole Jacobian, written out and factored once."""

from __future__ import annotations

from typing import Any

from .._backend import Array
from .._errors import SingularPivotError
from ..linear import LinearMap, ProductSpace
from ..matrix import right_solve
from ..tape._graph import Graph
from ._errors import not_square
from ._graph_inverse import GraphInverse
from ._holomorphic import refuse_real_linear
from ._singular import smallest_pivot, warn_of_small_pivots


def sizes_that_fit(graph: Graph) -> int:
    """Return how many inputs there are, as many as outputs."""
    n_in, n_out = (sum(s.size for s in x.parts) for x in (graph.domain, graph.codomain))
    if n_in != n_out:
        raise not_square(graph.domain, graph.codomain, n_in, n_out)
    return n_in


class FlatInverse(GraphInverse):
    """
    The inverse by one map of vectors.

    Attributes
    ----------
    of : Graph
    solve : LinearMap
        Of the numbers of all outputs, as one axis, to those of all inputs.
    """

    __slots__ = ("solve",)
    solve: LinearMap

    def __call__(self, dys: Any) -> Any:
        dy = joined(self.of.xp, dys, self.of.codomain)
        return parted(self.of.xp, self.solve(dy), self.of.domain)

    def pull(self, ws: Any) -> Any:
        w = joined(self.of.xp, ws, self.of.domain)
        return parted(self.of.xp, self.solve.T(w), self.of.codomain)


class DenseInverse(FlatInverse):
    """dy ↦ dx by the matrix of a program's derivative."""

    __slots__ = ()

    def __init__(self, of: Graph, solve: LinearMap) -> None:
        self.of, self.solve = of, solve

    @classmethod
    def of_graph(cls, graph: Graph) -> DenseInverse:
        """
        Write the Jacobian out, and factor it.

        Raises
        ------
        NotSquareError
            If there are more outputs than inputs, or fewer.
        SingularPivotError
            If it is singular.
        RealLinearError
            If it does not commute with multiplication by i.
        """
        refuse_real_linear(graph, inside=False)
        n = sizes_that_fit(graph)
        solve: Any = right_solve(_matrix(graph, n).mT)
        smallest = smallest_pivot(solve.lu)
        if not smallest:
            msg = f"the Jacobian, {n} by {n}, is singular at this point; method='lump' says where"
            raise SingularPivotError(msg, sizes=(n,))
        warn_of_small_pivots(smallest, graph.domain.parts[0])
        return cls(graph, solve)

    def logabsdet(self) -> Array:
        space = self.of.domain.parts[0]
        n = sum(part.size for part in self.of.domain.parts)
        like = space.xp.zeros((n,), dtype=space.dtype, device=space.device)
        return self.solve.log_volume(like)

    def __repr__(self) -> str:
        return f"{super().__repr__()}, dense"


def _matrix(graph: Graph, n: int) -> Array:
    xp, rows = graph.xp, []
    pairs = zip(graph.jacobian(), graph.codomain.parts, strict=True)
    for row, y in pairs:
        blocks = [
            xp.reshape(block, (y.size, x.size))
            for block, x in zip(row, graph.domain.parts, strict=True)
        ]
        rows.append(blocks[0] if len(blocks) == 1 else xp.concat(blocks, axis=1))
    return rows[0] if len(rows) == 1 else xp.concat(rows, axis=0)


def joined(xp: Any, dxs: Any, space: ProductSpace) -> Array:
    """Return arrays of a product space, None for zero, as one axis behind their leading ones."""
    pairs = list(zip(dxs, space.parts, strict=True))
    lead = next(
        (tuple(dx.shape[: len(dx.shape) - part.ndim]) for dx, part in pairs if dx is not None), ()
    )
    flat = [
        xp.zeros((*lead, part.size), dtype=part.dtype, device=part.device)
        if dx is None
        else xp.reshape(dx, (*lead, part.size))
        for dx, part in pairs
    ]
    return flat[0] if len(flat) == 1 else xp.concat(flat, axis=-1)


def parted(xp: Any, x: Array, space: ProductSpace) -> tuple[Array, ...]:
    """Return the arrays of a product space that were joined."""
    found, start, lead = [], 0, tuple(x.shape[:-1])
    for part in space.parts:
        found.append(xp.reshape(x[..., start : start + part.size], lead + part.shape))
        start += part.size
    return tuple(found)
