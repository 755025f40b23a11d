"""
Circular and hyperbolic functions, and their inverses.

The partial derivatives are in forms that neither cancel nor overflow: √(1 − x) √(1 + x) is exact
near the ends, where √(1 − x²) is not. Of complex numbers, x − 1 and x − (−1) keep the sign of a
zero imaginary part, by which a number on a branch cut belongs to one side of it.
"""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace, kind_of
from .._primitive import elementwise, primitive
from ..linear import LinearMap, diag, row, zero

sin = elementwise("sin", lambda xp, _y, x: xp.cos(x))
cos = elementwise("cos", lambda xp, _y, x: -xp.sin(x))
sinh = elementwise("sinh", lambda xp, _y, x: xp.cosh(x), singular=True)
cosh = elementwise("cosh", lambda xp, _y, x: xp.sinh(x), singular=True)


@primitive("(),()->()")
def sech_squared(xp: Namespace, x: Array, tanh: Array) -> Array:
    """y = 4 e / (1 + e)², where e = exp(−2|x|) does not overflow, nor does 1 − tanh² x cancel"""
    size = xp.abs(x) if kind_of(x) == "real" else xp.where(xp.real(x) < 0, -x, x)
    e = xp.exp(-2.0 * size)
    below = 1.0 + e
    return 4.0 * e / (below * below)


@sech_squared.derivative
def _(xp: Namespace, y: Array, _x: Array, tanh: Array) -> LinearMap:
    """dy = −2 y tanh x dx"""
    return row(diag(-2.0 * y * tanh), zero)


tanh = elementwise("tanh", lambda xp, y, x: sech_squared(x, y))


def _of_tangent(xp: Namespace, y: Array, x: Array) -> Array:
    """1 + tan² x; of complex numbers, for which that cancels, sech²(ix)"""
    return 1.0 + y * y if kind_of(x) == "real" else sech_squared(x * 1j, y * 1j)


tan = elementwise("tan", _of_tangent, singular=True)


# -- inverses -------------------------------------------------------------------------------------


def _root_of_cosine(xp: Namespace, x: Array) -> Array:
    """√(1 − x²)"""
    ahead = 1.0 - x if kind_of(x) == "real" else -(x - 1.0)
    return xp.sqrt(ahead) * xp.sqrt(x - -1.0)


asin = elementwise("asin", lambda xp, _y, x: 1.0 / _root_of_cosine(xp, x), singular=True)
acos = elementwise("acos", lambda xp, _y, x: -1.0 / _root_of_cosine(xp, x), singular=True)


def _of_atan(xp: Namespace, _y: Array, x: Array) -> Array:
    """1 / (1 + x²)"""
    if kind_of(x) == "real":
        cosine = 1.0 / xp.hypot(x, xp.ones_like(x))
        return cosine * cosine
    turned = x * 1j
    return 1.0 / (1.0 + turned) / (1.0 - turned)


atan = elementwise("atan", _of_atan, singular=True)


def _of_asinh(xp: Namespace, y: Array, x: Array) -> Array:
    """1 / √(1 + x²); which of a complex one's two roots, on the cut, y tells"""
    if kind_of(x) == "real":
        return 1.0 / xp.hypot(x, xp.ones_like(x))
    turned = x * 1j
    root = xp.sqrt(1.0 + turned) * xp.sqrt(1.0 - turned)
    return 1.0 / xp.where(xp.real(root / xp.cosh(y)) < 0, -root, root)


asinh = elementwise("asinh", _of_asinh, singular=True)
acosh = elementwise(
    "acosh", lambda xp, _y, x: 1.0 / (xp.sqrt(x - 1.0) * xp.sqrt(x - -1.0)), singular=True
)
atanh = elementwise("atanh", lambda xp, _y, x: 1.0 / (1.0 - x) / (1.0 + x), singular=True)


# -- two sides of a triangle ----------------------------------------------------------------------


def _distance(xp: Namespace, a: Any, b: Any) -> Array:
    """√(a² + b²), and ∞ at the origin: a/∞ is the 0 that stands there for the direction"""
    r = xp.hypot(a, b)
    return xp.where(r == 0, xp.inf, r)


def _of_opposite(xp: Namespace, _y: Array, a: Any, b: Any) -> Array:
    """b / (a² + b²)"""
    r = _distance(xp, a, b)
    return b / r / r


def _of_adjacent(xp: Namespace, _y: Array, a: Any, b: Any) -> Array:
    """−a / (a² + b²)"""
    r = _distance(xp, a, b)
    return -(a / r) / r  # not −a: an unsigned integer would wrap around


atan2 = elementwise("atan2", _of_opposite, _of_adjacent, singular=True)
hypot = elementwise(
    "hypot",
    lambda xp, y, a, _b: a / xp.where(y == 0, xp.inf, y),
    lambda xp, y, _a, b: b / xp.where(y == 0, xp.inf, y),
    singular=True,
)

FUNCTIONS = {
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "sinh": sinh,
    "cosh": cosh,
    "tanh": tanh,
    "asin": asin,
    "acos": acos,
    "atan": atan,
    "asinh": asinh,
    "acosh": acosh,
    "atanh": atanh,
    "atan2": atan2,
    "hypot": hypot,
}
