"""Inverses, solves and determinants."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._backend import Array, Namespace, kind_of
from .._primitive import primitive
from ..linear import (
    LinearMap,
    column,
    diag,
    identity,
    real_part,
    row,
    to_complex,
    zero,
)
from ..matrix import TraceSolve, _kernels, left, left_solve, right


@primitive("(m,m)->(m,m)")
def inv(xp: Namespace, x: Array) -> Array:
    """
    Return the inverse of square matrices: y = x⁻¹.

    Parameters
    ----------
    x : array, shape (..., m, m)
        Real or complex floating.

    Returns
    -------
    y : array, shape (..., m, m)
        Of the dtype and device of x.

    Raises
    ------
    ValueError
        If the matrices are not square.
    numpy.linalg.LinAlgError
        If a matrix is singular, on NumPy; JAX and CuPy give numbers that are not finite.

    References
    ----------
    M. Giles, Collected matrix derivative results for forward and reverse mode AD (2008), 2.2.3.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.inv(np.array([[2.0, 1.0], [1.0, 1.0]]))
    array([[ 1., -1.],
           [-1.,  2.]])
    """
    return xp.linalg.inv(x)


@inv.derivative
def _(xp: Namespace, y: Array, _x: Array) -> LinearMap:
    """dy = −y dx y"""
    return -left(y) @ right(y)


@primitive("(m,m),(m,k)->(m,k)", saves=("lu", "pivots"), name="solve")
def solve_matrix(xp: Namespace, a: Array, b: Array) -> Any:
    """a y = b, for matrices b"""
    a, b = _kernels.promoted(xp, a, b)
    lu, pivots = _kernels.lu_factor(xp, a)
    return _kernels.lu_solve(xp, lu, pivots, b, transposed=False), lu, pivots


@solve_matrix.derivative
def _(xp: Namespace, y: Array, a: Array, _b: Array, *, lu: Array, pivots: Array) -> LinearMap:
    """dy = a⁻¹ (db − da y)"""
    return left_solve(a, lu, pivots) @ row(-right(y), identity)


def of_columns(solver: Any, x1: Array, x2: Array, **static: Any) -> Array:
    """Solve for matrices x2, or for one vector."""
    if len(x2.shape) != 1:
        return solver(x1, x2, **static)
    return solver(x1, x2[:, None], **static)[..., 0]


def solve(x1: Array, x2: Array, /) -> Array:
    """
    Solve x1 y = x2 for square matrices x1. One factorization serves value and derivatives.

    Parameters
    ----------
    x1 : array, shape (..., m, m)
        Real or complex floating.
    x2 : array, shape (..., m, k) or (m,)
        Right-hand sides: stacks broadcast; an array of one axis is one vector.

    Returns
    -------
    y : array, shape (..., m, k) or (..., m)

    Raises
    ------
    ValueError
        If the shapes do not fit.
    numpy.linalg.LinAlgError
        If a matrix is singular, on NumPy.

    References
    ----------
    M. Giles, Collected matrix derivative results for forward and reverse mode AD (2008), 2.3.1.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.solve(np.diag([2.0, 4.0]), np.ones(2))
    array([0.5 , 0.25])
    """
    return of_columns(solve_matrix, x1, x2)


# -- determinants ---------------------------------------------------------------------------------


class SlogdetResult(NamedTuple):
    """det x = sign · exp(logabsdet)"""

    sign: Array
    logabsdet: Array


@primitive("(m,m)->(),()", saves=("lu", "pivots"), name="slogdet")
def slogdet_tuple(xp: Namespace, x: Array) -> Any:
    """det x = sign exp(logabsdet)"""
    return (*xp.linalg.slogdet(x), *_kernels.lu_factor(xp, x))


@slogdet_tuple.derivative
def _(xp: Namespace, y: Any, x: Array, *, lu: Array, pivots: Array) -> LinearMap:
    """dt = tr(x⁻¹ dx);  d logabsdet = Re dt,  d sign = i sign Im dt, which is 0 for real x"""
    sign, _ = y
    dt = TraceSolve(x, lu, pivots)
    if kind_of(x) == "real":
        return column(zero, dt)
    imaginary_part = real_part @ diag(-1j * xp.ones_like(sign))
    return column(diag(1j * sign) @ to_complex @ imaginary_part, real_part) @ dt


def slogdet(x: Array, /) -> SlogdetResult:
    """
    Return sign and logarithm of the determinant: det x = sign · exp(logabsdet).

    Parameters
    ----------
    x : array, shape (..., m, m)
        Real or complex floating.

    Returns
    -------
    sign : array, shape (...)
        Of modulus 1, or 0 where x is singular. Its derivative is zero for real x.
    logabsdet : array, shape (...)
        Real; −inf where x is singular.

    Raises
    ------
    ValueError
        If the matrices are not square.

    References
    ----------
    M. Giles, Collected matrix derivative results for forward and reverse mode AD (2008), 2.2.4.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.grad(lambda x: ud.linalg.slogdet(x).logabsdet)(np.array([[2.0, 2.0], [2.0, 4.0]]))
    array([[ 1. , -0.5],
           [-0.5,  0.5]])
    """
    return SlogdetResult(*slogdet_tuple(x))
