"""Reductions and shapes: a linear function is its map, applied."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from .._backend import Array, Namespace, Shape, array_namespace
from .._signature import broadcast_shapes
from ..linear import LinearMap, linear_map, spread, static, sum_over
from ..linear import broadcast as broadcast_map
from ..linear import concat as concat_map
from ..linear import cumulative_sum as cumulative_sum_map
from ..linear import permute as permute_map
from ..linear import reshape as reshape_map
from ..linear import roll as roll_map
from ..linear._elementwise import Cast
from ..linear._shape import Reshape, ShapeMap, negative_axes
from ._elementwise import multiply

Axis = int | Sequence[int] | None


def astype(x: Array, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Array:
    """Return x as `dtype`; a derivative passes from real to complex and back by the real part."""
    return x if x.dtype == dtype else x.through(Cast(x.dtype, dtype))


def sum(x: Array, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Array:
    """Return the sum over `axis`."""
    x = x if dtype is None else astype(x, dtype)
    f = sum_over(x.shape, axis)
    y = f(x)
    return reshape(y, _kept(x.shape, axis)) if keepdims else y


def _kept(shape: Shape, axis: Axis) -> Shape:
    n = len(shape)
    gone = negative_axes(axis, n)
    return tuple(1 if k - n in gone else size for k, size in enumerate(shape))


def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the mean over `axis`."""
    y = MeanOver(tuple(x.shape), negative_axes(axis, x.ndim))(x)
    return reshape(y, _kept(x.shape, axis)) if keepdims else y


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
    return prod(shape[a] for a in axes)


def reshape(x: Array, /, shape: Any, *, copy: bool | None = None) -> Array:
    """Return x laid out as `shape`; one entry may be −1."""
    new = (shape,) if isinstance(shape, int) else tuple(shape)
    old = tuple(x.shape)
    if -1 in new:
        known = -prod(new)
        new = tuple(prod(old) // max(known, 1) if n == -1 else n for n in new)
    return reshape_map(old, new)(x)


def permute_dims(x: Array, /, axes: Sequence[int] | None = None) -> Array:
    """Return x with its axes in this order."""
    n = x.ndim
    return permute_map(tuple(reversed(range(n))) if axes is None else tuple(axes))(x)


def matrix_transpose(x: Array, /) -> Array:
    """Return x with its last two axes exchanged."""
    n = x.ndim
    return permute_map((*range(n - 2), n - 1, n - 2))(x)


def broadcast_to(x: Array, /, shape: Shape) -> Array:
    """Return x broadcast to `shape`."""
    return broadcast_map(tuple(x.shape), tuple(shape))(x)


def broadcast_arrays(*arrays: Array) -> list[Array]:
    """Return the arrays, all of the shape they broadcast to."""
    shape = broadcast_shapes([x.shape for x in arrays])
    return [array_namespace(x).broadcast_to(x, shape) for x in arrays]


def expand_dims(x: Array, /, *, axis: int = 0) -> Array:
    """Return x with a new axis of length 1."""
    at = axis % (x.ndim + 1)
    return reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


def moveaxis(x: Array, source: int, destination: int, /) -> Array:
    """Return x with one axis at another place."""
    order = [k for k in range(x.ndim) if k != source % x.ndim]
    order.insert(destination % x.ndim, source % x.ndim)
    return permute_dims(x, order)


def squeeze(x: Array, /, axis: int | tuple[int, ...]) -> Array:
    """Return x without axes of length 1."""
    n = x.ndim
    gone = negative_axes(axis, n)
    if any(x.shape[a] != 1 for a in gone):
        msg = f"squeeze: not all axes {axis} of an array of shape {tuple(x.shape)} have length 1"
        raise ValueError(msg)
    return reshape(x, tuple(size for k, size in enumerate(x.shape) if k - n not in gone))


def roll(x: Array, /, shift: Any, *, axis: Any = None) -> Array:
    """Return x with its places moved on by `shift` along `axis`, the last ones first."""
    if axis is None:
        return reshape(roll(reshape(x, -1), shift, axis=0), x.shape)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    shifts = (shift,) * len(axes) if isinstance(shift, int) else tuple(shift)
    for s, a in zip(shifts, axes, strict=True):
        x = roll_map(s, *negative_axes(a, x.ndim))(x)
    return x


def cumulative_sum(
    x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Array:
    """Return the running sums along `axis`."""
    x = x if dtype is None else astype(x, dtype)
    if axis is None and x.ndim != 1:
        msg = f"cumulative_sum: `axis` must be given for an array of {x.ndim} axes"
        raise ValueError(msg)
    (at,) = negative_axes(-1 if axis is None else axis, x.ndim)
    y = cumulative_sum_map(at)(x)
    if not include_initial:
        return y
    xp = array_namespace(y)
    n = x.ndim
    shape = tuple(1 if k - n == at else size for k, size in enumerate(x.shape))
    zero = xp.zeros(shape, dtype=x.dtype, device=x.device)
    return xp.concat([zero, y], axis=at)


def concat(arrays: Sequence[Array], /, *, axis: int | None = 0) -> Array:
    """Return the arrays one after another along `axis`."""
    if axis is None:
        return concat([array_namespace(x).reshape(x, (-1,)) for x in arrays], axis=0)
    (at,) = negative_axes(axis, arrays[0].ndim)
    dtypes = {x.dtype for x in arrays}
    if len(dtypes) > 1:
        to = array_namespace(*arrays).result_type(*dtypes)
        arrays = [array_namespace(x).astype(x, to) for x in arrays]
    return concat_map([x.shape[at] for x in arrays], at)(tuple(arrays))


def stack(arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
    """Return the arrays, one after another along a new axis."""
    shape = tuple(arrays[0].shape)
    at = axis % (len(shape) + 1)
    new = (*shape[:at], 1, *shape[at:])
    return concat([_unsqueezed(x, shape, new) for x in arrays], axis=at)


def _unsqueezed(x: Array, shape: Shape, new: Shape) -> Array:
    if tuple(x.shape) != shape:
        msg = f"stack: all arrays must have one shape, got {shape} and {tuple(x.shape)}"
        raise ValueError(msg)
    return Reshape(shape, new)(x)


def tril(x: Array, /, *, k: int = 0) -> Array:
    """Return the lower triangle of the matrices."""
    return multiply(x, _triangle(x, "tril", k))


def triu(x: Array, /, *, k: int = 0) -> Array:
    """Return the upper triangle of the matrices."""
    return multiply(x, _triangle(x, "triu", k))


def _triangle(x: Array, name: str, k: int) -> Array:
    xp = array_namespace(x)
    ones = xp.ones(x.shape[-2:], dtype=x.dtype, device=x.device)
    return getattr(xp, name)(ones, k=k)


FUNCTIONS = {
    "astype": astype,
    "sum": sum,
    "mean": mean,
    "reshape": reshape,
    "permute_dims": permute_dims,
    "matrix_transpose": matrix_transpose,
    "broadcast_to": broadcast_to,
    "broadcast_arrays": broadcast_arrays,
    "expand_dims": expand_dims,
    "moveaxis": moveaxis,
    "squeeze": squeeze,
    "roll": roll,
    "cumulative_sum": cumulative_sum,
    "concat": concat,
    "stack": stack,
    "tril": tril,
    "triu": triu,
}
