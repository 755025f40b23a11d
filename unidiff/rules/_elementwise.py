"""
Functions of numbers: a partial derivative an operand, None standing for 1.

Arithmetic, powers, exponentials and logarithms are here; by their subjects, the others are in
`_trigonometric`, `_complex` and `_choices`. A rule is `singular` where its partial derivatives may
be infinite or nan: there the dead branch of a `where` moves nothing.
"""

from __future__ import annotations

from math import log as log_of_number
from typing import Any

from .._backend import Array, Namespace, kind_of
from .._primitive import elementwise, primitive
from ..linear import LinearMap, mask, row, zero

add = elementwise("add", None, None)
subtract = elementwise("subtract", None, lambda xp, _y, _a, _b: -1.0)
multiply = elementwise("multiply", lambda xp, _y, _a, b: b, lambda xp, _y, a, _b: a)


def _of_dividend(xp: Namespace, _y: Array, _a: Any, b: Any) -> Any:
    """1/b, in the precision of y"""
    same = not hasattr(b, "dtype") or b.dtype == _y.dtype
    return 1.0 / (b if same else xp.astype(b, _y.dtype))


divide = elementwise("divide", _of_dividend, lambda xp, y, _a, b: -y / b, singular=True)


def _of_divisor(xp: Namespace, y: Array, a: Any, b: Any) -> Array:
    """−⌊a/b⌋: what was taken away of b, a whole number even where a/b is rounded up to one"""
    return -xp.round((a - y) / b)


remainder = elementwise("remainder", None, _of_divisor, singular=True)
negative = elementwise("negative", lambda xp, _y, _x: -1.0)
positive = elementwise("positive", None)
reciprocal = elementwise("reciprocal", lambda xp, y, _x: -y * y, singular=True)
square = elementwise("square", lambda xp, _y, x: 2.0 * x)
sqrt = elementwise("sqrt", lambda xp, y, _x: 0.5 / y, singular=True)

exp = elementwise("exp", lambda xp, y, _x: y, singular=True)
expm1 = elementwise("expm1", lambda xp, _y, x: xp.exp(x), singular=True)
log = elementwise("log", lambda xp, _y, x: 1.0 / x, singular=True)
log1p = elementwise("log1p", lambda xp, _y, x: 1.0 / (1.0 + x), singular=True)
LOG_TWO, LOG_TEN = log_of_number(2.0), log_of_number(10.0)
log2 = elementwise("log2", lambda xp, _y, x: 1.0 / (LOG_TWO * x), singular=True)
log10 = elementwise("log10", lambda xp, _y, x: 1.0 / (LOG_TEN * x), singular=True)


def _share(xp: Namespace, y: Array, a: Any, b: Any) -> Array:
    """eᵃ / (eᵃ + eᵇ), and ½ where both are infinite alike"""
    gap = xp.where((a == b) & xp.isinf(y), 0.0, a - b)
    behind = gap < 0
    e = xp.exp(xp.where(behind, gap, -gap))
    return xp.where(behind, e, 1.0) / (1.0 + e)


def _share_of_second(xp: Namespace, y: Array, a: Any, b: Any) -> Array:
    return _share(xp, y, b, a)


logaddexp = elementwise("logaddexp", _share, _share_of_second, singular=True)


def _of_base(xp: Namespace, _y: Array, x: Any, p: Any) -> Array:
    """p xᵖ⁻¹, and 0 where p = 0, at x = 0 too"""
    if not hasattr(p, "shape"):
        return p * x ** (p - 1) if p else 0.0
    if not kind_of(p):
        p = xp.astype(p, x.dtype)
    flat = p == 0
    one = xp.ones_like(p)
    slope = p * x ** xp.where(flat, one, p - one)
    return xp.where(flat, xp.zeros_like(slope), slope)


def _of_exponent(xp: Namespace, y: Array, x: Any, _p: Any) -> Array:
    """xᵖ log x, and 0 where x = 0"""
    one = xp.ones_like(y)
    return y * xp.log(xp.where(x * one == 0, one, x * one))


pow = elementwise("pow", _of_base, _of_exponent, singular=True)


@primitive("(),(),()->()")
def where(xp: Namespace, condition: Array, a: Array, b: Array) -> Array:
    """y = a where the condition holds, else b"""
    return xp.where(condition, a, b)


@where.derivative
def _(xp: Namespace, _y: Array, condition: Array, _a: Array, _b: Array) -> LinearMap:
    """The branch not taken moves nothing, whatever stands there."""
    return row(zero, mask(condition), mask(xp.logical_not(condition)))


FUNCTIONS = {
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "remainder": remainder,
    "negative": negative,
    "positive": positive,
    "reciprocal": reciprocal,
    "square": square,
    "sqrt": sqrt,
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "log2": log2,
    "log10": log10,
    "logaddexp": logaddexp,
    "pow": pow,
    "where": where,
}
