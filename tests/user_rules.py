"""Rules as a user writes them, for what the catalogue's own rules do not do."""

from __future__ import annotations

from typing import Any

from unidiff import primitive
from unidiff.maps import (
    LinearMap,
    column,
    diag,
    from_functions,
    gather,
    left,
    real_part,
    right,
    row,
    zero,
)

Array = Any


@primitive("(m,m)->(m,m)")
def power(xp: Any, a: Array, *, k: int = 3, scale: float = 1.0) -> Array:
    """y = scale aᵏ: a static parameter, and a map of functions with its transpose"""
    y = a
    for _ in range(k - 1):
        y = y @ a
    return scale * y


def power_frechet(da: Array, a: Array, *, k: int, scale: float) -> Array:
    """dy = scale Σ aʲ da aᵏ⁻¹⁻ʲ, by Horner's scheme on (aʲ, dyⱼ)"""
    y, dy = a, da
    for _ in range(k - 1):
        y, dy = y @ a, dy @ a + y @ da
    return scale * dy


def power_pullback(w: Array, a: Array, *, k: int, scale: float) -> Array:
    return power_frechet(w, a.mT, k=k, scale=scale)


@power.derivative
def _(xp: Any, y: Array, a: Array, *, k: int, scale: float) -> LinearMap:
    return from_functions(
        power_frechet, a, domain=a, transpose=power_pullback, batched=True, k=k, scale=scale
    )


@primitive("(m,m)->(m,m)")
def power_derived(xp: Any, a: Array, *, k: int = 3, scale: float = 1.0) -> Array:
    """y = scale aᵏ, of whose map the backend derives the transpose"""
    return power.value(xp, a, k=k, scale=scale)


@power_derived.derivative
def _(xp: Any, y: Array, a: Array, *, k: int, scale: float) -> LinearMap:
    return from_functions(power_frechet, a, domain=a, k=k, scale=scale)


@primitive("(m,m)->(m,m),(m,m)")
def squares(xp: Any, a: Array) -> tuple[Array, Array]:
    """The matrix square, and the square of each number: two outputs"""
    return a @ a, a * a


@squares.derivative
def _(xp: Any, y: Any, a: Array) -> LinearMap:
    return column(left(a) + right(a), diag(2 * a))


@primitive("(n),(k)->(k)", name="user_take")
def take(xp: Any, x: Array, index: Array) -> Array:
    """y = x[index], of each vector its own: an argument that is an integer"""
    return xp.take_along_axis(x, index, axis=-1)


@take.derivative
def _(xp: Any, y: Array, x: Array, index: Array) -> LinearMap:
    return row(gather(index, x.shape[-1]), zero)


@primitive("()->()", name="user_absolute")
def absolute(xp: Any, z: Array) -> Array:
    """y = |z|: a rule that is only R-linear"""
    return xp.abs(z)


@absolute.derivative
def _(xp: Any, y: Array, z: Array) -> LinearMap:
    """dy = Re(conj(z) dz) / |z|, and 0 at z = 0"""
    direction = xp.where(y == 0, 0 * z, z) / xp.where(y == 0, xp.ones_like(y), y)
    if not xp.isdtype(z.dtype, "complex floating"):
        return diag(direction)
    return real_part @ diag(xp.conj(direction))
