"""NumPy's kernels of functions of numbers: SciPy's special functions, and what branches save."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from scipy import special

from unidiff.rules import _choices, _trigonometric
from unidiff.special import _sum_kernels as sums

Array = Any


CLOSE = 1 / 16  # below, 1 − tanh² has lost more than four bits


def sech_squared(x: Array, tanh: Array) -> Array:
    """Return 1 − tanh² x, by the reference where that would cancel."""
    reference = _trigonometric.sech_squared.value
    if tanh.dtype.kind == "c":
        return reference(np, x, tanh)
    y = np.asarray(1.0 - tanh * tanh)
    if y.size and np.minimum.reduce(y, axis=None) < CLOSE:
        there = y < CLOSE
        y[there] = reference(np, np.broadcast_to(x, y.shape)[there], None)
    return y


def fraction(mine: Array, others: Array, *, dtype: Any) -> Array:
    """Return the reference's; where nothing is a tie or nan, the truth value itself."""
    count = np.count_nonzero(mine) + np.count_nonzero(others)
    if count != np.size(mine) or np.shape(mine) != np.shape(others):
        return _choices.fraction.value(np, np.asarray(mine), np.asarray(others), dtype=dtype)
    return mine.astype(dtype)


def _floating(*arrays: Array) -> np.dtype[Any]:
    """Return the dtype of all of them, double of integers."""
    dtype = np.result_type(*arrays)
    return np.dtype(np.float64) if dtype.kind in "biu" else dtype


def polygamma(x: Array, *, n: int) -> Array:
    """Return ψ⁽ⁿ⁾(x): SciPy's is double whatever x is."""
    x = np.asarray(x, _floating(x))
    return (-1.0) ** (n + 1) * math.factorial(n) * special.zeta(x.dtype.type(n + 1), x)


def xlogy(x: Array, y: Array) -> Array:
    """Return x log y; SciPy's ufunc takes two dtypes for double, whatever they are."""
    dtype = _floating(x, y)
    return special.xlogy(np.asarray(x, dtype), np.asarray(y, dtype))


def mills(x: Array) -> Array:
    """Return φ(x) / Φ(x)."""
    return math.sqrt(2.0 / math.pi) / special.erfcx(x * -math.sqrt(0.5))


def _quiet(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """Return the reference kernel without warnings: what overflows is one of the numbers summed."""

    @wraps(kernel)
    def quiet(*arrays: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return kernel(np, *arrays)

    return quiet


kernels: dict[str, Callable[..., Any]] = {
    "sech_squared": sech_squared,
    "fraction": fraction,
    "erf": special.erf,
    "erfc": special.erfc,
    "ndtr": special.ndtr,
    "log_ndtr": special.log_ndtr,
    "mills": mills,
    "expit": special.expit,
    "logit": special.logit,
    "xlogy": xlogy,
    "gammaln": special.gammaln,
    "digamma": special.psi,
    "polygamma": polygamma,
    "weighted_log_sum": _quiet(sums.weighted_log_sum),
    "quotients": _quiet(sums.quotients),
}
