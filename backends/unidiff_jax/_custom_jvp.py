"""A rule as a `jax.custom_jvp`, for a JAX in which no primitive of our own can be declared.

It needs public names alone. JAX would transpose what a custom derivative does, and that of `expm`,
which exponentiates a larger matrix, is not linear equation by equation. So L is applied by way of
`custom_linear_solve`: as a system whose solution is found by L, and that of its transpose by L.T.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero, zero_from_primal

from unidiff._primitive import Primitive
from unidiff.linear import LinearMap

from ._bound import BoundRule, Parameters
from ._promotion import promoting

Array = Any


class ByCustomJvp(BoundRule):
    """A rule as what calls its `jax.custom_jvp`."""

    def __init__(self, primitive: Primitive, backend: Any) -> None:
        super().__init__(primitive, backend)
        self._function = cache(self._made)

    def found(self, parameters: Parameters, xs: list[Array]) -> list[Array]:
        return list(self._function(parameters)(*xs))

    def _made(self, parameters: Parameters) -> Callable[..., Any]:
        function = jax.custom_jvp(jax.jit(self.value(parameters)))

        def jvp(xs: Any, tangents: Any) -> tuple[Any, Any]:
            found = function(*xs)
            live = [k for k, dx in enumerate(tangents) if not isinstance(dx, SymbolicZero)]
            L = self.linear_map(found, xs, parameters).pick(inputs=live)
            dys = _pushed(L, [tangents[k] for k in live], found[: self.count])
            zeros = (zero_from_primal(y, symbolic_zeros=True) for y in found)
            dys = [*dys, *[None] * (len(found) - self.count)]
            return found, tuple(z if dy is None else dy for z, dy in zip(zeros, dys, strict=True))

        function.defjvp(jvp, symbolic_zeros=True)
        return function


def _pushed(L: LinearMap, dxs: Sequence[Array], ys: Sequence[Array]) -> list[Array | None]:
    """Return L(dxs), tangents of the ys: None where one is structurally zero."""
    live = L.moving(len(ys))
    if not live:
        return [None] * len(ys)
    dys = iter(_applied(L.pick(outputs=live), dxs, [ys[j] for j in live]))
    return [next(dys) if j in live else None for j in range(len(ys))]


@promoting
def _applied(L: LinearMap, dxs: Sequence[Array], like: Sequence[Array]) -> list[Array]:
    """
    Return L(dxs), as a part of the solution of a linear system, whose transpose JAX knows.

    The system is  S = [[0, Mᵀ], [M, 0]]  with  M = [[1, 0], [−L, 1]].  It is symmetric, so JAX need
    not transpose it, and M is inverted by changing a sign.
    """
    dtype = jnp.result_type(*dxs, *like)
    x, y = Packing(dxs, dtype), Packing(like, dtype)
    stops = [x.size, x.size + y.size, 2 * x.size + y.size]

    def push(u: Array) -> Array:
        return y.packed(L(tuple(x.unpacked(u))))

    def pull(w: Array) -> Array:
        return x.packed(L.T(tuple(y.unpacked(w))))

    def system(both: Array) -> Array:
        u, v, s, w = jnp.split(both, stops)
        return jnp.concatenate([s - pull(w), w, u, v - push(u)])

    def solution(_: Any, both: Array) -> Array:
        s, w, u, v = jnp.split(both, stops)
        return jnp.concatenate([u, v + push(u), s + pull(w), w])

    right = jnp.concatenate([jnp.zeros(stops[1], dtype), x.packed(dxs), jnp.zeros(y.size, dtype)])
    _, dy, _ = jnp.split(
        lax.custom_linear_solve(system, right, solution, symmetric=True), stops[:2]
    )
    return y.unpacked(dy)


class Packing:
    """How tuples of arrays like these are one vector of a dtype that holds all of them."""

    def __init__(self, like: Sequence[Array], dtype: Any) -> None:
        self.like = [(x.shape, x.dtype) for x in like]
        self.stops = list(accumulate(prod(shape) for shape, _ in self.like))
        self.size, self.dtype = self.stops[-1], dtype

    def packed(self, xs: Sequence[Array | None]) -> Array:
        """Return the vector; None stands for zeros."""
        parts = [
            jnp.zeros(prod(shape), self.dtype) if x is None else jnp.ravel(x).astype(self.dtype)
            for x, (shape, _) in zip(xs, self.like, strict=True)
        ]
        return jnp.concatenate(parts)

    def unpacked(self, vector: Array) -> list[Array]:
        """Return the arrays; of a real one, the real part."""
        found = []
        pairs = zip(jnp.split(vector, self.stops[:-1]), self.like, strict=True)
        for part, (shape, dtype) in pairs:
            real = not jnp.issubdtype(dtype, jnp.complexfloating)
            found.append((jnp.real(part) if real else part).astype(dtype).reshape(shape))
        return found
