"""The Euclidean norm at the price of a scalar product, where no square overflows or vanishes."""

from __future__ import annotations

from typing import Any

import numpy as np

from unidiff.linalg._norms import norm_of_last

from ._namespace import plain

Array = Any

_limits = {code: np.finfo(code).tiny / np.finfo(code).eps ** 2 for code in "fd"}
"""Sums of squares above it lack no square that counts, and none below its reciprocal overflowed."""


def vector_norm(x: Array, *, ord: float) -> Array:
    """Return the norm along the last axis: squares that leave the range are scaled first."""
    if ord == 2 and x.dtype.char in "fdFD":
        with np.errstate(over="ignore", invalid="ignore"):
            squares = np.vecdot(x, x).real
        least = _limits[squares.dtype.char]
        if np.all((squares > least) & (squares < 1 / least)):
            return np.sqrt(squares)
    return norm_of_last.value(plain, x, ord=ord)
