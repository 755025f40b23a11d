"""Maps that make one array of several, and back: joined, piled up, one in place of another's part.

Each is a map of a tuple, in which None stands for zero, and records itself as one node.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._backend import Array, Namespace, Shape, Traced, array_namespace, device_of
from ._blocks import column, row
from ._elementwise import mask
from ._index import EVERY, Part, Slice
from ._kinds import linear_map, static
from ._map import LinearMap


class Join(LinearMap):
    """A map of a tuple of arrays to one. A kind says `apply`; `__call__` minds the tracers."""

    __slots__ = ()
    wiring = True

    def __call__(self, dxs: tuple[Array, ...]) -> Array:
        present = tuple(dx for dx in dxs if dx is not None)
        if not present:
            return None
        traced = [dx for dx in present if isinstance(dx, Traced)]
        if traced:
            inner = max(traced, key=lambda dx: dx.level.number)
            return inner.level.record_map(self, dxs)
        return self.apply(array_namespace(*present), present[0], dxs)

    def apply(self, xp: Namespace, like: Array, dxs: tuple[Array, ...]) -> Array:
        """Return the map of arrays without tracers, of which `like` is one that is not None."""
        raise NotImplementedError

    @property
    def c_linear(self) -> bool:
        return True


class Joined(Join):
    """A join of which every number is one of the arguments', in one place."""

    __slots__ = ()

    @property
    def inv(self) -> LinearMap:
        return self.T

    def log_volume(self, like: Array) -> Array:
        return 0.0

    def part(self, k: int) -> LinearMap:
        """Return the map from the result to the k-th argument."""
        raise NotImplementedError

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        if outputs is not None:
            return LinearMap.pick(self, None, outputs)
        if inputs is None:
            return self
        if isinstance(inputs, int):
            return self.part(inputs).T
        return row(*(self.part(k).T for k in inputs))


class Parting(LinearMap):
    """The transpose of a join: a map of one array to its parts."""

    __slots__ = ()
    wiring = True

    def count(self) -> int:
        """Return how many parts there are."""
        raise NotImplementedError

    def part(self, k: int) -> LinearMap:
        """Return the map to the k-th part."""
        raise NotImplementedError

    def __call__(self, dx: Array) -> tuple[Array, ...]:
        return tuple(self.part(k)(dx) for k in range(self.count()))

    @property
    def c_linear(self) -> bool:
        return True

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


@linear_map
class Concat(Joined):
    """(da, db, ...) ↦ the arrays, of lengths `sizes`, one after another along a negative axis"""

    sizes: tuple[int, ...] = static()
    axis: int = static()

    def apply(self, xp: Namespace, like: Array, dxs: tuple[Array, ...]) -> Array:
        pairs = zip(dxs, self.sizes, strict=True)
        parts = [self._zeros(xp, like, size) if dx is None else dx for dx, size in pairs]
        return xp.concat(parts, axis=self.axis)

    def _zeros(self, xp: Namespace, like: Array, size: int) -> Array:
        shape = list(like.shape)
        shape[self.axis] = size
        return xp.zeros(tuple(shape), dtype=like.dtype, device=device_of(like))

    def part(self, k: int) -> LinearMap:
        start = sum(self.sizes[:k])
        return Part(start, start + self.sizes[k], sum(self.sizes), self.axis)

    @property
    def T(self) -> LinearMap:
        return Split(self.sizes, self.axis)

    def __repr__(self) -> str:
        return f"concat({self.sizes}, {self.axis})"


@linear_map
class Split(Parting):
    """dx ↦ its parts, of lengths `sizes`, one after another along a negative axis"""

    sizes: tuple[int, ...] = static()
    axis: int = static()

    def count(self) -> int:
        return len(self.sizes)

    def part(self, k: int) -> LinearMap:
        return Concat(self.sizes, self.axis).part(k)

    @property
    def T(self) -> LinearMap:
        return Concat(self.sizes, self.axis)

    def __repr__(self) -> str:
        return f"split({self.sizes}, {self.axis})"


@linear_map
class Stack(Joined):
    """(da, db, ...) ↦ the arrays, along a new axis: the first of the trailing axes `shape`"""

    shape: Shape = static()

    def apply(self, xp: Namespace, like: Array, dxs: tuple[Array, ...]) -> Array:
        parts = [xp.zeros_like(like) if dx is None else dx for dx in dxs]
        return xp.stack(parts, axis=-len(self.shape))

    def part(self, k: int) -> LinearMap:
        return Slice(self.shape, (k, *(EVERY,) * (len(self.shape) - 1)))

    @property
    def T(self) -> LinearMap:
        return Unstack(self.shape)

    def __repr__(self) -> str:
        return f"stack({self.shape})"


@linear_map
class Unstack(Parting):
    """dx ↦ its parts along the first of its trailing axes `shape`, which goes"""

    shape: Shape = static()

    def count(self) -> int:
        return self.shape[0]

    def part(self, k: int) -> LinearMap:
        return Stack(self.shape).part(k)

    @property
    def T(self) -> LinearMap:
        return Stack(self.shape)

    def __repr__(self) -> str:
        return f"unstack({self.shape})"


@linear_map
class Replace(Join):
    """(dx, dv) ↦ dx where `kept`, elsewhere what `place` makes of dv"""

    kept: Array
    place: LinearMap

    def apply(self, xp: Namespace, like: Array, dxs: tuple[Array, ...]) -> Array:
        dx, dv = dxs
        if dx is None:
            return self.place(dv)
        return mask(self.kept)(dx) if dv is None else xp.where(self.kept, dx, self.place(dv))

    @property
    def T(self) -> LinearMap:
        return column(mask(self.kept), self.place.T)

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        if inputs is None and outputs is None:
            return self
        return row(mask(self.kept), self.place).pick(inputs, outputs)

    def __repr__(self) -> str:
        return f"replace({self.place})"


def concat(sizes: Sequence[int], axis: int) -> LinearMap:
    """Return the map of a tuple of arrays, of lengths `sizes` along a negative axis, to one."""
    return Concat(tuple(sizes), axis)


def stack(shape: Shape) -> LinearMap:
    """Return the map of a tuple of arrays to one; the first of the axes `shape` is the new one."""
    return Stack(tuple(shape))
