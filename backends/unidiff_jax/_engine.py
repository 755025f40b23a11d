"""JAX's transforms, as an engine: of functions of lists of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from unidiff._backend import FlatFunction
from unidiff.linear import ProductSpace, space_of

from ._linearized import Linearized, is_floating

Array = Any


class JaxEngine:
    """The transforms by JAX."""

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
            return list(pull([_zero(y) if w is None else w for y, w in pairs]))

        return ys, pullback, aux

    def linearize(self, f: FlatFunction, primals: list[Array]) -> tuple[list[Array], Linearized]:
        """Return the values of `f`, and its derivative."""
        ys, push = jax.linearize(lambda *xs: f(*xs)[0], *primals)
        return ys, Linearized.of_push(push, _product_space(primals), _product_space(ys))

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
        L = Linearized.of_push(push, _product_space(primals), _product_space(ys))
        if mode == "auto" and _size(primals) <= _size(ys):
            pushed = jax.vmap(push, out_axes=-1)(*_basis(primals))
            return ys, _columns(ys, primals, pushed), aux
        floating = [y for y in ys if is_floating(y)]
        basis = iter(_basis(floating))
        pulled = L.T(tuple(next(basis) if is_floating(y) else None for y in ys))
        return ys, _rows(ys, primals, pulled), aux


def _pushed_forward(
    f: FlatFunction, primals: list[Array]
) -> tuple[list[Array], list[list[Array]], list[Array]]:
    """Push a basis with the values, so that nothing is kept for later: loops may run on."""

    def pushed(*dxs: Array) -> Any:
        return jax.jvp(f, tuple(primals), dxs, has_aux=True)

    ys, dys, aux = jax.vmap(pushed, out_axes=(None, -1, None))(*_basis(primals))
    return ys, _columns(ys, primals, dys), aux


def _columns(ys: Any, primals: list[Array], pushed: Any) -> list[list[Array]]:
    """Return the blocks of each output, whose last axis has a place for each number of a basis."""
    stops = list(accumulate(prod(x.shape) for x in primals))
    found = []
    for y, dy in zip(ys, pushed, strict=True):
        dy = dy if is_floating(y) else jnp.zeros((*y.shape, stops[-1]), y.dtype)
        parts = jnp.split(dy, stops[:-1], axis=-1)
        pairs = zip(parts, primals, strict=True)
        found.append([part.reshape(y.shape + x.shape) for part, x in pairs])
    return found


def _rows(ys: Any, primals: list[Array], pulled: Any) -> list[list[Array]]:
    """Return the blocks of each output, of cotangents whose first axis goes through all outputs."""
    found, start = [], 0
    for y in ys:
        if not is_floating(y):
            found.append([jnp.zeros(y.shape + x.shape, y.dtype) for x in primals])
            continue
        stop = start + prod(y.shape)
        pairs = zip(pulled, primals, strict=True)
        found.append([w[start:stop].reshape(y.shape + x.shape) for w, x in pairs])
        start = stop
    return found


def _basis(xs: Sequence[Array]) -> list[Array]:
    """Return the unit tuples of arrays like these, one after another along a new first axis."""
    count, start, found = _size(xs), 0, []
    for x in xs:
        size = prod(x.shape)
        found.append(jnp.eye(count, size, k=-start, dtype=x.dtype).reshape(count, *x.shape))
        start += size
    return found


def _size(xs: Sequence[Array]) -> int:
    return sum(prod(x.shape) for x in xs)


def _product_space(xs: Sequence[Array]) -> ProductSpace:
    return ProductSpace(tuple(map(space_of, xs)))


def _zero(y: Array) -> Any:
    """Return the cotangent zero of y, which of an integer is JAX's float0."""
    return jnp.zeros_like(y) if is_floating(y) else np.zeros(y.shape, jax.dtypes.float0)
