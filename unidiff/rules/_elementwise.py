"""Functions of numbers: a partial derivative an operand, None standing for 1."""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace, array_namespace, kind_of
from .._primitive import elementwise, primitive
from ..linear import LinearMap, conjugate, diag, identity, linear_map, mask, real_part, row, zero
from ..linear._elementwise import RealLinear

add = elementwise("add", None, None)
subtract = elementwise("subtract", None, lambda xp, y, a, b: -1.0)
multiply = elementwise("multiply", lambda xp, y, a, b: b, lambda xp, y, a, b: a)


def _of_dividend(xp: Namespace, y: Array, a: Any, b: Any) -> Any:
    """1/b, in the precision of y"""
    same = not hasattr(b, "dtype") or b.dtype == y.dtype
    return 1.0 / (b if same else xp.astype(b, y.dtype))


divide = elementwise("divide", _of_dividend, lambda xp, y, a, b: -y / b, singular=True)
negative = elementwise("negative", lambda xp, y, x: -1.0)
positive = elementwise("positive", None)
reciprocal = elementwise("reciprocal", lambda xp, y, x: -y * y, singular=True)
square = elementwise("square", lambda xp, y, x: 2.0 * x)
exp = elementwise("exp", lambda xp, y, x: y)
expm1 = elementwise("expm1", lambda xp, y, x: y + 1.0)
log = elementwise("log", lambda xp, y, x: 1.0 / x, singular=True)
log1p = elementwise("log1p", lambda xp, y, x: 1.0 / (1.0 + x), singular=True)
sqrt = elementwise("sqrt", lambda xp, y, x: 0.5 / y, singular=True)
sin = elementwise("sin", lambda xp, y, x: xp.cos(x))
cos = elementwise("cos", lambda xp, y, x: -xp.sin(x))
tanh = elementwise("tanh", lambda xp, y, x: 1.0 - y * y)


def _of_base(xp: Namespace, y: Array, x: Any, p: Any) -> Array:
    """p xᵖ⁻¹, and 0 where p = 0, at x = 0 too"""
    if not hasattr(p, "shape"):
        return p * x ** (p - 1) if p else 0.0
    flat = p == 0
    one = xp.ones_like(p)
    return xp.where(flat, xp.zeros_like(y), p * x ** xp.where(flat, one, p - one))


def _of_exponent(xp: Namespace, y: Array, x: Any, p: Any) -> Array:
    """xᵖ log x, and 0 where x = 0"""
    one = xp.ones_like(y)
    return y * xp.log(xp.where(x * one == 0, one, x * one))


pow = elementwise("pow", _of_base, _of_exponent, singular=True)


def _of_larger(xp: Namespace, y: Array, a: Any, b: Any) -> Array:
    """1 where a is larger, ½ at a tie"""
    return 0.5 * (xp.astype(a > b, y.dtype) + xp.astype(a >= b, y.dtype))


def _of_smaller(xp: Namespace, y: Array, a: Any, b: Any) -> Array:
    return _of_larger(xp, y, b, a)


maximum = elementwise("maximum", _of_larger, _of_smaller)
minimum = elementwise("minimum", _of_smaller, _of_larger)


@primitive("(),(),()->()")
def where(xp: Namespace, condition: Array, a: Array, b: Array) -> Array:
    """y = a where the condition holds, else b"""
    return xp.where(condition, a, b)


@where.derivative
def _(xp: Namespace, y: Array, condition: Array, a: Array, b: Array) -> LinearMap:
    """The branch not taken moves nothing, whatever stands there."""
    return row(zero, mask(condition), mask(~condition))


# -- functions that are only R-linear to first order, where the argument is complex ---------------


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


@primitive("()->()")
def abs(xp: Namespace, x: Array) -> Array:
    """y = |x|"""
    return xp.abs(x)


@abs.derivative
def _(xp: Namespace, y: Array, x: Array) -> LinearMap:
    """dy = Re(conj(x) dx) / |x|, and 0 at x = 0"""
    if kind_of(x) == "real":
        return diag(xp.sign(x))
    direction = x / xp.where(y == 0, xp.ones_like(y), y)
    return AlongDirection(direction)


@primitive("()->()")
def conj(xp: Namespace, x: Array) -> Array:
    """y = conj x"""
    return xp.conj(x)


@conj.derivative
def _(xp: Namespace, y: Array, x: Array) -> LinearMap:
    return conjugate


@primitive("()->()")
def real(xp: Namespace, x: Array) -> Array:
    """y = Re x"""
    return xp.real(x)


@real.derivative
def _(xp: Namespace, y: Array, x: Array) -> LinearMap:
    return real_part if kind_of(x) == "complex" else identity


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
def _(xp: Namespace, y: Array, x: Array) -> LinearMap:
    return ImaginaryPart() if kind_of(x) == "complex" else zero


FUNCTIONS = {
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "negative": negative,
    "positive": positive,
    "reciprocal": reciprocal,
    "square": square,
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "sqrt": sqrt,
    "sin": sin,
    "cos": cos,
    "tanh": tanh,
    "pow": pow,
    "maximum": maximum,
    "minimum": minimum,
    "where": where,
    "abs": abs,
    "conj": conj,
    "real": real,
    "imag": imag,
}
