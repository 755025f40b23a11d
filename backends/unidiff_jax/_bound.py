"""A rule as a function of JAX's arrays, however JAX is told of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from unidiff._primitive import Primitive
from unidiff.linear import LinearMap

from ._jax import varying_alike
from ._promotion import promoting

Array = Any
Parameters = tuple[tuple[str, Any], ...]


class BoundRule:
    """A rule as a function of JAX's arrays; what is derived from it says `found`."""

    def __init__(self, primitive: Primitive, backend: Any) -> None:
        self.rule, self.backend, self.count = primitive, backend, len(primitive.core_out)
        self.__name__ = primitive.name

    def __call__(self, *arrays: Any, **static: Any) -> Any:
        found = self.all_of(*arrays, **static)
        return found[0] if self.rule.single else tuple(found[: self.count])

    def all_of(self, *arrays: Any, **static: Any) -> list[Array]:
        """Return the outputs, then what is saved."""
        xs = _of_one_dtype([self.backend.lift(x) for x in arrays])
        self.rule.check(xs)
        return self.found(tuple(sorted(static.items())), varying_alike(xs))

    def found(self, parameters: Parameters, xs: list[Array]) -> list[Array]:
        """Return the outputs, then what is saved, so that JAX differentiates them by the rule."""
        raise NotImplementedError

    def value(self, parameters: Parameters) -> Callable[..., tuple[Array, ...]]:
        """Return the same as a plain function, of the rule's name."""

        @promoting
        def value(*xs: Array) -> tuple[Array, ...]:
            return self.rule.evaluate(self.backend, xs, dict(parameters))

        value.__name__ = self.rule.name
        return value

    @promoting
    def linear_map(self, found: Any, xs: Any, parameters: Parameters) -> LinearMap:
        """Return the derivative, from a tuple to a tuple."""
        ys, saved = found[: self.count], found[self.count :]
        return self.rule.map_of_tuples(self.backend.namespace, ys, xs, dict(parameters), saved)


def _of_one_dtype(xs: list[Array]) -> list[Array]:
    """Return the arrays, those of a weak type in the dtype that the others decide."""
    if len(xs) == 1 or not any(x.weak_type for x in xs):
        return xs
    floating = [x for x in xs if jnp.issubdtype(x.dtype, jnp.inexact)]
    to = jnp.result_type(*floating) if floating else None
    weak = [x.weak_type and jnp.issubdtype(x.dtype, jnp.inexact) for x in xs]
    pairs = zip(xs, weak, strict=True)
    return [x.astype(to) if is_weak and x.dtype != to else x for x, is_weak in pairs]
