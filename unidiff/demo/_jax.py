"""What a user of JAX asks of JAX itself: its compiler, and its switch to double precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def compiled(function: Callable[..., Any], backend: str) -> Callable[..., Any]:
    """Return the function, compiled if the backend is JAX."""
    if backend != "jax":
        return function
    from jax import jit

    return jit(function)


@contextmanager
def double_precision(backend: str) -> Iterator[None]:
    """Switch JAX to float64 for the while: unidiff itself never does."""
    if backend != "jax":
        yield
        return
    from jax import config

    before = config.read("jax_enable_x64")
    config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        config.update("jax_enable_x64", before)
