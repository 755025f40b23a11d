"""A loop that carries a state: JAX's own where there is one, since it unrolls Python's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unidiff._backend import array_namespace, backend_of

Array = Any


def scan(step: Callable[..., Any], state: Any, sequence: Array) -> tuple[Any, tuple[Array, ...]]:
    """
    Fold `step` over the leading axis of a sequence.

    Parameters
    ----------
    step : callable
        (state, element) -> (state, outputs), the outputs a tuple of arrays.
    state : pytree of arrays
        The first state.
    sequence : array, shape (n, ...)

    Returns
    -------
    state : pytree of arrays
        The last one.
    outputs : tuple of arrays, each of shape (n, ...)
    """
    if backend_of(sequence).name == "jax":
        from jax.lax import scan as native_scan

        return native_scan(step, state, sequence)
    rows = []
    for element in sequence:
        state, outputs = step(state, element)
        rows.append(outputs)
    return state, tuple(
        array_namespace(*column).stack(column) for column in zip(*rows, strict=True)
    )
