"""Norms of vectors and matrices. At a kink the derivative is the even mean of both sides.

dy = Re Σ conj(d) dx, along the direction d = ∂y/∂x, which is 0 at 0 in every norm.
"""

from __future__ import annotations

from math import inf, isnan, prod
from typing import Any

from .._backend import Array, Namespace, Shape, array_namespace, backend_of, kind_of
from .._primitive import primitive
from ..linear import LinearMap, permute, real_part
from ..linear import reshape as reshape_map
from ..linear._dense import conjugated
from ..linear._shape import negative_axes
from ._diagonals import matrix_shape
from ._products import Dot, refuse_numbers
from ._singular_norms import singular_norm


@primitive("(n)->()", name="vector_norm")
def norm_of_last(xp: Namespace, x: Array, *, ord: float) -> Array:
    """y = (Σ |x|ᵖ)^(1/p) along the last axis, of numbers scaled so that no power overflows"""
    sizes = xp.abs(x)
    empty = not x.shape[-1]
    if empty and ord < 0:
        msg = f"vector_norm: the norm of no numbers has no order {ord}"
        raise ValueError(msg)
    if empty or ord == 1:
        return xp.sum(sizes, axis=-1)
    edge = (xp.max if ord > 0 else xp.min)(sizes, axis=-1, keepdims=True)
    if ord in (inf, -inf):
        return edge[..., 0]
    scale = xp.where((edge > 0) & xp.isfinite(edge), edge, xp.ones_like(edge))
    if ord < 0:
        sizes = xp.where(edge == 0, scale, sizes)
    ratios = sizes / scale
    if ord == 2:
        return scale[..., 0] * xp.sqrt(xp.sum(ratios * ratios, axis=-1))
    y = scale * xp.sum(ratios**ord, axis=-1, keepdims=True) ** (1 / ord)
    return (xp.where(edge == 0, edge, y) if ord < 0 else y)[..., 0]


@norm_of_last.derivative
def _(xp: Namespace, y: Array, x: Array, *, ord: float) -> LinearMap:
    """dy = Re Σ conj(d) dx"""
    return along(_direction(xp, y[..., None], x, ord))


def _count(x: Array) -> Array:
    """Return the number of nonzero entries along the last axis: locally constant"""
    xp = array_namespace(x)
    return xp.sum(xp.astype(x != 0, xp.abs(x).dtype), axis=-1)


def along(d: Array) -> LinearMap:
    """Return the map dx ↦ Re Σ conj(d) dx along the last axis."""
    return real_part @ Dot(conjugated(d)) if kind_of(d) == "complex" else Dot(d)


def _direction(xp: Namespace, y: Array, x: Array, p: float) -> Array:
    """d = x/|x| · (|x|/y)ᵖ⁻¹, and 0 where x or y is 0"""
    if p == 2:
        return _quotient(xp, x, y)
    if p == 1:
        return _unit(xp, x)
    if p in (inf, -inf):
        return _share(xp, y, x, p) * _unit(xp, x)
    dead = (x == 0) | (y == 0)
    base = xp.where(y == 0, xp.ones_like(y), y)
    sizes = xp.abs(xp.where(dead, base * xp.ones_like(x), x))
    powers = (sizes / base) ** (p - 1) if p > 1 else (base / sizes) ** (1 - p)
    return xp.where(dead, xp.zeros_like(powers), powers) * _unit(xp, x)


def _unit(xp: Namespace, x: Array) -> Array:
    """x / |x|, and 0 at 0"""
    if kind_of(x) == "real":
        return xp.sign(x)
    return _quotient(xp, x, xp.abs(xp.where(x == 0, xp.ones_like(x), x)))


def _quotient(xp: Namespace, x: Array, y: Array) -> Array:
    """x / y, and 0, with all its derivatives, where y is 0"""
    dead = y == 0
    return xp.where(dead, xp.zeros_like(x), x / xp.where(dead, xp.ones_like(y), y))


def _share(xp: Namespace, y: Array, x: Array, p: float) -> Array:
    """1 where |x| is the largest, or smallest, shared out evenly at ties; moduli are rounded"""
    slack = 0.0 if kind_of(x) == "real" else 4 * float(xp.finfo(y.dtype).eps)
    sizes = xp.abs(x)
    at = sizes >= y * (1 - slack) if p > 0 else sizes <= y * (1 + slack)
    ties = xp.astype(at, y.dtype)
    return ties / xp.sum(ties, axis=-1, keepdims=True)


def vector_norm(
    x: Array,
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    ord: float = 2,
) -> Array:
    """
    Return the norm of vectors: y = (Σ |x|ᵖ)^(1/p).

    Parameters
    ----------
    x : array
        Real or complex floating.
    axis : int or tuple of int, optional
        The axes whose numbers make a vector; else all of them.
    keepdims : bool, optional
        Whether these axes stay, of length 1.
    ord : float, optional
        The order p, positive or negative. ±inf is the largest or smallest |x|, and 0 the number of
        nonzero entries, whose derivative is zero.

    Returns
    -------
    y : array
        Real, without the axes of `axis`.

    Raises
    ------
    ValueError
        If there are no such axes, `ord` is no number, or negative and there are no numbers.

    Notes
    -----
    At a kink, as at a vector of zeros or for p ≤ 1 at a zero entry, derivatives are 0, and so are
    second derivatives that are infinite, as for 1 < p < 2 at a zero entry. Entries that tie for the
    largest or smallest share the derivative evenly.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.vector_norm(np.array([3.0, -4.0]))
    np.float64(5.0)
    >>> ud.grad(ud.linalg.vector_norm)(np.array([3.0, -4.0]))
    array([ 0.6, -0.8])
    """
    refuse_numbers("vector_norm", x)
    p = _order(ord)
    if not kind_of(x):
        plain = backend_of(x).plain
        return plain.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)
    axes = negative_axes(axis, x.ndim)
    x_last = _merged(x, axes)
    y = norm_of_last(x_last, ord=p) if p else _count(x_last)
    return _kept(y, x, axes) if keepdims else y


def _order(ord: Any) -> float:
    if isinstance(ord, str) or isnan(ord):
        msg = f"vector_norm: `ord` must be a number; got {ord!r}"
        raise ValueError(msg)
    return float(ord)


def _merged(x: Array, axes: tuple[int, ...]) -> Array:
    """Return x with these axes as one, the last."""
    others = tuple(a for a in range(-x.ndim, 0) if a not in axes)
    if others + axes != tuple(range(-x.ndim, 0)):
        x = permute(others + axes)(x)
    shape = tuple(x.shape)
    return reshape_map(shape, (*shape[: len(others)], prod(shape[len(others) :])))(x)


def _kept(y: Array, x: Array, axes: tuple[int, ...]) -> Array:
    shape: Shape = tuple(1 if k - x.ndim in axes else size for k, size in enumerate(x.shape))
    return reshape_map(tuple(y.shape), shape)(y)


def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: float | str = "fro") -> Array:
    """
    Return the norm of matrices.

    Parameters
    ----------
    x : array, shape (..., m, n)
        Real or complex floating.
    keepdims : bool, optional
        Whether the axes of the matrices stay, of length 1.
    ord : {'fro', 'nuc', 1, -1, 2, -2, inf, -inf}, optional
        'fro' is the 2-norm of all entries, 'nuc' the sum of the singular values, 2 and −2 the
        largest and smallest of them, 1 and −1 the largest and smallest sum of |x| over a column,
        inf and −inf over a row.

    Returns
    -------
    y : array, shape (...) or (..., 1, 1)
        Real.

    Raises
    ------
    ValueError
        If x has no two axes, or `ord` is none of these.

    Notes
    -----
    Sums, and singular values, that tie for the largest or smallest share the derivative evenly.
    Singular values that are zero within rounding move nothing. Of the second derivative at such
    points that part is returned which varies smoothly: the other is not bounded.

    References
    ----------
    G. A. Watson, Characterization of the subdifferential of some matrix norms, Linear Algebra and
    its Applications 170 (1992) 33.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> x = np.array([[3.0, 0.0], [0.0, -4.0]])
    >>> ud.linalg.matrix_norm(x)
    np.float64(5.0)
    >>> ud.grad(lambda x: ud.linalg.matrix_norm(x, ord=1))(x)
    array([[ 0.,  0.],
           [ 0., -1.]])
    """
    matrix_shape("matrix_norm", x)
    order: Any = ord
    if order not in ("fro", "nuc", 1, -1, 2, -2, inf, -inf):
        msg = f"matrix_norm: `ord` must be 'fro', 'nuc', ±1, ±2 or ±inf; got {ord!r}"
        raise ValueError(msg)
    if not kind_of(x):
        return backend_of(x).plain.linalg.matrix_norm(x, keepdims=keepdims, ord=order)
    if order == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if order in ("nuc", 2, -2):
        y = singular_norm(x, ord=order if order == "nuc" else int(order))
    else:
        sums = norm_of_last(x if order in (inf, -inf) else x.mT, ord=1.0)
        y = norm_of_last(sums, ord=inf if order > 0 else -inf)
    return _kept(y, x, (-2, -1)) if keepdims else y
