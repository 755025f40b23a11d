"""Functions that are only R-linear to first order, where the argument is complex."""

from __future__ import annotations

from math import pi

from .._backend import Array, Namespace, array_namespace, kind_of
from .._primitive import primitive
from ..linear import LinearMap, conjugate, diag, identity, linear_map, real_part, zero
from ..linear._elementwise import RealLinear
from ..tape._level import untraced
from ._elementwise import multiply


@linear_map
class AlongDirection(RealLinear):
    """dx ↦ Re(conj(d) dx), of complex dx"""

    d: Array

    def __call__(self, dx: Array) -> Array:
        xp = array_namespace(self.d, dx)
        return xp.real(xp.conj(self.d) * dx)

    @property
    def T(self) -> LinearMap:
        return FromDirection(self.d)


@linear_map
class FromDirection(RealLinear):
    """dx ↦ conj(d) dx, of real dx"""

    d: Array

    def __call__(self, dx: Array) -> Array:
        return array_namespace(self.d).conj(self.d) * dx

    @property
    def T(self) -> LinearMap:
        return AlongDirection(self.d)


def _length(xp: Namespace, r: Array) -> Array:
    """r, and ∞ at 0: x/∞ is the 0 that stands there for the direction"""
    return xp.where(r == 0, xp.inf, r)


@primitive("()->()")
def abs(xp: Namespace, x: Array) -> Array:
    """y = |x|"""
    return xp.abs(x)


@abs.derivative
def _(xp: Namespace, y: Array, x: Array) -> LinearMap:
    """dy = Re(conj(x) dx) / |x|, and 0 at x = 0"""
    return diag(xp.sign(x)) if kind_of(x) == "real" else AlongDirection(x / _length(xp, y))


@primitive("()->()", name="sign")
def direction(xp: Namespace, x: Array) -> Array:
    """y = x / |x|, and 0 at x = 0"""
    return xp.sign(x)


@direction.derivative
def _(xp: Namespace, y: Array, x: Array) -> LinearMap:
    """dy = i y Im(conj(y) dx) / |x|, and 0 at x = 0"""
    turned = y * 1j
    outwards = FromDirection(xp.conj(turned) / _length(xp, xp.abs(x)))
    return outwards @ AlongDirection(turned)


@primitive("()->()", name="angle")
def phase(xp: Namespace, x: Array) -> Array:
    """y = arg x"""
    if kind_of(x) == "real":
        return xp.atan2(xp.zeros_like(x), x)
    return xp.atan2(xp.imag(x), xp.real(x))


@phase.derivative
def _(xp: Namespace, _y: Array, x: Array) -> LinearMap:
    """dy = Im(conj(x) dx) / |x|², and 0 at x = 0"""
    r = _length(xp, xp.abs(x))
    return AlongDirection(x * 1j / r / r)


def _moving(x: Array) -> Array:
    """Return x; real numbers, of whose direction the derivative is 0, as constants."""
    return x if kind_of(x) == "complex" else untraced(x)


def sign(x: Array, /) -> Array:
    """Return x / |x|, and 0 at 0: of real numbers, a constant."""
    return direction(_moving(x))


def angle(z: Array, deg: bool = False) -> Array:
    """Return the angle, in radians or degrees, as NumPy does: of real numbers, a constant."""
    y = phase(_moving(z))
    return multiply(y, 180.0 / pi) if deg else y


@primitive("()->()")
def conj(xp: Namespace, x: Array) -> Array:
    """y = conj x"""
    return xp.conj(x)


@conj.derivative
def _(xp: Namespace, _y: Array, _x: Array) -> LinearMap:
    return conjugate


@primitive("()->()")
def real(xp: Namespace, x: Array) -> Array:
    """y = Re x"""
    return xp.real(x)


@real.derivative
def _(xp: Namespace, _y: Array, _x: Array) -> LinearMap:
    return real_part if kind_of(_x) == "complex" else identity


@linear_map
class ImaginaryPart(RealLinear):
    """dx ↦ Im dx"""

    def __call__(self, dx: Array) -> Array:
        return array_namespace(dx).imag(dx)

    @property
    def T(self) -> LinearMap:
        return TimesMinusI()


@linear_map
class TimesMinusI(RealLinear):
    """dx ↦ −i dx, of real dx"""

    def __call__(self, dx: Array) -> Array:
        return dx * -1j

    @property
    def T(self) -> LinearMap:
        return ImaginaryPart()


@primitive("()->()")
def imag(xp: Namespace, x: Array) -> Array:
    """y = Im x"""
    return xp.imag(x)


@imag.derivative
def _(xp: Namespace, _y: Array, _x: Array) -> LinearMap:
    return ImaginaryPart() if kind_of(_x) == "complex" else zero


FUNCTIONS = {
    "abs": abs,
    "sign": sign,
    "angle": angle,
    "conj": conj,
    "real": real,
    "imag": imag,
}
