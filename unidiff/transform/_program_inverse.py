"""The inverse of a program's derivative at a point, in the user's own structures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from .._backend import Array, Traced, array_namespace
from ..linear import LinearMap
from ..linear._map import add, negative
from ._first_order import all_matching
from ._function import FlatFunction, Function, Tree, matching, prepare, results, split
from ._vectors import precision


class ProgramInverse:
    """
    The inverse of a program's derivative at a point, factored once, to be applied many times.

    Attributes
    ----------
    y : tree
        The value of the program.
    method : str
        How it is computed.
    plan : Plan or None
        The steps; None of a method that needs none.
    """

    def __init__(
        self, flat: FlatFunction, xs: list[Array], ys: list[Array], graph: Any, choice: Any
    ) -> None:
        self._flat, self._xs, self._ys = flat, xs, ys
        self._graph, self._choice = graph, choice
        self.y = flat.tree(ys)
        self.method, self.plan = choice.method, choice.plan

    def ijvp(self, y_tangents: Tree, *, check: bool = False, refine: int = 0) -> tuple[Tree, ...]:
        """Return J⁻¹ times a tangent of the output: a tuple, one entry a primal."""
        flat = self._flat
        dys = matching("ijvp", flat.of, "tangent", flat.structure, self._ys, y_tangents)
        with flat.of.sweeping():
            found = self._solved(self._choice.inverse, self._graph, dys, refine)
            if check:
                _warn_of_residual(self._residual(self._graph, found, dys), self._ys)
        found = _as_wide_as(self._xs, found)
        return tuple(split(flat.of, flat.structures, results(flat.of, self._xs, found, dys)))

    def ivjp(self, x_cotangents: Sequence[Tree], *, check: bool = False, refine: int = 0) -> Tree:
        """Return J⁻ᵀ times a cotangent of the primals: of the structure of the output."""
        flat = self._flat
        if len(x_cotangents) != len(flat.structures):
            msg = f"ivjp: {len(flat.structures)} primals but {len(x_cotangents)} cotangents"
            raise ValueError(msg)
        ws = all_matching("ivjp", flat, "cotangent", self._xs, x_cotangents)
        with flat.of.sweeping():
            found = self._solved(self._choice.inverse.T, self._graph.T, ws, refine)
            if check:
                _warn_of_residual(self._residual(self._graph.T, found, ws), self._xs)
        found = _as_wide_as(self._ys, found)
        return flat.tree(results(flat.of, self._ys, found, ws))

    def logabsdet(self) -> Array:
        """Return log |det J|; of a complex program, of complex numbers."""
        with self._flat.of.sweeping():
            value = -self._choice.inverse.logabsdet()
        return value if isinstance(value, Traced) else self._flat.of.lift(value)

    def jacobian(self, mode: str = "reverse", bare: bool = True) -> Tree:
        """Return J⁻¹: a tree like the primals, of trees like the output."""
        flat = self._flat
        with flat.of.sweeping():
            blocks = _blocks(self._graph, self._choice.inverse, mode)
        rows = [flat.tree(results(flat.of, row, row, self._xs)) for row in blocks]
        trees = split(flat.of, flat.structures, rows)
        return trees[0] if bare else tuple(trees)

    def explain(self) -> Any:
        """Return the steps in words."""
        from ..inverse import Explanation

        return Explanation(self._choice, self._graph)

    def _solved(self, inverse: LinearMap, f: LinearMap, dys: Any, refine: int) -> list[Any]:
        found = inverse(tuple(dys))
        for _ in range(refine):
            found = add(found, inverse(self._left(f, found, dys)))
        return list(found)

    def _left(self, f: LinearMap, dxs: Any, dys: Any) -> tuple[Any, ...]:
        left: tuple[Any, ...] = add(tuple(dys), negative(f(tuple(dxs))))
        return left

    def _residual(self, f: LinearMap, dxs: Any, dys: Any) -> Any:
        """Return the norm of v − J dx, relative to that of v."""
        from ..inverse import on_host

        sizes = []
        for arrays in (self._left(f, dxs, dys), dys):
            parts = [_square(a) for a in arrays if a is not None]
            sizes.append(sum(parts) ** 0.5 if parts else 0.0)
        left, whole = (on_host(size) for size in sizes)
        if left is None or whole is None:
            return None
        return float(left) / float(whole) if float(whole) else float(left)


def _square(x: Array) -> Array:
    xp = array_namespace(x)
    return xp.sum(xp.abs(x) ** 2)


def _as_wide_as(xs: Sequence[Array], dxs: Sequence[Array | None]) -> list[Array | None]:
    """Return tangents in the precision of what they belong to: a program may raise and lower it."""
    pairs = zip(xs, dxs, strict=True)
    return [
        dx if dx is None or dx.dtype == x.dtype else array_namespace(dx).astype(dx, x.dtype)
        for x, dx in pairs
    ]


def _warn_of_residual(residual: float | None, like: Sequence[Array]) -> None:
    """Warn if more than half of the digits are lost."""
    from ..inverse import warn_ill_conditioned

    if residual is not None and not residual < precision(like) ** 0.5:
        warn_ill_conditioned(
            f"the product with the inverse leaves a residual of {residual:.1e}, relative to its "
            "argument: the Jacobian, or the program, is badly conditioned at this point"
        )


def inverted(
    verb: str, f: Function, primals: Sequence[Tree], options: Any, lasting: bool = False
) -> ProgramInverse:
    """Return the inverse of the derivative of `f`, by these options, for this call or `lasting`."""
    from ..inverse import choose

    chosen = options_of(verb, options)
    flat, xs, ys, graph = _recorded(verb, f, primals, lasting)
    with flat.of.sweeping():
        choice = choose(graph, chosen)
    return ProgramInverse(flat, xs, ys, graph, choice)


def explained(verb: str, f: Function, primals: Sequence[Tree], options: Any) -> Any:
    """Return how that is inverted, or why it is not, in words."""
    from ..inverse import explained

    chosen = options_of(verb, options)
    flat, _, _, graph = _recorded(verb, f, primals, lasting=False)
    with flat.of.sweeping():
        return explained(graph, chosen)


def _recorded(
    verb: str, f: Function, primals: Sequence[Tree], lasting: bool
) -> tuple[FlatFunction, list[Array], list[Array], Any]:
    flat, xs = prepare(verb, f, primals)
    with flat.of.sweeping():
        ys, graph, _ = flat.of.engine.record(flat, xs, lasting)
    return flat, xs, ys, graph


def options_of(verb: str, options: dict[str, Any]) -> Any:
    """Return the options of an inverse by their names."""
    from ..inverse import Options

    known = [field.name for field in fields(Options)]
    unknown = [name for name in options if name not in known]
    if unknown:
        msg = f"{verb}: no option {', '.join(unknown)}; there are {', '.join(known)}"
        raise TypeError(msg)
    return Options(**options)


def tuple_of(verb: str, primals: Any) -> tuple[Any, ...]:
    """Return the primals, or cotangents, as a tuple."""
    if not isinstance(primals, tuple | list):
        msg = f"{verb}: wanted a tuple, one entry an argument; got {type(primals).__name__}"
        raise TypeError(msg)
    return tuple(primals)


def _blocks(graph: Any, inverse: LinearMap, mode: str) -> list[list[Array]]:
    """Return the blocks of J⁻¹, of each input by each output, by sweeps over a basis."""
    xs, ys, xp = graph.domain.parts, graph.codomain.parts, graph.xp
    if mode == "forward":
        columns = [_swept(inverse, ys, j) for j in range(len(ys))]
        rows = [
            [None if c[i] is None else xp.moveaxis(c[i], 0, -1) for c in columns]
            for i in range(len(xs))
        ]
    else:
        rows = [_swept(inverse.T, xs, i) for i in range(len(xs))]
    return [
        [_block(xp, found, x, y) for found, y in zip(row, ys, strict=True)]
        for row, x in zip(rows, xs, strict=True)
    ]


def _swept(f: LinearMap, spaces: Any, k: int) -> Any:
    return f(tuple(s.basis() if j == k else None for j, s in enumerate(spaces)))


def _block(xp: Any, found: Array | None, x: Any, y: Any) -> Array:
    """Return the numbers as the block of x by y; None is zero."""
    if found is None:
        return x.xp.zeros(x.shape + y.shape, dtype=x.dtype, device=x.device)
    return xp.reshape(found, x.shape + y.shape)
