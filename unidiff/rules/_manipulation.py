"""Shapes: a linear function is its map, applied.

The value is the library's own, and so are the errors of what cannot be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import index as integer
from typing import Any

from .._backend import Array, Shape, Traced, array_namespace, kind_of
from .._signature import broadcast_shapes
from ..linear import LinearMap, identity, triangle
from ..linear import broadcast as broadcast_map
from ..linear import concat as concat_map
from ..linear import flip as flip_map
from ..linear import gather as gather_map
from ..linear import matrix_transpose as transposed
from ..linear import permute as permute_map
from ..linear import reshape as reshape_map
from ..linear import roll as roll_map
from ..linear import stack as stack_map
from ..linear._elementwise import Cast
from ..linear._index import Part
from ..linear._shape import in_order, negative_axes
from ..tape._level import highest_level, untraced
from ._record import plain, recorded, value

Axes = int | Sequence[int]


def astype(x: Array, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Array:
    """
    Return x as `dtype`; a derivative passes from real to complex and back by the real part.

    Integers and booleans do not move: as these, x is a plain array.
    """
    if x.dtype == dtype:
        y = x.copied() if copy else x
        return y if device is None else y.to_device(device)
    xp, bare = plain(x)
    placed = {} if device is None else {"device": device}
    to = xp.zeros((), dtype=dtype).dtype
    if not kind_of(xp.zeros((), dtype=to)):
        return xp.astype(bare, to, **placed)
    y = x.through(Cast(x.dtype, to))
    return y if device is None else y.to_device(device)


# -- axes -----------------------------------------------------------------------------------------


def reshape(x: Array, /, shape: Any, *, copy: bool | None = None) -> Array:
    """Return x laid out as `shape`; one entry may be −1."""
    new = (shape,) if isinstance(shape, int) else tuple(shape)
    old = tuple(x.shape)
    if -1 in new:
        new = _completed(old, new)
    if copy is None:
        return reshape_map(old, new)(x)
    y = recorded(x, reshape_map(old, new), value("reshape", x, new, copy=copy))
    return y.copied() if copy else y


def _completed(old: Shape, new: Shape) -> Shape:
    """Return the new shape with its length for −1."""
    known, total = -prod(new), prod(old)
    if known <= 0 or total % known:
        msg = f"cannot reshape an array of shape {old}, {total} numbers, to {new}"
        raise ValueError(msg)
    return tuple(total // known if n == -1 else n for n in new)


def permute_dims(x: Array, /, axes: Sequence[int] | None = None) -> Array:
    """Return x with its axes in this order."""
    order = range(x.ndim)[::-1] if axes is None else axes
    if len(order) != x.ndim:
        msg = f"permute_dims: wanted an order of {x.ndim} axes, got {tuple(order)}"
        raise ValueError(msg)
    return permute_map(order)(x)


def matrix_transpose(x: Array, /) -> Array:
    """Return x with its last two axes exchanged."""
    if x.ndim < 2:
        msg = f"matrix_transpose: wanted matrices, shape (..., m, n); got shape {tuple(x.shape)}"
        raise ValueError(msg)
    return transposed(x)


def moveaxis(x: Array, source: Axes, destination: Axes, /) -> Array:
    """Return x with some axes at other places."""
    y = value("moveaxis", x, source, destination)
    n = x.ndim
    froms, tos = (in_order(a, n) for a in (source, destination))
    moved = sorted((to + n, axis + n) for axis, to in zip(froms, tos, strict=True))
    order = [k for k in range(n) if k not in [axis for _, axis in moved]]
    for to, axis in moved:
        order.insert(to, axis)
    return recorded(x, permute_map(order), y)


def expand_dims(x: Array, /, *, axis: Axes = 0) -> Array:
    """Return x with a new axis of length 1."""
    y = value("expand_dims", x, axis=axis)
    return recorded(x, reshape_map(x.shape, y.shape), y)


def squeeze(x: Array, /, axis: Axes) -> Array:
    """Return x without axes of length 1."""
    n = x.ndim
    gone = negative_axes(axis, n)
    if any(x.shape[a] != 1 for a in gone):
        msg = f"squeeze: not all axes {axis} of an array of shape {tuple(x.shape)} have length 1"
        raise ValueError(msg)
    new = tuple(size for k, size in enumerate(x.shape) if k - n not in gone)
    return reshape_map(x.shape, new)(x)


# -- places ---------------------------------------------------------------------------------------


def flip(x: Array, /, *, axis: Axes | None = None) -> Array:
    """Return x backwards along some axes, or all."""
    y = value("flip", x, axis=axis)
    return recorded(x, flip_map(*negative_axes(axis, x.ndim)), y)


def roll(x: Array, /, shift: Axes, *, axis: Axes | None = None) -> Array:
    """Return x with its places moved on by `shift` along `axis`, the last ones first."""
    y = value("roll", x, shift, axis=axis)
    shifts = (shift,) if not isinstance(shift, list | tuple) else shift
    if axis is None:
        flat = reshape_map(x.shape, (prod(x.shape),))
        return recorded(x, flat.T @ _rolls(shifts, (-1,) * len(shifts)) @ flat, y)
    axes = in_order(axis, x.ndim)
    count = len(shifts) if len(axes) == 1 else len(axes)
    axes, shifts = (k * count if len(k) == 1 else k for k in (axes, tuple(shifts)))
    return recorded(x, _rolls(shifts, axes), y)


def _rolls(shifts: Sequence[int], axes: Sequence[int]) -> LinearMap:
    f: LinearMap = identity
    for shift, axis in zip(shifts, axes, strict=True):
        f = roll_map(integer(shift), axis) @ f
    return f


def tril(x: Array, /, *, k: int = 0) -> Array:
    """Return the lower triangle of the matrices."""
    return _triangle("tril", x, k)


def triu(x: Array, /, *, k: int = 0) -> Array:
    """Return the upper triangle of the matrices."""
    return _triangle("triu", x, k)


def _triangle(name: str, x: Array, k: int) -> Array:
    if x.ndim < 2:
        msg = f"{name}: wanted matrices, shape (..., m, n); got shape {tuple(x.shape)}"
        raise ValueError(msg)
    return triangle(integer(k), name == "triu")(x)


def diff(
    x: Array, /, *, axis: int = -1, n: int = 1, prepend: Array = None, append: Array = None
) -> Array:
    """Return the n-th differences of neighbours along `axis`."""
    if n == 0:
        return x
    (at,) = negative_axes(axis, x.ndim)
    ends = [_end(part, x, at) for part in (prepend, append)]
    parts = [part for part in (ends[0], x, ends[1]) if part is not None]
    whole = concat(parts, axis=at) if len(parts) > 1 else x
    y, size = value("diff", whole, axis=at, n=n), whole.shape[at]
    f: LinearMap = identity
    for m in range(size, max(size - n, 0), -1):
        f = (Part(1, m, m, at) - Part(0, m - 1, m, at)) @ f
    return recorded(whole, f, y)


def _end(part: Any, x: Array, at: int) -> Any:
    """Return what goes before or behind x; a number goes to every place."""
    if part is None or (hasattr(part, "shape") and part.shape):
        return part
    shape = tuple(1 if k - x.ndim == at else size for k, size in enumerate(x.shape))
    if not hasattr(part, "shape"):
        part = plain(x)[0].asarray(part)
    return array_namespace(part).broadcast_to(part, shape)


# -- numbers, over and over ------------------------------------------------------------------------


def broadcast_to(x: Array, /, shape: Any) -> Array:
    """Return x broadcast to `shape`."""
    new = (shape,) if isinstance(shape, int) else tuple(shape)
    return broadcast_map(tuple(x.shape), new)(x)


def broadcast_arrays(*arrays: Array) -> list[Array]:
    """Return the arrays, all of the shape they broadcast to."""
    arrays = tuple(_arrays(arrays))
    shape = broadcast_shapes([x.shape for x in arrays])
    return [array_namespace(x).broadcast_to(x, shape) for x in arrays]


def meshgrid(*arrays: Array, indexing: str = "xy") -> list[Array]:
    """Return arrays of coordinates: each of the vectors along its own axis of a grid."""
    xp, _ = plain(arrays[0])
    ys = xp.meshgrid(*map(untraced, arrays), indexing=indexing)
    places = list(range(len(arrays)))
    if indexing == "xy":
        places[:2] = reversed(places[:2])
    grids = []
    for x, y, place in zip(arrays, ys, places, strict=True):
        line = tuple(size if k == place else 1 for k, size in enumerate(y.shape))
        f = broadcast_map(line, tuple(y.shape)) @ reshape_map(x.shape, line)
        grids.append(recorded(x, f, y).copied() if isinstance(x, Traced) else y)
    return grids


def repeat(x: Array, repeats: Any, /, *, axis: int | None = None) -> Array:
    """Return x with each place along `axis` repeated; without one, of all numbers in a row."""
    repeats = untraced(repeats)
    xp, bare = plain(x)
    y = xp.repeat(bare, repeats, axis=axis)
    if axis is None or not x.ndim:
        return repeat(reshape(x, (-1,)), repeats, axis=0)
    (at,) = negative_axes(axis, x.ndim)
    core = tuple(x.shape[x.ndim + at :])
    if isinstance(repeats, int):
        wide = (core[0], repeats, *core[1:])
        spread = broadcast_map((core[0], 1, *core[1:]), wide)
        whole = reshape_map(wide, (core[0] * repeats, *core[1:]))
        f = whole @ spread @ reshape_map(core, (core[0], 1, *core[1:]))
        return recorded(x, f, y).copied()
    places = xp.repeat(xp.arange(core[0], device=getattr(bare, "device", None)), repeats)
    return recorded(x, gather_map(places, core[0], at), y)


def tile(x: Array, repetitions: tuple[int, ...], /) -> Array:
    """Return copies of x side by side, so many along each axis."""
    y = value("tile", x, repetitions)
    n = y.ndim
    old = (1,) * (n - x.ndim) + tuple(x.shape)
    given = (repetitions,) if isinstance(repetitions, int) else tuple(repetitions)
    times = (1,) * (n - len(given)) + tuple(map(integer, given))
    narrow = tuple(k for size in old for k in (1, size))
    wide = tuple(k for pair in zip(times, old, strict=True) for k in pair)
    f = broadcast_map(narrow, wide) @ reshape_map(x.shape, narrow)
    return recorded(x, reshape_map(wide, y.shape) @ f, y).copied()


# -- several arrays in one, one in several ---------------------------------------------------------


def concat(arrays: Sequence[Array], /, *, axis: int | None = 0) -> Array:
    """Return the arrays one after another along `axis`."""
    arrays = _promoted(_arrays(arrays))
    if axis is None:
        arrays, axis = [array_namespace(x).reshape(x, (-1,)) for x in arrays], 0
    if any(x.ndim != arrays[0].ndim or x.ndim == 0 for x in arrays):
        shapes = ", ".join(str(tuple(x.shape)) for x in arrays)
        msg = f"concat: wanted arrays of as many axes, one at least; got the shapes {shapes}"
        raise ValueError(msg)
    (at,) = negative_axes(axis, arrays[0].ndim)
    return concat_map([x.shape[at] for x in arrays], at)(tuple(arrays))


def stack(arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
    """Return the arrays, one after another along a new axis."""
    arrays = _promoted(_arrays(arrays))
    shape = tuple(arrays[0].shape)
    for x in arrays:
        if tuple(x.shape) != shape:
            msg = f"stack: all arrays must have one shape, got {shape} and {tuple(x.shape)}"
            raise ValueError(msg)
    (at,) = negative_axes(axis, len(shape) + 1)
    return stack_map((len(arrays), *shape[len(shape) + 1 + at :]))(tuple(arrays))


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """Return the parts of x along `axis`, which goes."""
    (at,) = negative_axes(axis, x.ndim)
    behind = (slice(None),) * (-1 - at)
    return tuple(x[(..., k, *behind)] for k in range(x.shape[at]))


def _arrays(xs: Sequence[Any]) -> list[Array]:
    """Return the arrays; numbers and lists among them become the library's."""
    inner = highest_level(xs)
    assert inner is not None
    return [x if hasattr(x, "shape") else inner.xp.asarray(x) for x in xs]


def _promoted(xs: list[Array]) -> list[Array]:
    """Return the arrays in one dtype."""
    dtypes = [x.dtype for x in xs]
    if all(dtype == dtypes[0] for dtype in dtypes):
        return xs
    to = plain(xs[0])[0].result_type(*dtypes)
    return [x if x.dtype == to else array_namespace(x).astype(x, to) for x in xs]


FUNCTIONS = {
    f.__name__: f
    for f in (
        astype,
        broadcast_arrays,
        broadcast_to,
        concat,
        diff,
        expand_dims,
        flip,
        matrix_transpose,
        meshgrid,
        moveaxis,
        permute_dims,
        repeat,
        reshape,
        roll,
        squeeze,
        stack,
        tile,
        tril,
        triu,
        unstack,
    )
}
