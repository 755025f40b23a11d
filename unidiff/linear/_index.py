"""Maps that take parts of an array, and put them back: each is the function itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from array_api_compat import device

from .._backend import Array, Namespace, Shape, Traced, array_namespace, backend_of
from ._blocks import column
from ._kinds import linear_map, static
from ._map import LinearMap
from ._shape import ShapeMap

Index = tuple[Any, ...]


@linear_map
class Slice(ShapeMap):
    """dx of `shape` ↦ dx[index], a basic index: integers and slices, one an axis"""

    shape: Shape = static()
    index: tuple[Any, ...] = static()
    """The slices as triples: before Python 3.12 a slice is not hashable."""
    wiring = True

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return dx[(..., *_with_slices(self.index))]

    @property
    def T(self) -> LinearMap:
        return Embed(self.shape, self.index)


@linear_map
class Embed(ShapeMap):
    """dx ↦ zeros of `shape`, but for dx at a basic index"""

    shape: Shape = static()
    index: tuple[Any, ...] = static()

    def apply(self, xp: Namespace, dx: Array) -> Array:
        index = _with_slices(self.index)
        core = [k for k in index if type(k) is slice]
        shape = tuple(dx.shape[: len(dx.shape) - len(core)]) + self.shape
        native = backend_of(dx).kernels.get("embed")
        if native is not None:
            return native(dx, shape=shape, index=(..., *index))
        out = xp.zeros(shape, dtype=dx.dtype, device=device(dx))
        out[(..., *index)] = dx
        return out

    @property
    def T(self) -> LinearMap:
        return Slice(self.shape, self.index)

    @property
    def left_inverse(self) -> LinearMap:
        return self.T


@linear_map
class Gather(ShapeMap):
    """dx ↦ dx at `index` along the last axis, of length n; repeated indices repeat"""

    index: Array
    n: int = static()
    wiring = True

    def apply(self, xp: Namespace, dx: Array) -> Array:
        if self.index.ndim == 1:
            return xp.take(dx, self.index, axis=-1)
        lead = _broadcast(dx.shape[:-1], self.index.shape[:-1])
        index = xp.broadcast_to(self.index, (*lead, self.index.shape[-1]))
        return xp.take_along_axis(xp.broadcast_to(dx, (*lead, self.n)), index, axis=-1)

    @property
    def T(self) -> LinearMap:
        return Scatter(self.index, self.n)


@linear_map
class Scatter(ShapeMap):
    """dx ↦ the array of last axis n with dx added at `index`: what was repeated adds up"""

    index: Array
    n: int = static()

    def apply(self, xp: Namespace, dx: Array) -> Array:
        native = backend_of(dx).kernels.get("scatter_add")
        if native is not None:
            return native(dx, self.index, n=self.n)
        index = xp.where(self.index < 0, self.index + self.n, self.index)
        one_hot = index[..., None] == xp.arange(self.n, dtype=index.dtype, device=device(dx))
        return (dx[..., None, :] @ xp.astype(one_hot, dx.dtype))[..., 0, :]

    @property
    def T(self) -> LinearMap:
        return Gather(self.index, self.n)


@linear_map
class Part(ShapeMap):
    """dx ↦ its places `start` to `stop` of the `size` along a negative axis"""

    start: int = static()
    stop: int = static()
    size: int = static()
    axis: int = static()
    wiring = True

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

    def apply(self, xp: Namespace, dx: Array) -> Array:
        def zeros(length: int) -> Array:
            shape = list(dx.shape)
            shape[self.axis] = length
            return xp.zeros(tuple(shape), dtype=dx.dtype, device=device(dx))

        lengths = self.start, self.size - self.stop
        return xp.concat([zeros(lengths[0]), dx, zeros(lengths[1])], axis=self.axis)

    @property
    def T(self) -> LinearMap:
        return Part(self.start, self.stop, self.size, self.axis)

    @property
    def left_inverse(self) -> LinearMap:
        return self.T


@linear_map
class Concat(ShapeMap):
    """(da, db, ...) ↦ the arrays, of lengths `sizes`, one after another along a negative axis"""

    sizes: tuple[int, ...] = static()
    axis: int = static()
    wiring = True

    def __call__(self, dxs: tuple[Array, ...]) -> Array:
        present = tuple(dx for dx in dxs if dx is not None)
        if not present:
            return None
        traced = [dx for dx in present if isinstance(dx, Traced)]
        if traced:
            inner = max(traced, key=lambda dx: dx.level.number)
            return inner.level.record_map(self, dxs)
        xp, like = array_namespace(*present), present[0]
        parts = [
            self._zeros(xp, like, size) if dx is None else dx
            for dx, size in zip(dxs, self.sizes, strict=True)
        ]
        return xp.concat(parts, axis=self.axis)

    def _zeros(self, xp: Namespace, like: Array, size: int) -> Array:
        shape = list(like.shape)
        shape[self.axis] = size
        return xp.zeros(tuple(shape), dtype=like.dtype, device=device(like))

    @property
    def T(self) -> LinearMap:
        return Split(self.sizes, self.axis)

    @property
    def inv(self) -> LinearMap:
        return self.T

    def log_volume(self, like: Array) -> Array:
        return 0.0

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        if outputs is not None:
            return LinearMap.pick(self, None, outputs)
        return self if inputs is None else self.T.pick(outputs=inputs).T

    def __repr__(self) -> str:
        return f"concat({self.sizes}, {self.axis})"


@linear_map
class Split(LinearMap):
    """dx ↦ its parts, of lengths `sizes`, one after another along a negative axis"""

    sizes: tuple[int, ...] = static()
    axis: int = static()
    wiring = True

    def part(self, k: int) -> LinearMap:
        """Return the map to the k-th part."""
        start = sum(self.sizes[:k])
        return Part(start, start + self.sizes[k], sum(self.sizes), self.axis)

    def __call__(self, dx: Array) -> tuple[Array, ...]:
        return tuple(self.part(k)(dx) for k in range(len(self.sizes)))

    @property
    def T(self) -> LinearMap:
        return Concat(self.sizes, self.axis)

    @property
    def inv(self) -> LinearMap:
        return self.T

    def log_volume(self, like: Array) -> Array:
        return 0.0

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        if inputs is not None or outputs is None:
            return LinearMap.pick(self, inputs)
        if isinstance(outputs, int):
            return self.part(outputs)
        return column(*map(self.part, outputs))

    def __repr__(self) -> str:
        return f"split({self.sizes}, {self.axis})"


def slice_(shape: Shape, index: Any) -> LinearMap:
    """Return the map of arrays of `shape` to their part at a basic index: integers, slices."""
    index = index if isinstance(index, tuple) else (index,)
    if len(index) != len(shape) or Ellipsis in index:
        index = _as_index(index, len(shape))
    triples = [(k.start, k.stop, k.step) if type(k) is slice else k for k in index]
    return Slice(tuple(shape), tuple(triples))


def embed(shape: Shape, index: Any) -> LinearMap:
    """Return the map into zeros of `shape` at a basic index: the transpose of `slice_`."""
    return slice_(shape, index).T


def gather(index: Array, n: int) -> LinearMap:
    """Return the map dx ↦ dx[..., index] along the last axis, of length n."""
    return Gather(index, n)


def scatter(index: Array, n: int) -> LinearMap:
    """Return the map that adds dx into zeros of last axis n, at `index`; repeats add up."""
    return Scatter(index, n)


def concat(sizes: Sequence[int], axis: int) -> LinearMap:
    """Return the map of a tuple of arrays, of lengths `sizes` along a negative axis, to one."""
    return Concat(tuple(sizes), axis)


def _as_index(index: Index, ndim: int) -> Index:
    """Return the index with one entry an axis."""
    if Ellipsis in index:
        at = index.index(Ellipsis)
        fill = (slice(None),) * (ndim - len(index) + 1)
        return index[:at] + fill + index[at + 1 :]
    return index + (slice(None),) * (ndim - len(index))


def _with_slices(index: Index) -> Index:
    return tuple([slice(*k) if type(k) is tuple else k for k in index])


def _broadcast(a: Shape, b: Shape) -> Shape:
    n = max(len(a), len(b))
    pairs = zip((1,) * (n - len(a)) + tuple(a), (1,) * (n - len(b)) + tuple(b), strict=True)
    return tuple(p if q == 1 else q for p, q in pairs)
