"""The pseudoinverse, by a rule of its own: it needs no singular vectors."""

from __future__ import annotations

from .._backend import Array, Namespace, Shape, array_namespace, backend_of, device_of, kind_of
from .._primitive import primitive
from ..linear import LinearMap, identity, row, zero
from ..matrix import left, right
from ..matrix._kernels import adjoint
from ._factorizations import WithLeftInverse
from ._singular_values import svdvals
from ._spectra import ADJOINT


@primitive("(m,n),()->(n,m)", name="pinv")
def pinv_with_cutoff(xp: Namespace, x: Array, rtol: Array) -> Array:
    """y = x⁺, where singular values up to rtol times the largest count as zero"""
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    kept = _kept(xp, s, rtol)
    inverses = xp.where(kept, 1 / xp.where(kept, s, xp.ones_like(s)), xp.zeros_like(s))
    return adjoint(xp, vh) @ (inverses[..., :, None] * adjoint(xp, u))


def _kept(xp: Namespace, s: Array, rtol: Array) -> Array:
    """Return which of the singular values, descending, do not count as zero."""
    largest = s[..., : min(1, s.shape[-1])]  # none of an empty matrix
    return s > rtol[..., None] * largest


@pinv_with_cutoff.derivative
def _(xp: Namespace, y: Array, x: Array, _rtol: Array) -> LinearMap:
    """dy = −y dx y + y yᴴ dxᴴ (1 − x y) + (1 − y x) dxᴴ yᴴ y; and x is the pseudoinverse of y"""
    return row(WithLeftInverse(_golub_pereyra(xp, x, y), _golub_pereyra(xp, y, x)), zero)


def _golub_pereyra(xp: Namespace, x: Array, y: Array) -> LinearMap:
    """Return the derivative of the pseudoinverse y of x, along directions that keep the rank."""
    yh = adjoint(xp, y)
    of_columns = left(y) @ left(yh) @ (identity - right(y) @ right(x))
    of_rows = (identity - left(y) @ left(x)) @ right(y) @ right(yh)
    return -left(y) @ right(y) + (of_columns + of_rows) @ ADJOINT


def _cutoff(shape: Shape, like: Array, rtol: Array | float | None) -> Array:
    """Return rtol, for matrices of a shape, as an array of real numbers of the precision given."""
    xp = array_namespace(like)
    if rtol is None:
        rtol = max(shape[-2:]) * float(xp.finfo(like.dtype).eps)
    return xp.abs(xp.zeros((), dtype=like.dtype, device=device_of(like))) + rtol


def pinv(x: Array, /, *, rtol: Array | float | None = None) -> Array:
    """
    Return the pseudoinverse of matrices (Moore and Penrose).

    Parameters
    ----------
    x : array, shape (..., m, n)
        Real or complex floating, of any rank.
    rtol : float or array, shape (...), optional
        Singular values up to so many times the largest count as zero: max(m, n) eps by default. It
        has no derivative.

    Returns
    -------
    y : array, shape (..., n, m)
        The derivative holds along directions that keep the rank, for across them y is not
        continuous. Repeated singular values do not matter.

    References
    ----------
    G. Golub, V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate, SIAM Journal on Numerical Analysis 10 (1973) 413.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.pinv(np.array([[2.0, 0.0], [0.0, 0.0]]))
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    x = x if kind_of(x) else 1.0 * x  # integers, where the library takes them
    return pinv_with_cutoff(x, _cutoff(x.shape, x, rtol))


def matrix_rank(x: Array, /, *, rtol: Array | float | None = None) -> Array:
    """
    Return the rank of matrices: how many singular values are not zero. It has no derivative.

    Parameters
    ----------
    x : array, shape (..., m, n)
        Real or complex floating; of a traced array its numbers are taken.
    rtol : float or array, shape (...), optional
        Singular values up to so many times the largest count as zero: max(m, n) eps by default.

    Returns
    -------
    y : array of integers, shape (...)

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> int(ud.linalg.matrix_rank(np.ones((3, 3))))
    1
    """
    x = backend_of(x).stop_gradient(x)
    s, xp = svdvals(x), backend_of(x).plain
    return xp.count_nonzero(_kept(xp, s, _cutoff(x.shape, s, rtol)), axis=-1)
