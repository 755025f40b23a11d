"""Indexing: slices, integers and integer arrays, and `x[i] = v` as a new array."""

from __future__ import annotations

from math import prod
from typing import Any

from .._backend import Array, Shape, array_namespace, backend_of, kind_of
from ..linear import gather, permute, slice_
from ..linear._shape import negative_axes
from ..tape._level import untraced
from ._elementwise import where
from ._manipulation import reshape

BASIC = frozenset((int, slice, type(Ellipsis)))


def getitem(x: Array, index: Any) -> Array:
    """Return x[index]."""
    index = index if type(index) is tuple else (index,)
    for k in index:
        if type(k) not in BASIC:
            return _by_any_index(x, index)
    return x.through(slice_(x.shape, index), x.value[index])


def _by_any_index(x: Array, index: tuple[Any, ...]) -> Array:
    index = tuple(untraced(k) for k in index)
    basic = tuple(k for k in index if k is not None)
    if all(_is_basic(k) for k in basic):
        if len(basic) == len(index):
            return slice_(tuple(x.shape), _ints(basic))(x)
        shape = untraced(x)[index].shape
        return reshape(slice_(tuple(x.shape), _ints(basic))(x), shape)
    return _by_positions(x, index)


def _is_basic(k: Any) -> bool:
    return k is Ellipsis or (isinstance(k, int | slice) and not isinstance(k, bool))


def _ints(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the index of plain integers: `operator.index` of each, a slice's bounds too."""
    return tuple(int(k) if isinstance(k, int) else k for k in index)


def _by_positions(x: Array, index: tuple[Any, ...]) -> Array:
    """Take numbers by their positions in C-order: any index whatever."""
    plain = untraced(x)
    xp, size = backend_of(plain).plain, prod(x.shape)
    places = xp.reshape(xp.arange(size, device=getattr(plain, "device", None)), x.shape)[index]
    taken = gather(xp.reshape(places, (-1,)), size)(reshape(x, (size,)))
    return reshape(taken, tuple(places.shape))


def take(x: Array, indices: Array, /, *, axis: int | None = None) -> Array:
    """Return the places `indices` along `axis`."""
    if axis is None and x.ndim != 1:
        msg = f"take: `axis` must be given for an array of {x.ndim} axes"
        raise ValueError(msg)
    n, indices = x.ndim, untraced(indices)
    (at,) = negative_axes(-1 if axis is None else axis, n)
    if indices.ndim != 1:
        return getitem(x, (slice(None),) * (n + at) + (indices, Ellipsis))
    indices = _kept(indices)
    if at == -1:
        return gather(indices, x.shape[-1])(x)
    order = (*range(n + at), *range(n + at + 1, n), n + at)
    taken = gather(indices, x.shape[at])(permute(order)(x))
    return permute(order).T(taken)


def _kept(indices: Array) -> Array:
    """Return a copy of the indices, which the caller may change before the map is used."""
    return backend_of(indices).plain.asarray(indices, copy=True)


def take_along_axis(x: Array, indices: Array, /, *, axis: int = -1) -> Array:
    """Return the places `indices` along `axis`, of each vector its own."""
    n = x.ndim
    indices = _kept(untraced(indices))
    xp = array_namespace(indices)
    if axis % n == n - 1:
        return gather(indices, x.shape[-1])(x)
    order = (*(k for k in range(n) if k != axis % n), axis % n)
    back = tuple(order.index(k) for k in range(n))
    moved = array_namespace(x).permute_dims(x, order)
    taken = gather(xp.permute_dims(indices, order), x.shape[axis])(moved)
    return array_namespace(taken).permute_dims(taken, back)


def at_set(x: Array, index: Any, value: Any) -> Array:
    """Return x with `value` at a basic index, as a new array."""
    index = index if isinstance(index, tuple) else (index,)
    if not all(_is_basic(k) for k in index):
        msg = f"x[index] = v of a traced array takes integers and slices, got {index}"
        raise TypeError(msg)
    plain = untraced(x)
    xp = backend_of(plain).plain
    hole = slice_(tuple(x.shape), _ints(index))
    filled = hole.T(hole(xp.ones_like(plain))) != 0
    shape: Shape = tuple(hole(plain).shape)
    if not hasattr(value, "shape"):
        value = xp.asarray(value, dtype=x.dtype, device=backend_of(plain).device_of(plain))
    if kind_of(value) == "complex" and kind_of(x) != "complex":
        msg = f"x[index] = v: v is complex, {value.dtype}, and x is not, {x.dtype}"
        raise TypeError(msg)
    if value.dtype != x.dtype:
        value = array_namespace(value).astype(value, x.dtype)
    value = array_namespace(value).broadcast_to(value, shape)
    return where(filled, hole.T(value), x)


FUNCTIONS = {
    "getitem": getitem,
    "take": take,
    "take_along_axis": take_along_axis,
    "at_set": at_set,
}
