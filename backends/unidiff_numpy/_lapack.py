"""What NumPy's kernels share: LAPACK's routines, promotion, stacks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.linalg.lapack import get_lapack_funcs

Array = Any
Shape = tuple[int, ...]

_NAMES = ("gees", "gesv", "getrf", "getri", "getrs", "potrf", "trsyl", "trtrs")
lapack = {
    code: SimpleNamespace(**dict(zip(_NAMES, get_lapack_funcs(_NAMES, dtype=code), strict=True)))
    for code in "fdFD"
}
"""The routines by the character of the dtype; looking them up again costs more than they do."""

SINGULAR = "singular matrix"


def promoted(*arrays: Array) -> list[Array]:
    """The arrays in one dtype that LAPACK knows; integers become float64, as for numpy.linalg."""
    dtype = np.result_type(*arrays)
    if dtype.kind in "biu":
        dtype = np.dtype(np.float64)
    if dtype.char not in lapack:
        msg = f"linear algebra of NumPy takes float32, float64, complex64, complex128; got {dtype}"
        raise TypeError(msg)
    return [np.asarray(a, dtype) for a in arrays]


def for_each(stack: Shape, solve_one: Callable[..., Array], b: Array, *matrices: Array) -> Array:
    """Solve with each matrix of a stack once, for all the right-hand sides that it meets."""
    full = np.broadcast_shapes(stack, b.shape[:-2])
    core = b.shape[-2:]
    b, y = np.broadcast_to(b, full + core), np.empty(full + core, b.dtype)
    if not y.size:
        return y
    pairs: Iterable[tuple[Array, Array]]
    if full == stack:  # one each
        pairs = zip(y.reshape(-1, *core), b.reshape(-1, *core), strict=True)
    else:
        pairs = ((y[place], b[place]) for place in _places(stack))
    each = (x.reshape(math.prod(stack), *x.shape[len(stack) :]) for x in matrices)
    for (found, right), *one in zip(pairs, *each, strict=True):
        found[...] = solve_one(right, *one)
    return y


def as_columns(solve_one: Callable[..., Array]) -> Callable[..., Array]:
    """The right-hand sides that one matrix meets, as the columns of one."""

    def solve_stack(b: Array, *one: Array) -> Array:
        if b.ndim == 2:
            return solve_one(b, *one)
        block = np.moveaxis(b, -2, 0)
        columns = solve_one(block.reshape(len(block), -1), *one)
        return np.moveaxis(columns.reshape(block.shape), 0, -2)

    return solve_stack


def _places(stack: Shape) -> Iterator[tuple[Any, ...]]:
    """Where in an array of matrices those are that a matrix of the stack meets, for each."""
    for index in np.ndindex(*stack):
        met = (i if size != 1 else slice(None) for i, size in zip(index, stack, strict=True))
        yield (..., *met, slice(None), slice(None))
