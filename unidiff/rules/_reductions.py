"""Reductions, and running sums and products.

Sums are linear: each is its map, applied. The others have rules along one trailing axis, which the
axes asked for are laid out as.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from math import prod as product
from typing import Any

from .._backend import Array, Namespace, Shape, array_namespace, kind_of
from .._primitive import Primitive, primitive
from ..linear import (
    LinearMap,
    diag,
    flip,
    identity,
    linear_map,
    mask,
    permute,
    reshape,
    spread,
    static,
    sum_over,
)
from ..linear import cumulative_sum as running_sum
from ..linear._index import Pad
from ..linear._shape import ShapeMap, SumOver, negative_axes
from ._complex import AlongDirection
from ._manipulation import astype, concat
from ._record import plain, recorded, value
from ._recurrence import Recurrence, delayed
from ._sorting import refuse_complex

Axes = int | Sequence[int] | None


# -- linear ones ----------------------------------------------------------------------------------


def sum(x: Array, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Array:
    """Return the sum over `axis`."""
    if dtype is not None and x.dtype != dtype:
        y = astype(x, dtype)
        return array_namespace(y).sum(y, axis=axis, dtype=dtype, keepdims=keepdims)
    f = SumOver(tuple(x.shape), negative_axes(axis, x.ndim))
    return x.through(_kept(x.shape, axis) @ f if keepdims else f)


def mean(x: Array, /, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return the mean over `axis`."""
    f = MeanOver(tuple(x.shape), negative_axes(axis, x.ndim))
    return x.through(_kept(x.shape, axis) @ f if keepdims else f)


def _kept(shape: Shape, axis: Axes) -> LinearMap:
    """Return the map that puts back the axes that a reduction took, of length 1."""
    n, gone = len(shape), negative_axes(axis, len(shape))
    less = tuple(size for k, size in enumerate(shape) if k - n not in gone)
    return reshape(less, tuple(1 if k - n in gone else size for k, size in enumerate(shape)))


@linear_map
class MeanOver(ShapeMap):
    """dx ↦ the mean of dx over `axes`, which go"""

    shape: Shape = static()
    axes: tuple[int, ...] = static()

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return xp.sum(dx, axis=self.axes, dtype=dx.dtype) / _count(self.shape, self.axes)

    @property
    def T(self) -> LinearMap:
        return SpreadMean(self.shape, self.axes)


@linear_map
class SpreadMean(ShapeMap):
    """dx ↦ dx, shared out evenly along the axes `axes` of `shape`, which it lacks"""

    shape: Shape = static()
    axes: tuple[int, ...] = static()

    def apply(self, xp: Namespace, dx: Array) -> Array:
        whole = spread(self.shape, self.axes)(dx)
        return whole / _count(self.shape, self.axes)

    @property
    def T(self) -> LinearMap:
        return MeanOver(self.shape, self.axes)


def _count(shape: Shape, axes: Sequence[int]) -> int:
    return product(shape[a] for a in axes)


def cumulative_sum(
    x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Array:
    """Return the running sums along `axis`."""
    how: dict[str, Any] = {"axis": axis, "include_initial": include_initial}
    if dtype is not None and x.dtype != dtype:
        y = astype(x, dtype)
        return array_namespace(y).cumulative_sum(y, dtype=dtype, **how)
    y = value("cumulative_sum", x, **how)
    if not x.ndim:
        return cumulative_sum(reshape((), (1,))(x), **how)
    (at,) = negative_axes(0 if axis is None else axis, x.ndim)
    f, n = running_sum(at), x.shape[at] + 1
    return recorded(x, Pad(1, n, n, at) @ f if include_initial else f, y)


# -- products -------------------------------------------------------------------------------------


@primitive("(n)->(n)", name="cumulative_prod")
def running_product(xp: Namespace, x: Array) -> Array:
    """yₖ = xₖ yₖ₋₁, from y₋₁ = 1"""
    return xp.cumulative_prod(x, axis=-1)


@running_product.derivative
def _(xp: Namespace, y: Array, x: Array) -> LinearMap:
    """dyₖ = xₖ dyₖ₋₁ + yₖ₋₁ dxₖ: no division, so that zeros are as other numbers"""
    return Recurrence(x) @ diag(delayed(xp, y, 1.0))


@primitive("(n)->()", name="prod")
def product_of(xp: Namespace, x: Array) -> Array:
    """y = Π x"""
    return xp.prod(x, axis=-1)


@product_of.derivative
def _(xp: Namespace, y: Array, x: Array) -> LinearMap:
    """dy = Σ dxₖ times the product of the others: of those before, and those behind"""
    before, behind = (delayed(xp, running_product(part), 1.0) for part in (x, flip(-1)(x)))
    return sum_over(x.shape[-1:], -1) @ diag(before * flip(-1)(behind))


def prod(x: Array, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Array:
    """Return the product over `axis`."""
    if dtype is not None and x.dtype != dtype:
        y = astype(x, dtype)
        return array_namespace(y).prod(y, axis=axis, dtype=dtype, keepdims=keepdims)
    return _reduced(product_of, x, axis, keepdims)


def cumulative_prod(
    x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Array:
    """Return the running products along `axis`."""
    how: dict[str, Any] = {"axis": axis, "include_initial": include_initial}
    if dtype is not None and x.dtype != dtype:
        y = astype(x, dtype)
        return array_namespace(y).cumulative_prod(y, dtype=dtype, **how)
    n = x.ndim
    if not n:
        value("cumulative_prod", x, **how)  # which may raise
        return cumulative_prod(reshape((), (1,))(x), **how)
    if axis is None and n > 1:
        msg = f"cumulative_prod: `axis` must be given for an array of {n} axes"
        raise ValueError(msg)
    (at,) = negative_axes(0 if axis is None else axis, n)
    order = (*(k for k in range(-n, 0) if k != at), at)
    last = identity if at == -1 else permute(order)
    y = last.T(running_product(last(x)))
    if not include_initial:
        return y
    xp, bare = plain(x)
    shape = tuple(1 if k - n == at else size for k, size in enumerate(x.shape))
    ones = xp.ones(shape, dtype=x.dtype, device=getattr(bare, "device", None))
    return concat([ones, y], axis=at)


# -- spread ---------------------------------------------------------------------------------------


@primitive("(n)->()", name="var")
def variance(xp: Namespace, x: Array, *, correction: float = 0.0) -> Array:
    """y = Σ |x − mean x|² / (n − correction)"""
    return xp.var(x, axis=-1, correction=correction)


@variance.derivative
def _(xp: Namespace, y: Array, x: Array, *, correction: float) -> LinearMap:
    """dy = 2 Re Σ conj(x − mean x) dx / (n − correction)"""
    return _summed_along(2.0 * _centred(xp, x, correction))


@primitive("(n)->()", name="std")
def deviation(xp: Namespace, x: Array, *, correction: float = 0.0) -> Array:
    """y = √(Σ |x − mean x|² / (n − correction))"""
    return xp.std(x, axis=-1, correction=correction)


@deviation.derivative
def _(xp: Namespace, y: Array, x: Array, *, correction: float) -> LinearMap:
    """dy = Re Σ conj(x − mean x) dx / (y (n − correction)), and 0 where y = 0"""
    y = y[..., None]
    flat = y == 0
    d = _centred(xp, x, correction) / xp.where(flat, xp.ones_like(y), y)
    return _summed_along(xp.where(flat, xp.zeros_like(d), d))


def _centred(xp: Namespace, x: Array, correction: float) -> Array:
    """(x − mean x) / (n − correction)"""
    degrees = x.shape[-1] - correction
    return (x - xp.mean(x, axis=-1, keepdims=True)) * (1.0 / degrees if degrees > 0 else nan)


def _summed_along(d: Array) -> LinearMap:
    """Return the map dx ↦ Re Σ conj(d) dx."""
    along = AlongDirection(d) if kind_of(d) == "complex" else diag(d)
    return sum_over(d.shape[-1:], -1) @ along


def var(
    x: Array, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False
) -> Array:
    """Return the mean square deviation from the mean over `axis`."""
    return _reduced(variance, x, axis, keepdims, correction=correction)


def std(
    x: Array, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False
) -> Array:
    """Return the root of `var`; where it is 0, so is the derivative."""
    return _reduced(deviation, x, axis, keepdims, correction=correction)


# -- extremes -------------------------------------------------------------------------------------


def _extreme(name: str) -> Primitive:
    """Return the primitive that takes the extreme of the last axis."""

    def extreme(xp: Namespace, x: Array) -> Array:
        return getattr(xp, name)(x, axis=-1)

    made = Primitive(name, extreme, "(n)->()")

    @made.derivative
    def _(xp: Namespace, y: Array, x: Array) -> LinearMap:
        """dy = the mean of dx over all places where x is y, or, if y is no number, not one too"""
        plain_xp, bare = plain(x)
        _, best = plain(y)
        found = (bare == best[..., None]) | (bare != bare)
        count = plain_xp.sum(plain_xp.astype(found, x.dtype), axis=-1)
        return diag(1.0 / count) @ sum_over(x.shape[-1:], -1) @ mask(found)

    return made


largest, smallest = _extreme("max"), _extreme("min")


def max(x: Array, /, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return the largest over `axis`; where several are, a derivative is shared evenly."""
    refuse_complex("max", x)
    return _reduced(largest, x, axis, keepdims)


def min(x: Array, /, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return the smallest over `axis`; where several are, a derivative is shared evenly."""
    refuse_complex("min", x)
    return _reduced(smallest, x, axis, keepdims)


def _reduced(f: Primitive, x: Array, axis: Axes, keepdims: bool, **static: Any) -> Array:
    """Return the reduction of the axes, laid out as one trailing axis."""
    y = f(_trailing(x.shape, axis)(x), **static)
    return _kept(x.shape, axis)(y) if keepdims else y


def _trailing(shape: Shape, axis: Axes) -> LinearMap:
    """Return the map that lays the axes out as one, behind the others."""
    n, gone = len(shape), negative_axes(axis, len(shape))
    if gone == (-1,):
        return identity
    order = (*(k for k in range(-n, 0) if k not in gone), *gone)
    moved = tuple(shape[k] for k in order)
    last = product(moved[n - len(gone) :])
    laid = reshape(moved, (*moved[: n - len(gone)], last))
    return laid if order == tuple(range(-n, 0)) else laid @ permute(order)


FUNCTIONS = {
    f.__name__: f for f in (cumulative_prod, cumulative_sum, max, mean, min, prod, std, sum, var)
}
