"""Functions that pass one of their operands on: the larger, the smaller, or within bounds."""

from __future__ import annotations

from math import nan
from typing import Any

from .._backend import Array, Namespace, kind_of
from .._primitive import elementwise, primitive
from ..linear import LinearMap, diag, row, zero
from ._elementwise import positive


@primitive("(),()->()")
def fraction(xp: Namespace, mine: Array, others: Array, *, dtype: Any) -> Array:
    """y = 1 where only mine holds, ½ where both do, 0 where only others does; nan where nan is"""
    mine, others = xp.astype(mine, dtype), xp.astype(others, dtype)
    total = mine + others
    return mine / xp.where(total == 0, nan, total)


@fraction.derivative
def _(xp: Namespace, _y: Array, _mine: Array, _others: Array, *, dtype: Any) -> LinearMap:
    return zero


def _of_larger(xp: Namespace, _y: Array, a: Any, b: Any) -> Array:
    return fraction(a >= b, b >= a, dtype=_y.dtype)


def _of_smaller(xp: Namespace, _y: Array, a: Any, b: Any) -> Array:
    return fraction(a <= b, b <= a, dtype=_y.dtype)


maximum = elementwise("maximum", _of_larger, lambda xp, _y, a, b: _of_larger(xp, _y, b, a))
minimum = elementwise("minimum", _of_smaller, lambda xp, _y, a, b: _of_smaller(xp, _y, b, a))
clip_below = elementwise(
    "clip_below",
    lambda xp, _y, x, bound: fraction(x >= bound, x < bound, dtype=_y.dtype),
    lambda xp, _y, x, bound: fraction(x < bound, x >= bound, dtype=_y.dtype),
    value=lambda xp, x, bound: xp.clip(x, bound, None),
)
clip_above = elementwise(
    "clip_above",
    lambda xp, _y, x, bound: fraction(x <= bound, x > bound, dtype=_y.dtype),
    lambda xp, _y, x, bound: fraction(x > bound, x <= bound, dtype=_y.dtype),
    value=lambda xp, x, bound: xp.clip(x, None, bound),
)


def clip(x: Array, /, min: Any = None, max: Any = None) -> Array:
    """Return x within bounds; at a bound the derivative is that of x."""
    if min is None and max is None:
        return positive(x)
    x = x if min is None else clip_below(x, min)
    return x if max is None else clip_above(x, max)


@primitive("(),()->()")
def copysign(xp: Namespace, a: Array, b: Array) -> Array:
    """y = |a| with the sign of b"""
    return xp.copysign(a, b)


@copysign.derivative
def _(xp: Namespace, y: Array, a: Array, _b: Array) -> LinearMap:
    """dy = sign(a) sign(y) da: 0 at a = 0"""
    moves = hasattr(a, "dtype") and kind_of(a)
    return row(diag(xp.sign(a) * xp.sign(y)), zero) if moves else zero


FUNCTIONS = {
    "maximum": maximum,
    "minimum": minimum,
    "clip": clip,
    "copysign": copysign,
}
