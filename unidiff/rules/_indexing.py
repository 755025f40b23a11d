"""Indexing: slices, integers, arrays of them and masks; and `x[i] = v` as a new array."""

from __future__ import annotations

from math import prod
from typing import Any

from .._backend import Array, Namespace, Traced, array_namespace, backend_of, kind_of
from .._signature import broadcast_shapes
from ..linear import LinearMap, broadcast, gather, permute, reshape, slice_
from ..linear._index import Pad
from ..linear._joins import Replace
from ..linear._shape import negative_axes
from ..tape._level import untraced
from ._creation import asarray, first_traced
from ._index_map import WHOLE, Index, constant, index_map
from ._record import plain, recorded

BASIC = frozenset((int, slice, type(Ellipsis)))


def getitem(x: Array, index: Any) -> Array:
    """Return x[index]."""
    index = index if type(index) is tuple else (index,)
    for k in index:
        if type(k) not in BASIC:
            return _by_any_index(x, index)
    return x.through(slice_(x.shape, index), x.value[index])


def _by_any_index(x: Array, index: Index) -> Array:
    index = constant(index)
    xp, bare = plain(x)
    y = bare[index]
    parts = tuple([k for k in index if k is not None])
    if all(type(k) in BASIC for k in parts):
        new_axes = reshape(bare[parts].shape, y.shape)
        moves = any(k is not Ellipsis and k != WHOLE for k in parts)
        return recorded(x, new_axes @ slice_(x.shape, parts) if moves else new_axes, y)
    return recorded(x, index_map(xp, tuple(x.shape), index, tuple(y.shape)), y)


def take(x: Array, indices: Any, /, *, axis: int | None = None) -> Array:
    """Return the places `indices` along `axis`."""
    (indices,) = constant((indices,))
    xp, bare = plain(x)
    y = xp.take(bare, indices, axis=axis)
    if not x.ndim or (axis is None and x.ndim != 1):
        return take(reshape(tuple(x.shape), (prod(x.shape),))(x), indices, axis=0)
    (at,) = negative_axes(0 if axis is None else axis, x.ndim)
    index = (*(slice(None),) * (x.ndim + at), indices)
    return recorded(x, index_map(xp, tuple(x.shape), index, tuple(y.shape)), y)


def take_along_axis(x: Array, indices: Array, /, *, axis: int = -1) -> Array:
    """Return the places `indices` along `axis`, of each vector its own."""
    (indices,) = constant((indices,))
    xp, bare = plain(x)
    y = xp.take_along_axis(bare, indices, axis=axis)
    return along(x, xp.asarray(indices, copy=True), axis, y)


def along(x: Array, indices: Array, axis: int, y: Array) -> Array:
    """Return y, which is x at the places `indices` along `axis`, of each vector its own."""
    xp, n = plain(x)[0], x.ndim
    (at,) = negative_axes(axis, n)
    order = (*(k for k in range(n) if k != n + at), n + at)
    shape, places = tuple(x.shape[k] for k in order), xp.permute_dims(indices, order)
    lead = broadcast_shapes([shape[:-1], places.shape[:-1]])
    f = gather(places, shape[-1]) @ broadcast(shape, (*lead, shape[-1]))
    if at != -1:
        f = permute(order).T @ f @ permute(order)
    return recorded(x, f, y)


# -- x[index] = v ---------------------------------------------------------------------------------


def at_set(x: Array, index: Any, value: Any, /) -> Array:
    """
    Return x with `value` at an index, as a new array.

    Where an index repeats, the last value stays, and the derivative is of that one alone.
    """
    index = constant(index if type(index) is tuple else (index,))
    value = _as_part(x, value)
    xp, bare = plain(x)
    find = _at_slices if all(type(k) in BASIC for k in index) else _at_places
    return Replace(*find(xp, bare, index, untraced(value)))((x, value))


def _as_part(x: Array, value: Any) -> Array:
    """Return the value in the dtype of x."""
    if not hasattr(value, "dtype"):
        xp, bare = plain(x)
        place = {"dtype": x.dtype, "device": getattr(bare, "device", None)}
        value = xp.asarray(value, **place) if first_traced(value) is None else asarray(value)
    if isinstance(value, Traced) and not kind_of(x):
        msg = f"x[index] = v: v is traced, {value!r}, and x is {x.dtype}, which does not move"
        raise TypeError(msg)
    if kind_of(value) == "complex" and kind_of(x) != "complex":
        msg = f"x[index] = v: v is complex, {value.dtype}, and x is not, {x.dtype}"
        raise TypeError(msg)
    return value if value.dtype == x.dtype else array_namespace(value).astype(value, x.dtype)


Found = tuple[Array, LinearMap]
"""Which numbers of x stay, and the map that places the value among zeros."""


def _at_slices(xp: Namespace, x: Array, index: Index, value: Array) -> Found:
    part, y = slice_(tuple(x.shape), index), x[index]
    hole = xp.ones(y.shape, dtype=xp.bool, device=getattr(x, "device", None))
    extra = max(value.ndim - y.ndim, 0)  # axes of length 1 before those of the hole, for NumPy
    shape = tuple(value.shape)[extra:]
    spread = broadcast(shape, tuple(y.shape)) @ reshape(value.shape, shape)
    return ~part.T(hole), part.T @ spread


def _at_places(xp: Namespace, x: Array, index: Index, value: Array) -> Found:
    """Let the library assign the numbers of the values, and see which came where."""
    count = prod(value.shape)
    numbers = xp.reshape(xp.arange(count, device=getattr(x, "device", None)), value.shape)
    found = xp.full_like(x, count, dtype=numbers.dtype)
    assign = backend_of(x).kernels.get("assign")
    if assign is None:
        given = xp.empty_like(value, dtype=numbers.dtype)  # in its order in memory, for NumPy
        given[...] = numbers
        found[index if len(index) != 1 else index[0]] = given
    else:
        found = assign(found, numbers, index=index)
    take = gather(xp.reshape(found, (-1,)), count + 1) @ Pad(0, count, count + 1, -1)
    laid_out = reshape((prod(x.shape),), x.shape) @ take @ reshape(value.shape, (count,))
    return found == count, laid_out


FUNCTIONS = {f.__name__: f for f in (at_set, getitem, take, take_along_axis)}
