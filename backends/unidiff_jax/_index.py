"""JAX's kernels of the maps that put numbers into zeros."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Array = Any


def embed(dx: Array, *, shape: tuple[int, ...], index: Any) -> Array:
    """Return zeros of `shape` with dx at a basic index."""
    return jnp.zeros(shape, dx.dtype).at[index].set(dx)


def scatter_add(dx: Array, index: Array, *, n: int) -> Array:
    """Return dx added into zeros of last axis n at `index`, of each vector its own if stacked."""
    if index.ndim == 1:
        return jnp.zeros((*dx.shape[:-1], n), dx.dtype).at[..., index].add(dx)
    index, dx = jnp.broadcast_arrays(index, dx)
    add = _add_one
    for _ in range(dx.ndim - 1):
        add = jax.vmap(add, in_axes=(0, 0, None))
    return add(dx, index, n)


def _add_one(dx: Array, index: Array, n: int) -> Array:
    return jnp.zeros(n, dx.dtype).at[index].add(dx)


def assign(x: Array, v: Array, *, index: Any) -> Array:
    """Return x with v at an index of any kind, for JAX's arrays cannot be written to."""
    return x.at[index].set(v)


kernels: dict[str, Callable[..., Any]] = {
    "assign": assign,
    "embed": embed,
    "scatter_add": scatter_add,
}
