"""The derivative that JAX linearized, as a linear map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from unidiff.linear import ArraySpace, Bare, LinearMap, ProductSpace

Array = Any
Flat = Callable[..., list[Any]]


class Linearized(LinearMap):
    """
    A linear function of several arrays, from a tuple to a tuple.

    What is not floating neither moves nor is moved: its entry is None on either side.
    """

    __slots__ = ("codomain", "domain", "pull_flat", "push_flat")

    def __init__(
        self, push_flat: Flat, pull_flat: Flat, domain: ProductSpace, codomain: ProductSpace
    ) -> None:
        self.push_flat, self.pull_flat = push_flat, pull_flat
        self.domain, self.codomain = domain, codomain

    @classmethod
    def of_push(cls, push: Flat, domain: ProductSpace, codomain: ProductSpace) -> Linearized:
        """Return the map of what `jax.linearize` returned; its transpose is derived when asked."""

        def push_flat(*dxs: Array) -> list[Any]:
            pairs = zip(push(*dxs), codomain.parts, strict=True)
            return [dy if is_floating(space) else None for dy, space in pairs]

        def pull_flat(*ws: Any) -> list[Any]:
            like = [jax.ShapeDtypeStruct(space.shape, space.dtype) for space in domain.parts]
            return list(jax.linear_transpose(push_flat, *like)(list(ws)))

        return cls(push_flat, pull_flat, domain, codomain)

    def __call__(self, dxs: Any) -> Any:
        return _applied(self.push_flat, self.domain, self.codomain, dxs)

    def pull(self, ws: Any) -> Any:
        return _applied(self.pull_flat, self.codomain, self.domain, ws)

    @property
    def T(self) -> LinearMap:
        return Linearized(self.pull_flat, self.push_flat, self.codomain, self.domain)

    @property
    def c_linear(self) -> bool:
        """Whether it commutes with i; not known of complex numbers, so that it is not said."""
        spaces = (*self.domain.parts, *self.codomain.parts)
        return not any(is_floating(space) and space.complex for space in spaces)

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        if isinstance(inputs, int) or isinstance(outputs, int):
            return Bare(self).pick(inputs, outputs)
        rows = range(len(self.domain.parts)) if inputs is None else inputs
        columns = range(len(self.codomain.parts)) if outputs is None else outputs
        return Linearized(
            _of_some(self.push_flat, self.domain, rows, columns),
            _of_some(self.pull_flat, self.codomain, columns, rows),
            self.domain.pick(rows),
            self.codomain.pick(columns),
        )

    def __repr__(self) -> str:
        return f"linearized({self.domain} → {self.codomain})"


def _applied(f: Flat, domain: ProductSpace, codomain: ProductSpace, dxs: Any) -> tuple[Any, ...]:
    """Return f of the tangents, None standing for zero, once for all their leading axes."""
    pairs = zip(dxs, domain.parts, strict=True)
    given = [k for k, (dx, space) in enumerate(pairs) if dx is not None and is_floating(space)]
    if not given:
        return (None,) * len(codomain.parts)
    function = _of_some(f, domain, given, range(len(codomain.parts)))
    first = given[0]
    for _ in range(dxs[first].ndim - len(domain.parts[first].shape)):
        function = jax.vmap(function)
    return tuple(function(*(dxs[k] for k in given)))


def _of_some(f: Flat, domain: ProductSpace, given: Sequence[int], wanted: Sequence[int]) -> Flat:
    """Return f of some of its arguments, the others being zero, to some of its values."""

    def of_some(*dxs: Array) -> list[Any]:
        full = [_zeros(space) if is_floating(space) else None for space in domain.parts]
        for k, dx in zip(given, dxs, strict=True):
            full[k] = dx
        dys = f(*full)
        return [dys[j] for j in wanted]

    return of_some


def _zeros(space: ArraySpace) -> Array:
    """Return zeros, on no device in particular: what they meet decides."""
    return jnp.zeros(space.shape, space.dtype)


def is_floating(x: Array | ArraySpace) -> bool:
    """Return whether the numbers are real or complex floating."""
    return bool(jnp.issubdtype(x.dtype, jnp.inexact))
