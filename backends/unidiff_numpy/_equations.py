"""NumPy's kernels of the matrix exponential and of the linear matrix equations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from unidiff.linalg import _kernels as reference

from ._lapack import SINGULAR, for_each, lapack, promoted

Array = Any

_SMALL = 36  # equations with so few unknowns are solved fastest as one dense system


def expm(a: Array) -> Array:
    """
    Return the matrix exponential: the reference's, in fewer operations for one matrix.

    SciPy's, as of 1.17, loses up to three digits more.
    """
    (a,) = promoted(a)
    if a.ndim != 2 or not a.size:
        return reference.expm(np, a)
    ratio = float(np.maximum.reduce(np.add.reduce(np.abs(a)))) / reference.THETA
    squarings = math.ceil(math.log2(ratio)) if 1 < ratio < math.inf else 0
    scaled = a * 2.0**-squarings if squarings else a
    powers = _even_powers(scaled)
    if squarings:
        most = np.asarray(squarings, a.real.dtype)
        spare = int(reference.spare_squarings(np, (scaled, *powers[1:]), most))
        if spare:
            squarings -= spare
            scaled = a * 2.0**-squarings
            powers = _even_powers(scaled)
    y = _pade_13(scaled, powers)
    for _ in range(squarings):
        y = y @ y
    return y


def _even_powers(a: Array) -> Array:
    """1, a², a⁴, a⁶"""
    powers = np.empty((4, *a.shape), a.dtype)
    powers[0] = np.eye(len(a))
    np.matmul(a, a, out=powers[1])
    np.matmul(powers[1], powers[1], out=powers[2])
    np.matmul(powers[1], powers[2], out=powers[3])
    return powers


def _pade_13(a: Array, powers: Array) -> Array:
    """The [13/13] Padé approximant of exp at a, from `_even_powers` of a."""
    parts = (_PADE[a.dtype.char] @ powers.reshape(4, -1)).reshape(powers.shape)
    odd = a @ (powers[3] @ parts[0] + parts[1])
    even = powers[3] @ parts[2] + parts[3]
    return lapack[a.dtype.char].gesv(even - odd, even + odd)[2]


_PADE = {
    code: np.array([(0, *c[9::2]), c[1:9:2], (0, *c[8:14:2]), c[0:8:2]], code)
    for c in [reference.PADE]
    for code in lapack
}
"""How the odd and the even half of the approximant are made of the powers, and a⁶ times them."""


def solve_sylvester(a: Array, b: Array, q: Array) -> Array:
    """Solve a y + y b = q; LinAlgError if a and −b have an eigenvalue in common."""
    a, b, q = promoted(a, b, q)
    if q.shape[-2] * q.shape[-1] <= _SMALL:
        if a.ndim == b.ndim == q.ndim == 2 and q.size:
            return _solve_dense(reference.sylvester_system(np, a, b), q)
        return reference.sylvester_by_kronecker(np, a, b, q)
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (np.broadcast_to(x, stack + x.shape[-2:]) for x in (a, b))

    def solve_one(q: Array, a: Array, b: Array) -> Array:
        return _bartels_stewart(*_schur(a), *_schur(b.mT.conj()), q)

    return for_each(stack, solve_one, q, a, b)


def solve_continuous_lyapunov(a: Array, q: Array) -> Array:
    """Solve a x + x aᴴ = q; LinAlgError if a and −aᴴ have an eigenvalue in common."""
    a, q = promoted(a, q)
    if a.shape[-1] ** 2 <= _SMALL:
        return solve_sylvester(a, a.mT.conj(), q)

    def solve_one(q: Array, a: Array) -> Array:
        factors = _schur(a)
        return _bartels_stewart(*factors, *factors, q)

    return for_each(a.shape[:-2], solve_one, q, a)


def solve_discrete_lyapunov(a: Array, q: Array) -> Array:
    """
    Solve x = a x aᴴ + q; LinAlgError if two eigenvalues have λ conj(μ) = 1.

    By doubling where that converges, else as a continuous equation, by a Cayley transform.
    """
    a, q = promoted(a, q)
    n = a.shape[-1]
    if n * n <= _SMALL:
        if a.ndim == q.ndim == 2 and q.size:
            return _solve_dense(reference.discrete_lyapunov_system(np, a), q)
        return reference.discrete_lyapunov_by_kronecker(np, a, q)
    x = reference.sum_by_doubling(np, a, q)
    solved = reference.discrete_lyapunov_holds(np, a, q, x)
    if solved.all():
        return x
    eye = np.eye(n, dtype=a.dtype)
    inverse = np.linalg.inv(a + eye)
    half = solve_continuous_lyapunov(inverse @ (a - eye), -2 * inverse @ q @ inverse.mT.conj())
    return np.where(solved[..., None, None], x, half)


def _solve_dense(system: Array, q: Array) -> Array:
    """Solve system vec(y) = vec(q), where vec goes by rows."""
    *_, y, info = lapack[q.dtype.char].gesv(system, q.reshape(-1, 1))
    if info:
        raise LinAlgError(SINGULAR)
    return y.reshape(q.shape).copy()


def _schur(a: Array) -> tuple[Array, Array]:
    """a = u t uᴴ; if a is real, t has blocks of two where the eigenvalues are complex."""
    if not np.isfinite(a).all():  # the QR iteration would not end well
        return np.full_like(a, np.nan), np.full_like(a, np.nan)
    found = lapack[a.dtype.char].gees(_unsorted, a, lwork=64 * len(a))
    if found[-1]:
        msg = "the QR iteration for the Schur decomposition did not converge"
        raise LinAlgError(msg)
    return found[0], found[-3]


def _unsorted(*eigenvalue: Any) -> None:
    """LAPACK wants to know which eigenvalues come first, and does not ask."""


def _bartels_stewart(t: Array, u: Array, s: Array, v: Array, q: Array) -> Array:
    """
    Solve a y + y b = q with a = u t uᴴ, bᴴ = v s vᴴ, for a stack of right-hand sides.

    References
    ----------
    Bartels and Stewart, Algorithm 432, CACM 15 (1972) 820.
    """
    f = u.mT.conj() @ q @ v
    trsyl = lapack[t.dtype.char].trsyl
    for index in np.ndindex(*f.shape[:-2]):
        y, scale, info = trsyl(t, s, f[index], tranb="C")
        if info and np.isfinite(y).all():  # LAPACK has solved another equation, near this one
            msg = "singular equation: two eigenvalues add up to zero"
            raise LinAlgError(msg)
        f[index] = scale * y
    return u @ f @ v.mT.conj()
