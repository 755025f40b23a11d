"""JAX's transforms, as an engine: of functions of lists of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from unidiff._backend import FlatFunction
from unidiff.linear import ProductSpace, space_of
from unidiff.tape._graph import Graph

from ._basis import basis, columns, rows, size_of, zero_of
from ._linearized import Linearized, is_floating

Array = Any


class JaxEngine:
    """The transforms by JAX."""

    def spread(self, sharding: Any) -> JaxEngine:
        """Return the engine whose Jacobians spread their basis over the devices of a mesh."""
        from ._spread import spread_over  # which is an engine itself

        return spread_over(sharding)

    def jvp(
        self, f: FlatFunction, primals: list[Array], tangents: list[Array | None]
    ) -> tuple[list[Array], list[Array | None], list[Array]]:
        """Return the values of `f`, their tangents, and the auxiliaries."""
        live = [k for k, dx in enumerate(tangents) if dx is not None]
        if not live:
            ys, aux = f(*primals)
            return ys, [None] * len(ys), aux

        def of_live(*xs: Array) -> tuple[list[Array], list[Array]]:
            full = list(primals)
            for k, x in zip(live, xs, strict=True):
                full[k] = x
            return f(*full)

        chosen = [primals[k] for k in live], [tangents[k] for k in live]
        ys, dys, aux = jax.jvp(of_live, *chosen, has_aux=True)
        return ys, [dy if is_floating(y) else None for y, dy in zip(ys, dys, strict=True)], aux

    def vjp(
        self, f: FlatFunction, primals: list[Array]
    ) -> tuple[list[Array], Callable[[list[Array | None]], list[Array | None]], list[Array]]:
        """Return the values of `f`, the pullback, and the auxiliaries."""
        ys, pull, aux = jax.vjp(f, *primals, has_aux=True)

        def pullback(ws: list[Array | None]) -> list[Array | None]:
            pairs = zip(ys, ws, strict=True)
            return list(pull([zero_of(y) if w is None else w for y, w in pairs]))

        return ys, pullback, aux

    def linearize(self, f: FlatFunction, primals: list[Array]) -> tuple[list[Array], Linearized]:
        """Return the values of `f`, and its derivative."""
        ys, push = jax.linearize(lambda *xs: f(*xs)[0], *primals)
        return ys, Linearized.of_push(push, _product_space(primals), _product_space(ys))

    def record(
        self, f: FlatFunction, primals: list[Array], lasting: bool = True
    ) -> tuple[list[Array], Graph, list[Array]]:
        """Return the values of `f`, its graph, and the auxiliaries: nobody writes to arrays."""
        from ._record import record  # which needs jaxprs, as other transforms do not

        return record(f, primals)

    def value_and_gradient(
        self, f: FlatFunction, primals: list[Array]
    ) -> tuple[Array, list[Array | None], list[Array]]:
        """Return the scalar value of `f`, its gradients, and the auxiliaries."""
        (y,), pull, aux = self.vjp(f, primals)
        return y, pull([jnp.ones_like(y) if is_floating(y) else None]), aux

    def jacobian(
        self, f: FlatFunction, primals: list[Array], mode: str
    ) -> tuple[list[Array], list[list[Array]], list[Array]]:
        """Return the values of `f`, each one's Jacobian by each primal, and the auxiliaries."""
        if mode == "forward":
            return _pushed_forward(f, primals)
        ys, push, aux = jax.linearize(f, *primals, has_aux=True)
        if mode == "auto" and size_of(primals) <= size_of(ys):
            pushed = jax.vmap(push, out_axes=-1)(*basis(primals))
            return ys, columns(ys, primals, pushed), aux
        L = Linearized.of_push(push, _product_space(primals), _product_space(ys))
        given = iter(basis([y for y in ys if is_floating(y)]))
        pulled = L.T(tuple(next(given) if is_floating(y) else None for y in ys))
        return ys, rows(ys, primals, pulled), aux


def _pushed_forward(
    f: FlatFunction, primals: list[Array]
) -> tuple[list[Array], list[list[Array]], list[Array]]:
    """Push a basis with the values, so that nothing is kept for later: loops may run on."""

    def pushed(*dxs: Array) -> Any:
        return jax.jvp(f, tuple(primals), dxs, has_aux=True)

    ys, dys, aux = jax.vmap(pushed, out_axes=(None, -1, None))(*basis(primals))
    return ys, columns(ys, primals, dys), aux


def _product_space(xs: Sequence[Array]) -> ProductSpace:
    return ProductSpace(tuple(map(space_of, xs)))
