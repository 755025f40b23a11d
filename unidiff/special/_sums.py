"""
Sums of exponentials, of which only logarithms and quotients can be held.

The primitives work on the last axis; what is summed over is brought there. Where all numbers of a
sum are −∞, the sum is −∞ whatever they do near there, and its derivative is taken for 0.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan, prod
from operator import index
from typing import Any

from .._backend import (
    SCALARS,
    Array,
    Namespace,
    Shape,
    array_namespace,
    backend_of,
    device_of,
    kind_of,
)
from .._primitive import primitive, times
from ..linear import (
    LinearMap,
    column,
    diag,
    identity,
    linear_map,
    real_part,
    row,
    spread,
    to_complex,
    zero,
)
from ..linear._shape import negative_axes
from . import _sum_kernels as _kernels
from ._arguments import floating

Axis = int | tuple[int, ...] | None
Back = Callable[[Array], Array]


@linear_map
class Average(LinearMap):
    """dx ↦ Σ p dx, over the last axis"""

    p: Array

    def __call__(self, dx: Array) -> Array:
        return array_namespace(self.p, dx).sum(self.p * dx, axis=-1)

    @property
    def T(self) -> LinearMap:
        return Shares(self.p)


@linear_map
class Shares(LinearMap):
    """dx ↦ p dx, of numbers, along a new last axis"""

    p: Array

    def __call__(self, dx: Array) -> Array:
        return self.p * dx[..., None]

    @property
    def T(self) -> LinearMap:
        return Average(self.p)


def less_average(p: Array) -> LinearMap:
    """Return the map dx ↦ dx − Σ p dx, along the last axis."""
    return identity - spread((p.shape[-1],)) @ Average(p)


# -- the primitives -------------------------------------------------------------------------------


@primitive("(n)->()", name="logsumexp")
def log_sum(xp: Namespace, x: Array) -> Array:
    """y = log Σ eˣ"""
    return _kernels.log_sum(xp, x)


@log_sum.derivative
def _(xp: Namespace, _y: Array, x: Array) -> LinearMap:
    """dy = Σ p dx, with the shares p = eˣ / Σ eˣ"""
    return Average(shares(x))


@primitive("(n)->(n)")
def shares(xp: Namespace, x: Array) -> Array:
    """y = eˣ / Σ eˣ, and 0 where that is 0/0"""
    return _kernels.shares(xp, x)


@shares.derivative
def _(xp: Namespace, y: Array, _x: Array) -> LinearMap:
    """dy = y (dx − Σ y dx)"""
    return diag(y) @ less_average(y)


@primitive("(n)->(n)", name="softmax")
def softmax_along(xp: Namespace, x: Array) -> Array:
    """y = eˣ / Σ eˣ"""
    return _kernels.softmax(xp, x)


@softmax_along.derivative
def _(xp: Namespace, y: Array, _x: Array) -> LinearMap:
    """dy = y (dx − Σ y dx)"""
    return diag(y) @ less_average(y)


@primitive("(n)->(n)", name="log_softmax")
def log_softmax_along(xp: Namespace, x: Array) -> Array:
    """y = x − log Σ eˣ"""
    return _kernels.log_softmax(xp, x)


@log_softmax_along.derivative
def _(xp: Namespace, y: Array, _x: Array) -> LinearMap:
    """dy = dx − Σ eʸ dx"""
    return less_average(xp.exp(y))


@primitive("(n),(n)->(),()")
def weighted_log_sum(xp: Namespace, a: Array, b: Array) -> Any:
    """s eʸ = Σ b eᵃ, with |s| = 1"""
    return _kernels.weighted_log_sum(xp, a, b)


weighted_log_sum.singular = True  # a quotient is infinite where the sum is 0


@weighted_log_sum.derivative
def _(xp: Namespace, y: Any, a: Array, b: Array) -> LinearMap:
    """dt = Σ (b q da + q db) with the quotients q; dy = Re dt, ds = i s Im dt"""
    _, sign = y
    q = quotients(a, b)
    dt = row(Average(times(b, q)), Average(q))
    if kind_of(a) == "real":
        return column(dt, zero)
    imaginary_part = real_part @ diag(-1j * xp.ones_like(sign))
    return column(real_part, diag(1j * sign) @ to_complex @ imaginary_part) @ dt


@primitive("(n),(n)->(n)")
def quotients(xp: Namespace, a: Array, b: Array) -> Array:
    """y = eᵃ / Σ b eᵃ"""
    return _kernels.quotients(xp, a, b)


@quotients.derivative
def _(xp: Namespace, y: Array, _a: Array, b: Array) -> LinearMap:
    """dy = y (da − Σ (b y da + y db))"""
    by_b = diag(y) @ spread((y.shape[-1],)) @ Average(y)
    return row(diag(y) @ less_average(times(b, y)), -by_b)


# -- the functions --------------------------------------------------------------------------------


def _array(x: Any) -> Array:
    """Return x, a number too, as an array of floating numbers."""
    return floating(x if hasattr(x, "shape") else backend_of(x).lift(x))


def _along_last(x: Array, axis: Axis) -> tuple[Array, Shape, Back]:
    """Return x with `axis` as its last, flattened, its shape with them 1, and the way back."""
    n = len(x.shape)
    axes = negative_axes(axis if axis is None else _indices(axis), n)
    others = [k for k in range(-n, 0) if k not in axes]
    order = [*others, *axes]
    kept = tuple(1 if k in axes else x.shape[k] for k in range(-n, 0))
    moved = tuple(x.shape[k] for k in order)
    flat = (*moved[: len(others)], prod(moved[len(others) :]))

    def there(x: Array) -> Array:
        xp = array_namespace(x)
        if order != sorted(order):
            x = xp.permute_dims(x, tuple(k + n for k in order))
        return x if flat == moved else xp.reshape(x, flat)

    def back(y: Array) -> Array:
        xp = array_namespace(y)
        y = y if flat == moved else xp.reshape(y, moved)
        if order == sorted(order):
            return y
        return xp.permute_dims(y, tuple(order.index(k) for k in range(-n, 0)))

    return there(x), kept, back


def _indices(axis: Any) -> tuple[int, ...]:
    return tuple(map(index, axis)) if isinstance(axis, tuple | list) else (index(axis),)


def _kept(y: Array, shape: Shape, keepdims: bool) -> Array:
    return array_namespace(y).reshape(y, shape) if keepdims else y


def _alike(a: Array, b: Any) -> tuple[Array, Array]:
    """Return both, broadcast and of one dtype."""
    xp = array_namespace(a, b)
    if type(b) in SCALARS:
        dtype = xp.result_type(a.dtype, xp.complex64) if type(b) is complex else a.dtype
        b = xp.asarray(b, dtype=dtype, device=device_of(a))
    b = b if kind_of(b) else xp.astype(b, a.dtype)
    dtype = xp.result_type(a.dtype, b.dtype)
    a, b = (x if x.dtype == dtype else xp.astype(x, dtype) for x in (a, b))
    a, b = xp.broadcast_arrays(a, b)
    return a, b


def _signed(a: Array, b: Any, axis: Axis, keepdims: bool) -> tuple[Array, Array]:
    """Return log |Σ b eᵃ|, and the sign of the sum."""
    if b is None and kind_of(a) == "real":
        y = logsumexp(a, axis, keepdims=keepdims)
        xp = array_namespace(y)
        return y, xp.where(xp.isnan(y), nan, xp.astype(y != -inf, y.dtype))
    a, b = _alike(a, 1.0 if b is None else b)
    (x, shape, _), (weights, _, _) = (_along_last(x, axis) for x in (a, b))
    y, sign = weighted_log_sum(x, weights)
    return _kept(y, shape, keepdims), _kept(sign, shape, keepdims)


def logsumexp(
    a: Array,
    axis: Axis = None,
    b: Array | None = None,
    keepdims: bool = False,
    return_sign: bool = False,
) -> Any:
    """
    Return the logarithm of a sum of exponentials: y = log Σ b exp(a).

    Parameters
    ----------
    a : array
        Real or complex.
    axis : int or tuple of int, optional
        What to sum over; by default everything.
    b : array, optional
        Weights, of any sign; a and b broadcast. What has weight 0 adds nothing, even ∞.
    keepdims : bool, optional
        Whether the axes summed over stay, of length 1.
    return_sign : bool, optional
        Whether to return (y, sign), where sign · exp(y) is the sum. Else y is nan where a real sum
        is negative.

    Returns
    -------
    y : array
        −∞ where the sum is 0.
    sign : array, optional
        Of a complex sum, its phase.

    Notes
    -----
    dy = Σ p da, with the shares p = exp(a) / Σ exp(a) of the sum. Where all of a is −∞, the
    derivative is 0.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.value_and_grad(ud.special.logsumexp)(np.array([1000.0, 1000.0, -np.inf]))
    (array(1000.69314718), array([0.5, 0.5, 0. ]))
    """
    a = _array(a)
    if b is None and not return_sign:
        x, shape, _ = _along_last(a, axis)
        return _kept(log_sum(x), shape, keepdims)
    y, sign = _signed(a, b, axis, keepdims)
    if return_sign:
        return y, sign
    xp = array_namespace(y)
    if kind_of(sign) == "complex":
        return y + xp.log(xp.where(sign == 0, 1.0, sign))
    return xp.where(sign < 0, nan, y)


def softmax(x: Array, axis: Axis = None) -> Array:
    """
    Return the shares of a sum of exponentials: y = exp(x) / Σ exp(x).

    Parameters
    ----------
    x : array
        Real or complex.
    axis : int or tuple of int, optional
        What to sum over; by default everything.

    Returns
    -------
    y : array, shape of x

    Notes
    -----
    dy = y (dx − Σ y dx)

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.special.softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    y, _, back = _along_last(_array(x), axis)
    return back(softmax_along(y))


def log_softmax(x: Array, axis: Axis = None) -> Array:
    """
    Return the logarithms of the shares of a sum of exponentials: y = x − log Σ exp(x).

    Parameters
    ----------
    x : array
        Real or complex.
    axis : int or tuple of int, optional
        What to sum over; by default everything.

    Returns
    -------
    y : array, shape of x

    Notes
    -----
    dy = dx − Σ exp(y) dx

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.special.log_softmax(np.array([1000.0, 1.0]))
    array([   0., -999.])
    """
    y, _, back = _along_last(_array(x), axis)
    return back(log_softmax_along(y))
