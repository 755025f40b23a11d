"""Linear recurrences: what running products move by, without a division."""

from __future__ import annotations

from .._backend import Array, Namespace, array_namespace
from .._primitive import primitive
from .._signature import broadcast_shapes
from ..linear import LinearMap, diag, flip, identity, linear_map, row, static


@primitive("(n),(n)->(n)")
def recurrence(xp: Namespace, a: Array, b: Array) -> Array:
    """yₖ = aₖ yₖ₋₁ + bₖ, from y₋₁ = 0: in each step a window of steps is joined to that before"""
    b, width = xp.broadcast_to(b, broadcast_shapes([a.shape, b.shape])), 1
    while width < b.shape[-1]:
        later = b[..., width:] + a[..., width:] * b[..., :-width]
        b = xp.concat([b[..., :width], later], axis=-1)
        a = xp.concat([a[..., :width], a[..., width:] * a[..., :-width]], axis=-1)
        width *= 2
    return xp.asarray(b, copy=True) if width == 1 else b


@recurrence.derivative
def _(xp: Namespace, y: Array, a: Array, b: Array) -> LinearMap:
    """dyₖ = aₖ dyₖ₋₁ + yₖ₋₁ daₖ + dbₖ"""
    return Recurrence(a) @ row(diag(delayed(xp, y, 0.0)), identity)


@linear_map
class Recurrence(LinearMap):
    """dx ↦ y of yₖ = aₖ yₖ₋₁ + dxₖ; `backward`, of yₖ = aₖ₊₁ yₖ₊₁ + dxₖ"""

    a: Array
    backward: bool = static(default=False)

    def __call__(self, dx: Array) -> Array:
        if not self.backward:
            return recurrence(self.a, dx)
        xp, back = array_namespace(self.a), flip(-1)
        return back(recurrence(xp.roll(back(self.a), 1, axis=-1), back(dx)))

    @property
    def T(self) -> LinearMap:
        return Recurrence(self.a, not self.backward)

    @property
    def inv(self) -> LinearMap:
        return LessItsNeighbour(self.a, self.backward)

    def log_volume(self, like: Array) -> Array:
        return 0.0


@linear_map
class LessItsNeighbour(LinearMap):
    """dx ↦ y, yₖ = dxₖ − aₖ dxₖ₋₁; `backward`, yₖ = dxₖ − aₖ₊₁ dxₖ₊₁: inverse to Recurrence"""

    a: Array
    backward: bool = static(default=False)

    def __call__(self, dx: Array) -> Array:
        xp = array_namespace(self.a, dx)
        if not self.backward:
            return dx - self.a * delayed(xp, dx, 0.0)
        return dx - flip(-1)(delayed(xp, flip(-1)(self.a * dx), 0.0))

    @property
    def T(self) -> LinearMap:
        return LessItsNeighbour(self.a, not self.backward)

    @property
    def inv(self) -> LinearMap:
        return Recurrence(self.a, self.backward)

    def log_volume(self, like: Array) -> Array:
        return 0.0


def delayed(xp: Namespace, x: Array, first: float) -> Array:
    """Return the numbers one place on along the last axis, behind a constant."""
    if not x.shape[-1]:
        return x
    start = xp.full_like(x[..., :1], first)
    return xp.concat([start, x[..., :-1]], axis=-1)
