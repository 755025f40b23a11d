"""
NumPy's kernels: one call of LAPACK for a single matrix, loops or gufuncs for stacks.

The factors that `factor`, `solve` and `slogdet` hand on are LAPACK's packed LU and pivots.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError
from scipy.linalg.blas import get_blas_funcs

from ._equations import (
    expm,
    solve_continuous_lyapunov,
    solve_discrete_lyapunov,
    solve_sylvester,
)
from ._lapack import SINGULAR, as_columns, for_each, promoted
from ._lapack import lapack as _lapack
from ._norms import vector_norm

Array = Any

_trsm = {
    code: get_blas_funcs("trsm", dtype=code)  # (alpha, a, b, side, lower, trans_a, diag, overwrite)
    for code in "fdFD"
}
_THREADED = 1024  # right-hand sides of so many numbers are worth the threads of getrs
_FEW = 64  # numbers so few that Python's arithmetic is faster than NumPy's


# -- inverse, solve, determinant ---------------------------------------------------------------


def inv(a: Array) -> Array:
    """Invert a; a singular one raises LinAlgError."""
    lapack = _lapack.get(a.dtype.char)
    if lapack is None or a.ndim != 2 or a.size == 0:
        return np.linalg.inv(a)
    lu, pivots, info = lapack.getrf(a)
    if info:
        raise LinAlgError(SINGULAR)
    return lapack.getri(lu, pivots, 64 * len(a), 1)[0]  # in blocks of 64, over lu


def factor(a: Array) -> tuple[Array, Array]:
    """Factor a as LAPACK's getrf does: packed LU and zero-based pivots."""
    lapack = _lapack.get(a.dtype.char)
    if lapack is not None and a.ndim == 2 and a.size:
        return lapack.getrf(a)[:2]  # type: ignore[no-any-return]
    (a,) = promoted(a)
    lapack = _lapack[a.dtype.char]
    *stack, m, n = a.shape
    count, rank = math.prod(stack), min(m, n)
    lu = np.empty((count, n, m), a.dtype).mT  # the matrices as LAPACK wants them, and in place
    lu[...] = a.reshape(count, m, n)
    pivots = np.empty((count, rank), np.int32)
    if a.size:
        for matrix, row in zip(lu, pivots, strict=True):
            row[...] = lapack.getrf(matrix, 1)[1]
    return lu.reshape(a.shape), pivots.reshape(*stack, rank)


def solve(a: Array, b: Array) -> tuple[Array, Array, Array]:
    """Solve a y = b; return y and the factors of a. A singular one raises LinAlgError."""
    lapack = _lapack.get(a.dtype.char)
    if lapack and a.dtype is b.dtype and a.ndim == b.ndim == 2 and b.size:
        lu, pivots, y, info = lapack.gesv(a, b)
        if info:
            raise LinAlgError(SINGULAR)
        return y, lu, pivots
    a, b = promoted(a, b)
    lu, pivots = factor(a)
    if not np.all(np.diagonal(lu, axis1=-2, axis2=-1)):
        raise LinAlgError(SINGULAR)
    return factored_solve(a, lu, pivots, b, transposed=False), lu, pivots


def factored_solve(a: Array, lu: Array, pivots: Array, b: Array, *, transposed: bool) -> Array:
    """Solve a y = b or aᵀ y = b with the factors of a; its values are not read."""
    if lu.ndim == b.ndim == 2 and lu.dtype is b.dtype and b.size:
        return _solve_one(b, lu, pivots, transposed)
    lu, b = promoted(lu, b)

    def solve_one(b: Array, lu: Array, pivots: Array) -> Array:
        return _solve_one(b, lu, pivots, transposed)

    return for_each(lu.shape[:-2], as_columns(solve_one), b, lu, pivots)


def _solve_one(b: Array, lu: Array, pivots: Array, transposed: bool) -> Array:
    if b.shape[1] > 1 and b.size < _THREADED:
        return _substituted(lu, pivots, b, transposed)
    return _lapack[lu.dtype.char].getrs(lu, pivots, b, int(transposed))[0]


def factored_inverse(a: Array, lu: Array, pivots: Array) -> Array:
    """Invert a with its factors; its values are not read."""
    if lu.ndim == 2 and lu.size:
        y, info = _lapack[lu.dtype.char].getri(lu, pivots, 64 * len(lu))
        return np.full_like(y, np.nan) if info else y
    return factored_solve(a, lu, pivots, np.eye(lu.shape[-1], dtype=lu.dtype), transposed=False)


def _substituted(lu: Array, pivots: Array, b: Array, transposed: bool) -> Array:
    """
    Do getrs by two substitutions.

    OpenBLAS starts threads in getrs whatever the size, unless b is one column, and a busy machine
    makes a system of two equations wait milliseconds for them; trsm has a threshold.
    """
    trsm = _trsm[lu.dtype.char]
    order = list(range(len(lu)))
    for k, pivot in enumerate(pivots.tolist()):
        order[k], order[pivot] = order[pivot], order[k]
    if not transposed:
        return trsm(1.0, lu, trsm(1.0, lu, b[order], 0, 1, 0, 1), 0, 0, 0, 0, 1)
    solved = trsm(1.0, lu, trsm(1.0, lu, b, 0, 0, 1), 0, 1, 1, 1, 1)
    y = np.empty_like(solved)
    y[order] = solved
    return y


def slogdet(a: Array) -> tuple[Array, Array, Array, Array]:
    """Return sign and log |det a|, and the factors of a; a singular one has 0 and −inf."""
    lu, pivots = factor(a)
    if lu.ndim == 2 and 0 < len(lu) <= _FEW:
        sign, logabs = _signed_log(lu.diagonal().tolist(), pivots.tolist())
        sign = np.array(sign, lu.dtype)
        return sign, np.array(logabs, sign.real.dtype), lu, pivots
    diagonal = np.diagonal(lu, axis1=-2, axis2=-1)
    size = np.abs(diagonal)
    logs = np.full_like(size, -np.inf)
    logabs = np.log(size, out=logs, where=size != 0).sum(axis=-1)
    swaps = np.count_nonzero(pivots != np.arange(lu.shape[-1]), axis=-1)
    sign = np.sign(diagonal).prod(axis=-1) * np.where(swaps % 2, -1, 1).astype(lu.dtype)
    return np.asarray(sign), np.asarray(logabs), lu, pivots


def _signed_log(diagonal: list[Any], pivots: list[int]) -> tuple[Any, float]:
    """The sign and log of the determinant of P L U."""
    sign: Any = -1.0 if _is_odd(pivots) else 1.0
    logabs = 0.0
    for u in diagonal:
        size = abs(u)
        sign *= u / size if size else 0.0
        logabs += math.log(size) if size else -math.inf
    return sign + 0.0, logabs  # no −0


def _is_odd(pivots: list[int]) -> bool:
    return sum([i != pivot for i, pivot in enumerate(pivots)]) % 2 == 1


def det(a: Array) -> Array:
    """Return the determinant of a."""
    lapack = _lapack.get(a.dtype.char)
    if lapack is not None and a.ndim == 2 and 0 < len(a) <= _FEW:
        lu, pivots, _ = lapack.getrf(a)
        diagonal = lu.diagonal().tolist()
        sizes = list(map(abs, diagonal))
        low, high = min(sizes), max(sizes)
        if low > 0 and len(a) * max(-math.log(low), math.log(high)) < 700:  # within the exponents
            sign = -1.0 if _is_odd(pivots.tolist()) else 1.0
            return np.array(math.prod(diagonal, start=sign), a.dtype)
    return np.asarray(np.linalg.det(a))


# -- Cholesky, LU, triangular ------------------------------------------------------------------


def cholesky(a: Array) -> Array:
    """Return the lower factor of the Hermitian part of a."""
    a = 0.5 * (a + a.conj().mT)
    lapack = _lapack.get(a.dtype.char)
    if lapack is None or a.ndim != 2 or a.size == 0:
        return np.linalg.cholesky(a)
    y, info = lapack.potrf(a, 1, 1)
    if info:
        msg = f"matrix is not positive definite: its leading minor of order {info} is not"
        raise LinAlgError(msg)
    return y


def solve_triangular(
    a: Array, b: Array, *, lower: bool, transposed: bool, unit_diagonal: bool
) -> Array:
    """Solve a y = b or aᵀ y = b, reading one triangle of a; a zero on its diagonal raises."""
    if a.dtype is not b.dtype or a.dtype.char not in _lapack:
        a, b = promoted(a, b)
    if not a.flags.f_contiguous:  # a in C order is its own transpose to LAPACK, and not copied
        a, lower, transposed = a.mT, not lower, not transposed
    flags = int(lower), int(transposed), int(unit_diagonal)
    trtrs = _lapack[a.dtype.char].trtrs

    def solve_one(b: Array, a: Array) -> Array:
        y, info = trtrs(a, b, *flags)
        if info:
            raise LinAlgError(SINGULAR)
        return y

    if a.ndim == b.ndim == 2 and b.size:
        return solve_one(b, a)
    return for_each(a.shape[:-2], as_columns(solve_one), b, a)


kernels: dict[str, Callable[..., Any]] = {
    "inv": inv,
    "factor": factor,
    "lu_factor": factor,
    "solve": solve,
    "factored_inverse": factored_inverse,
    "factored_solve": factored_solve,
    "slogdet": slogdet,
    "det": det,
    "cholesky": cholesky,
    "solve_triangular": solve_triangular,
    "expm": expm,
    "solve_sylvester": solve_sylvester,
    "solve_continuous_lyapunov": solve_continuous_lyapunov,
    "solve_discrete_lyapunov": solve_discrete_lyapunov,
    "vector_norm": vector_norm,
}
