"""Maps that lay numbers out anew, add them up or spread them: each is the function itself.

None has a traced leaf, so a tracer records each as one node, which is its own derivative. Axes are
counted from the end, so that leading axes pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import index as integer

from .._backend import Array, Namespace, Shape, Traced, device_of, plain_namespace
from ._kinds import linear_map, static
from ._map import LinearMap, identity


class ShapeMap(LinearMap):
    """A map made of static parameters. A kind says `apply`; `__call__` minds the tracers."""

    __slots__ = ()

    def __call__(self, dx: Array) -> Array:
        if isinstance(dx, Traced):
            return dx.through(self)
        return self.apply(plain_namespace(dx), dx)

    def apply(self, xp: Namespace, dx: Array) -> Array:
        """Return the map of an array without tracers."""
        raise NotImplementedError

    @property
    def c_linear(self) -> bool:
        return True

    def __repr__(self) -> str:
        static = ", ".join(repr(getattr(self, name)) for name in self.static_fields)
        shown = super().__repr__()
        if not static:
            return shown
        return f"{shown[:-1]}, {static})" if self.array_fields else f"{shown}({static})"


class Rearrangement(ShapeMap):
    """A bijection that moves every number to another place."""

    __slots__ = ()
    wiring = True

    @property
    def inv(self) -> LinearMap:
        return self.T

    def log_volume(self, like: Array) -> Array:
        return 0.0


def leading(dx: Array, core: Shape) -> Shape:
    """Return the leading axes of an array whose last axes are `core`."""
    return tuple(dx.shape[: len(dx.shape) - len(core)])


@linear_map
class Reshape(Rearrangement):
    """dx ↦ dx with its trailing axes `old` laid out as `new`"""

    old: Shape = static()
    new: Shape = static()
    views = "writable"

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return xp.reshape(dx, leading(dx, self.old) + self.new)

    @property
    def T(self) -> LinearMap:
        return Reshape(self.new, self.old)


@linear_map
class Permute(Rearrangement):
    """dx ↦ dx with its trailing axes in the order `axes`, negative numbers"""

    axes: tuple[int, ...] = static()
    views = "writable"

    def apply(self, xp: Namespace, dx: Array) -> Array:
        n = len(dx.shape)
        order = [axis + n for axis in self.axes]
        return xp.permute_dims(dx, (*range(n - len(order)), *order))

    @property
    def T(self) -> LinearMap:
        n = len(self.axes)
        return Permute(tuple(sorted(range(-n, 0), key=lambda k: self.axes[k])))


@linear_map
class SumOver(ShapeMap):
    """dx ↦ Σ dx over `axes`, which go"""

    shape: Shape = static()
    axes: tuple[int, ...] = static()

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return xp.sum(dx, axis=self.axes, dtype=dx.dtype)

    @property
    def T(self) -> LinearMap:
        return Spread(self.shape, self.axes)


@linear_map
class Spread(ShapeMap):
    """dx ↦ dx repeated along the axes `axes` of `shape`, which it lacks"""

    shape: Shape = static()
    axes: tuple[int, ...] = static()
    wiring = True
    views = "read-only"

    def apply(self, xp: Namespace, dx: Array) -> Array:
        n = len(self.axes)
        first = not n or self.axes[-1] + len(self.shape) == n - 1
        if first and len(dx.shape) + n == len(self.shape):
            return xp.broadcast_to(dx, self.shape)
        kept = list(self.shape)
        for axis in self.axes:
            kept[axis] = 1
        batch = tuple(dx.shape[: len(dx.shape) + len(self.axes) - len(kept)])
        return xp.broadcast_to(xp.reshape(dx, (*batch, *kept)), batch + self.shape)

    @property
    def T(self) -> LinearMap:
        return SumOver(self.shape, self.axes)


@linear_map
class Trace(ShapeMap):
    """dx ↦ Σ dx_ii, of n by n matrices"""

    n: int = static()

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return xp.linalg.trace(dx, dtype=dx.dtype)

    @property
    def T(self) -> LinearMap:
        return TimesIdentity(self.n)


@linear_map
class TimesIdentity(ShapeMap):
    """dx ↦ dx times the n by n identity matrix, of numbers"""

    n: int = static()

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return dx[..., None, None] * xp.eye(self.n, dtype=dx.dtype, device=device_of(dx))

    @property
    def T(self) -> LinearMap:
        return Trace(self.n)


@linear_map
class Roll(Rearrangement):
    """dx ↦ dx with its last places first, along an axis"""

    shift: int = static()
    axis: int = static()

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return xp.roll(dx, self.shift, axis=self.axis)

    @property
    def T(self) -> LinearMap:
        return Roll(-self.shift, self.axis)


@linear_map
class Flip(Rearrangement):
    """dx ↦ dx backwards along the axes `axes`"""

    axes: tuple[int, ...] = static()
    views = "writable"

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return xp.flip(dx, axis=self.axes)

    @property
    def T(self) -> LinearMap:
        return self


@linear_map
class Triangle(ShapeMap):
    """dx ↦ the triangle of the matrices dx below the k-th diagonal, or `upper`, above it"""

    k: int = static()
    upper: bool = static()
    wiring = True

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return xp.triu(dx, k=self.k) if self.upper else xp.tril(dx, k=self.k)

    @property
    def T(self) -> LinearMap:
        return self


@linear_map
class CumulativeSum(ShapeMap):
    """dx ↦ its running sums along an axis, from the start or, `backward`, from the end"""

    axis: int = static()
    backward: bool = static(default=False)

    def apply(self, xp: Namespace, dx: Array) -> Array:
        if not self.backward:
            return xp.cumulative_sum(dx, axis=self.axis, dtype=dx.dtype)
        flipped = xp.flip(dx, axis=self.axis)
        return xp.flip(xp.cumulative_sum(flipped, axis=self.axis, dtype=dx.dtype), axis=self.axis)

    @property
    def T(self) -> LinearMap:
        return CumulativeSum(self.axis, not self.backward)

    @property
    def inv(self) -> LinearMap:
        return Difference(self.axis, self.backward)

    def log_volume(self, like: Array) -> Array:
        return 0.0


@linear_map
class Difference(ShapeMap):
    """The inverse of CumulativeSum: each number less its neighbour, the first one kept"""

    axis: int = static()
    backward: bool = static(default=False)

    def apply(self, xp: Namespace, dx: Array) -> Array:
        def part(start: int | None, stop: int | None) -> Array:
            return dx[(..., slice(start, stop), *(slice(None),) * (-1 - self.axis))]

        if self.backward:
            parts = [part(None, -1) - part(1, None), part(-1, None)]
        else:
            parts = [part(None, 1), part(1, None) - part(None, -1)]
        return xp.concat(parts, axis=self.axis)

    @property
    def T(self) -> LinearMap:
        return Difference(self.axis, not self.backward)

    @property
    def inv(self) -> LinearMap:
        return CumulativeSum(self.axis, self.backward)

    def log_volume(self, like: Array) -> Array:
        return 0.0


# -- the functions that make them -----------------------------------------------------------------


def in_order(axis: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    """Return the axes counted from the end, in the order given."""
    if isinstance(axis, int):
        axes: tuple[int, ...] = (axis,)
    else:
        axes = (integer(axis),) if hasattr(axis, "__index__") else tuple(map(integer, axis))
    for a in axes:
        if not -ndim <= a < ndim:
            msg = f"axis {a} is out of bounds for an array of {ndim} axes"
            raise ValueError(msg)
    return tuple([a if a < 0 else a - ndim for a in axes])


def negative_axes(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Return the axes counted from the end, ascending; None is all of them."""
    if axis is None:
        return tuple(range(-ndim, 0))
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis if axis < 0 else axis - ndim,)
    axes = in_order(axis, ndim)
    found = tuple(sorted(set(axes)))
    if len(found) != len(axes):
        msg = f"repeated axis in {axis}"
        raise ValueError(msg)
    return found


def reshape(old: Shape, new: Shape) -> LinearMap:
    """Return the map that lays trailing axes `old` out as `new`, in C-order."""
    old, new = tuple(old), tuple(new)
    if prod(old) != prod(new):
        msg = f"cannot reshape {old}, {prod(old)} numbers, to {new}, {prod(new)} numbers"
        raise ValueError(msg)
    return identity if old == new else Reshape(old, new)


def permute(axes: Sequence[int]) -> LinearMap:
    """Return the map that takes the trailing axes in this order; `axes` permutes 0, 1, ..., n-1."""
    n = len(axes)
    found = tuple([a if a < 0 else a - n for a in axes])
    if sorted(found) != list(range(-n, 0)):
        msg = f"wanted a permutation of the axes 0 to {n - 1}, got {tuple(axes)}"
        raise ValueError(msg)
    return Permute(found)


def sum_over(shape: Shape, axis: int | Sequence[int] | None = None) -> LinearMap:
    """Return the map of arrays of `shape` to their sums over `axis`, which goes."""
    return SumOver(tuple(shape), negative_axes(axis, len(shape)))


def spread(shape: Shape, axis: int | Sequence[int] | None = None) -> LinearMap:
    """Return the map that repeats along `axis` of `shape`, which its argument lacks."""
    return Spread(tuple(shape), negative_axes(axis, len(shape)))


def broadcast(domain: Shape, codomain: Shape) -> LinearMap:
    """Return the map that broadcasts; its transpose sums. The one place where this is done."""
    if domain == codomain:
        return identity
    n, missing = len(codomain), len(codomain) - len(domain)
    axes = tuple(
        k - n
        for k, size in enumerate(codomain)
        if k < missing or (domain[k - missing] == 1 and size != 1)
    )
    kept = tuple(size for k, size in enumerate(codomain) if k - n not in axes)
    fits = kept == tuple(s for k, s in enumerate(domain, missing) if k - n not in axes)
    if missing < 0 or not fits:
        msg = f"cannot broadcast {domain} to {codomain}"
        raise ValueError(msg)
    return Spread(codomain, axes) @ reshape(domain, kept)


def trace(n: int) -> LinearMap:
    """Return the map of n by n matrices to their traces; its transpose multiplies the identity."""
    return Trace(n)


def roll(shift: int, axis: int) -> LinearMap:
    """Return the map that moves numbers `shift` places on, and round, along a negative axis."""
    return Roll(shift, negative(axis))


def flip(*axes: int) -> LinearMap:
    """Return the map that takes the places along negative axes backwards."""
    return Flip(tuple(map(negative, axes)))


def triangle(k: int = 0, upper: bool = False) -> LinearMap:
    """Return the map of matrices to their triangle below, or above, the k-th diagonal."""
    return Triangle(k, upper)


def cumulative_sum(axis: int) -> LinearMap:
    """Return the map to the running sums along a negative axis."""
    return CumulativeSum(negative(axis))


def negative(axis: int) -> int:
    """Return the axis, which must be counted from the end."""
    if axis >= 0:
        msg = f"a map lets leading axes pass: count its axis from the end, got {axis}"
        raise ValueError(msg)
    return axis


matrix_transpose = Permute((-1, -2))
