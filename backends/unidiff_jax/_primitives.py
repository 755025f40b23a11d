"""A rule as a JAX primitive of its own name.

Its derivative binds the primitive itself, so that the value reaches the rule as the primitive's own
tracked output, and then `apply_linear_map`. What a rule saves are more outputs, which do not move.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from unidiff._primitive import Primitive
from unidiff.linear import LinearMap

from ._apply import Mask, axes_of, push, to_front
from ._jax import declare, moving, varying_alike, zero_of

Array = Any
Parameters = tuple[tuple[str, Any], ...]
Levels = tuple[Mask, ...]


class Bound:
    """
    A rule as a function of JAX's arrays: what binds its JAX primitive.

    The primitive's parameter `levels` has one mask of batched arguments for each `vmap` around it.
    """

    def __init__(self, primitive: Primitive, backend: Any) -> None:
        self.rule, self.backend, self.count = primitive, backend, len(primitive.core_out)
        self.p = declare(primitive.name, cache(self._jitted), self._jvp, self._batch)
        self.__name__ = primitive.name

    def __call__(self, *arrays: Any, **static: Any) -> Any:
        xs = _of_one_dtype([self.backend.asarray(x) for x in arrays])
        self.rule.check(xs)
        parameters = tuple(sorted(static.items()))
        found = self.p.bind(*varying_alike(xs), parameters=parameters, levels=())
        return found[0] if self.rule.single else tuple(found[: self.count])

    def _jitted(self, parameters: Parameters, levels: Levels) -> Callable[..., Any]:
        def value(*xs: Array) -> tuple[Array, ...]:
            return self.rule.evaluate(self.backend, xs, dict(parameters))

        value.__name__ = self.rule.name
        return jax.jit(_vmapped(value, levels))

    def _jvp(
        self, xs: Any, tangents: Any, *, parameters: Parameters, levels: Levels
    ) -> tuple[list[Array], list[Any]]:
        live = moving(tangents)
        moved: list[int] = []

        def one(*args: Array) -> list[Array]:
            xs, dxs = args[: len(tangents)], args[len(tangents) :]
            found = self.p.bind(*xs, parameters=parameters, levels=())
            dys = push(self._linear_map(found, xs, parameters).pick(inputs=live), dxs, self.count)
            moved[:] = [j for j, dy in enumerate(dys) if dy is not None]
            return [*found, *(dys[j] for j in moved)]

        masks = tuple((*mask, *(mask[k] for k in live)) for mask in levels)
        out = _vmapped(one, masks)(*xs, *(tangents[k] for k in live))
        found, dys = out[: len(out) - len(moved)], iter(out[len(out) - len(moved) :])
        return found, [next(dys) if j in moved else zero_of(y) for j, y in enumerate(found)]

    def _linear_map(self, found: Any, xs: Any, parameters: Parameters) -> LinearMap:
        ys, saved = found[: self.count], found[self.count :]
        return self.rule.map_of_tuples(self.backend.namespace, ys, xs, dict(parameters), saved)

    def _batch(
        self, xs: Any, dims: Any, *, parameters: Parameters, levels: Levels
    ) -> tuple[list[Array], list[int]]:
        mask = tuple(axis is not None for axis in dims)
        levels = (*levels, mask)
        found = self.p.bind(*to_front(xs, dims), parameters=parameters, levels=levels)
        return found, [0] * len(found)


def _vmapped(function: Callable[..., Any], levels: Levels) -> Callable[..., Any]:
    for mask in levels:
        function = jax.vmap(function, in_axes=axes_of(mask))
    return function


def _of_one_dtype(xs: list[Array]) -> list[Array]:
    """Return the arrays, those of a weak type in the dtype that the others decide."""
    if len(xs) == 1 or not any(x.weak_type for x in xs):
        return xs
    floating = [x for x in xs if jnp.issubdtype(x.dtype, jnp.inexact)]
    to = jnp.result_type(*floating) if floating else None
    weak = [x.weak_type and jnp.issubdtype(x.dtype, jnp.inexact) for x in xs]
    pairs = zip(xs, weak, strict=True)
    return [x.astype(to) if is_weak and x.dtype != to else x for x, is_weak in pairs]
