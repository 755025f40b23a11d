"""Maps that take parts of an array, and put them back: each is the function itself."""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace, Shape, Traced, backend_of, device_of, plain_namespace
from ._kinds import linear_map, static
from ._map import LinearMap
from ._shape import ShapeMap, negative

Index = tuple[Any, ...]
EVERY = (None, None, None)


@linear_map
class Slice(ShapeMap):
    """dx of `shape` ↦ dx[index], a basic index: integers and slices, one an axis"""

    shape: Shape = static()
    index: tuple[Any, ...] = static()
    """The slices as triples: before Python 3.12 a slice is not hashable."""
    wiring = True
    views = "writable"

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return dx[(..., *_with_slices(self.index))]

    def pull(self, w: Array) -> Array:
        if isinstance(w, Traced):
            return w.through(Embed(self.shape, self.index))
        return placed(plain_namespace(w), w, self.shape, self.index)

    @property
    def T(self) -> LinearMap:
        return Embed(self.shape, self.index)


@linear_map
class Embed(ShapeMap):
    """dx ↦ zeros of `shape`, but for dx at a basic index"""

    shape: Shape = static()
    index: tuple[Any, ...] = static()
    wiring = True

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return placed(xp, dx, self.shape, self.index)

    @property
    def T(self) -> LinearMap:
        return Slice(self.shape, self.index)

    @property
    def left_inverse(self) -> LinearMap:
        return self.T


def placed(xp: Namespace, dx: Array, shape: Shape, triples: Index) -> Array:
    """Return zeros of `shape`, but for dx at the index."""
    index = (..., *_with_slices(triples))
    leading = len(dx.shape) - len([k for k in triples if type(k) is tuple])
    if leading:
        shape = tuple(dx.shape[:leading]) + shape
    native = backend_of(dx).kernels.get("embed")
    if native is not None:
        return native(dx, shape=shape, index=index)
    out = xp.zeros(shape, dtype=dx.dtype, device=device_of(dx))
    out[index] = dx
    return out


@linear_map
class Gather(ShapeMap):
    """
    dx ↦ dx at `index` along an axis of length n; repeated indices repeat

    The indices of several vectors, each its own, go with the last axis only.
    """

    index: Array
    n: int = static()
    axis: int = static(default=-1)
    wiring = True

    def apply(self, xp: Namespace, dx: Array) -> Array:
        if self.index.ndim == 1:
            return xp.take(dx, self.index, axis=self.axis)
        lead = _broadcast(dx.shape[:-1], self.index.shape[:-1])
        index = xp.broadcast_to(self.index, (*lead, self.index.shape[-1]))
        return xp.take_along_axis(xp.broadcast_to(dx, (*lead, self.n)), index, axis=-1)

    @property
    def T(self) -> LinearMap:
        return Scatter(self.index, self.n, self.axis)


@linear_map
class Scatter(ShapeMap):
    """dx ↦ the array of length n along an axis with dx added at `index`: repeats add up"""

    index: Array
    n: int = static()
    axis: int = static(default=-1)

    def apply(self, xp: Namespace, dx: Array) -> Array:
        if self.axis == -1:
            return self._added(xp, dx)
        n = len(dx.shape)
        at = n + self.axis
        last = xp.permute_dims(dx, (*range(at), *range(at + 1, n), at))
        back = (*range(at), n - 1, *range(at, n - 1))
        return xp.permute_dims(self._added(xp, last), back)

    def _added(self, xp: Namespace, dx: Array) -> Array:
        native = backend_of(dx).kernels.get("scatter_add")
        if native is not None:
            return native(dx, self.index, n=self.n)
        index = xp.where(self.index < 0, self.index + self.n, self.index)
        one_hot = index[..., None] == xp.arange(self.n, dtype=index.dtype, device=device_of(dx))
        return (dx[..., None, :] @ xp.astype(one_hot, dx.dtype))[..., 0, :]

    @property
    def T(self) -> LinearMap:
        return Gather(self.index, self.n, self.axis)


@linear_map
class Part(ShapeMap):
    """dx ↦ its places `start` to `stop` of the `size` along a negative axis"""

    start: int = static()
    stop: int = static()
    size: int = static()
    axis: int = static()
    wiring = True
    views = "writable"

    def apply(self, xp: Namespace, dx: Array) -> Array:
        behind = (slice(None),) * (-1 - self.axis)
        return dx[(..., slice(self.start, self.stop), *behind)]

    @property
    def T(self) -> LinearMap:
        return Pad(self.start, self.stop, self.size, self.axis)


@linear_map
class Pad(ShapeMap):
    """dx ↦ zeros of `size` along a negative axis, but for dx at the places `start` to `stop`"""

    start: int = static()
    stop: int = static()
    size: int = static()
    axis: int = static()
    wiring = True

    def apply(self, xp: Namespace, dx: Array) -> Array:
        def zeros(length: int) -> Array:
            shape = list(dx.shape)
            shape[self.axis] = length
            return xp.zeros(tuple(shape), dtype=dx.dtype, device=device_of(dx))

        lengths = self.start, self.size - self.stop
        return xp.concat([zeros(lengths[0]), dx, zeros(lengths[1])], axis=self.axis)

    @property
    def T(self) -> LinearMap:
        return Part(self.start, self.stop, self.size, self.axis)

    @property
    def left_inverse(self) -> LinearMap:
        return self.T


def slice_(shape: Shape, index: Any) -> LinearMap:
    """Return the map of arrays of `shape` to their part at a basic index: integers, slices."""
    parts = index if isinstance(index, tuple) else (index,)
    triples = [(k.start, k.stop, k.step) if type(k) is slice else k for k in parts]
    missing = len(shape) - len(triples)
    if Ellipsis in triples:
        at = triples.index(Ellipsis)
        triples[at : at + 1] = [EVERY] * (missing + 1)
    elif missing > 0:
        triples += [EVERY] * missing
    return Slice(tuple(shape), tuple(triples))


def embed(shape: Shape, index: Any) -> LinearMap:
    """Return the map into zeros of `shape` at a basic index: the transpose of `slice_`."""
    return slice_(shape, index).T


def gather(index: Array, n: int, axis: int = -1) -> LinearMap:
    """Return the map dx ↦ dx at `index` along a negative axis, of length n."""
    return Gather(index, n, negative(axis))


def scatter(index: Array, n: int, axis: int = -1) -> LinearMap:
    """Return the map that adds dx into zeros of length n along a negative axis, at `index`."""
    return Scatter(index, n, negative(axis))


def _with_slices(index: Index) -> Index:
    return tuple([slice(*k) if type(k) is tuple else k for k in index])


def _broadcast(a: Shape, b: Shape) -> Shape:
    n = max(len(a), len(b))
    pairs = zip((1,) * (n - len(a)) + tuple(a), (1,) * (n - len(b)) + tuple(b), strict=True)
    return tuple(p if q == 1 else q for p, q in pairs)
