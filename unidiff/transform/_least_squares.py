"""Least squares with a derivative that is not square: LSMR on its pushforward and pullback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._backend import Array
from .._errors import InverseConvergenceError, RuleError
from ..linear import ProductSpace, space_of
from ._first_order import all_matching
from ._function import Function, Tree, matching, prepare, results, split

TOLERANCE = 1e-12


def least_squares_ijvp(
    f: Function, primals: Sequence[Tree], y_tangents: Tree, options: dict[str, Any]
) -> tuple[Tree, tuple[Tree, ...]]:
    """Return the value, and the shortest of the tangents that come nearest to `y_tangents`."""
    flat, xs = prepare("ijvp", f, primals)
    ys, L = flat.of.engine.linearize(flat, xs)
    dys = matching("ijvp", flat.of, "tangent", flat.structure, ys, y_tangents)
    found = _solved(L, _space(xs), _space(ys), dys, options)
    trees = split(flat.of, flat.structures, results(flat.of, xs, found, dys))
    return flat.tree(ys), tuple(trees)


def least_squares_ivjp(
    f: Function, primals: Sequence[Tree], x_cotangents: Sequence[Tree], options: dict[str, Any]
) -> tuple[Tree, Tree]:
    """Return the value, and the shortest of the cotangents that come nearest to these."""
    flat, xs = prepare("ivjp", f, primals)
    ys, L = flat.of.engine.linearize(flat, xs)
    ws = all_matching("ivjp", flat, "cotangent", xs, x_cotangents)
    found = _solved(L.T, _space(ys), _space(xs), ws, options)
    return flat.tree(ys), flat.tree(results(flat.of, ys, found, ws))


def _space(xs: Sequence[Array]) -> ProductSpace:
    return ProductSpace(tuple(map(space_of, xs)))


def _solved(
    L: Any, domain: ProductSpace, codomain: ProductSpace, dys: Any, options: dict[str, Any]
) -> list[Array]:
    """Solve L dx = dy in the sense of least squares, on the host."""
    from scipy.sparse.linalg import LinearOperator, lsmr

    from ..inverse import joined, on_host, parted

    tolerance = _tolerance(domain, codomain, options)
    sizes = [sum(part.size for part in space.parts) for space in (codomain, domain)]
    operator: Any = LinearOperator(
        tuple(sizes),
        matvec=lambda x: _applied(L, x, domain, codomain),
        rmatvec=lambda w: _applied(L.T, w, codomain, domain),
        dtype=float,
    )
    xp, part = domain.parts[0].xp, domain.parts[0]
    b = on_host(joined(xp, dys, codomain))
    limit = 20 * max(sizes)
    x, stop, steps, *_ = lsmr(operator, b, atol=tolerance, btol=tolerance, conlim=0, maxiter=limit)
    if stop == 7:
        msg = f"least_squares: LSMR did not come to {tolerance:.1e} in {steps} steps"
        raise InverseConvergenceError(msg, sizes=tuple(sizes))
    return list(parted(xp, xp.asarray(x, dtype=part.dtype, device=part.device), domain))


def _tolerance(domain: ProductSpace, codomain: ProductSpace, options: dict[str, Any]) -> float:
    tolerance: float = options.pop("tolerance", TOLERANCE)
    if options:
        msg = f"least_squares: the one option it has is tolerance; got {', '.join(options)}"
        raise TypeError(msg)
    if any(part.complex for part in (*domain.parts, *codomain.parts)):
        msg = "least_squares wants real arrays; of complex ones, take real and imaginary parts"
        raise TypeError(msg)
    return tolerance


def _applied(g: Any, x: Any, start: ProductSpace, end: ProductSpace) -> Any:
    """Return g of numbers on the host, as such."""
    from ..inverse import joined, on_host, parted

    first = start.parts[0]
    array = first.xp.asarray(x, dtype=first.dtype, device=first.device)
    y = on_host(joined(first.xp, g(parted(first.xp, array, start)), end))
    if y is None:
        msg = "least_squares looks at numbers, which a transform hides here"
        raise RuleError(msg)
    return y.astype(float)
