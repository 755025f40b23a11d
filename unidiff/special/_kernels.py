"""
Values of the error functions and of the logistic ones, in operations of the standard alone.

They serve every namespace without functions of its own for them. No number of terms depends on the
numbers: these run under any trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, pi, sqrt

from .._backend import Array, Namespace

ROOT_TWO = sqrt(2.0)
ROOT_PI = sqrt(pi)
LOG_TWO = log(2.0)


def polynomial(x: Array, coefficients: Sequence[float]) -> Array:
    """Return c₀ xⁿ + c₁ xⁿ⁻¹ + ... + cₙ, by Horner's scheme."""
    y = coefficients[0] * x + coefficients[1]
    for c in coefficients[2:]:
        y = y * x + c
    return y


# -- error functions -------------------------------------------------------------------------------
#
# W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969) 631.
# Three quotients of polynomials: of x², of x, and of 1/x².

NEAR, FAR = 0.46875, 4.0
_NEAR = (
    [
        1.85777706184603153e-1,
        3.16112374387056560e00,
        1.13864154151050156e02,
        3.77485237685302021e02,
        3.20937758913846947e03,
    ],
    [
        1.0,
        2.36012909523441209e01,
        2.44024637934444173e02,
        1.28261652607737228e03,
        2.84423683343917062e03,
    ],
)
_MIDDLE = (
    [
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e00,
        6.61191906371416295e01,
        2.98635138197400131e02,
        8.81952221241769090e02,
        1.71204761263407058e03,
        2.05107837782607147e03,
        1.23033935479799725e03,
    ],
    [
        1.0,
        1.57449261107098347e01,
        1.17693950891312499e02,
        5.37181101862009858e02,
        1.62138957456669019e03,
        3.29079923573345963e03,
        4.36261909014324716e03,
        3.43936767414372164e03,
        1.23033935480374942e03,
    ],
)
_FAR = (
    [
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ],
    [
        1.0,
        2.56852019228982242e00,
        1.87295284992346725e00,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ],
)


def _near(xp: Namespace, x: Array) -> Array:
    """erf x, for |x| below NEAR"""
    x = xp.clip(x, -NEAR, NEAR)
    above, below = _NEAR
    return x * (polynomial(x * x, above) / polynomial(x * x, below))


def _scaled(xp: Namespace, x: Array) -> Array:
    """e^(x²) erfc x, for x above NEAR"""
    middle = xp.clip(x, NEAR, FAR)
    inverse = 1.0 / xp.clip(x, FAR, None)
    square = inverse * inverse
    above, below = _FAR
    far = inverse * (1.0 / ROOT_PI - square * polynomial(square, above) / polynomial(square, below))
    above, below = _MIDDLE
    return xp.where(x > FAR, far, polynomial(middle, above) / polynomial(middle, below))


def _gaussian(xp: Namespace, x: Array, s: float = 1.0) -> Array:
    """e^(−s x²), for x ≥ 0: x² is split into an exact square and the rest, lest it be rounded."""
    x = xp.clip(x, None, 60.0)  # beyond, it is 0
    head = xp.floor(x * 16.0) / 16.0
    return xp.exp(-s * head * head) * xp.exp(-s * (x - head) * (x + head))


def erf(xp: Namespace, x: Array) -> Array:
    """(2/√π) ∫₀ˣ e^(−t²) dt"""
    size = xp.abs(x)
    tail = 1.0 - _gaussian(xp, size) * _scaled(xp, size)
    return xp.where(size < NEAR, _near(xp, x), xp.sign(x) * tail)


def erfc(xp: Namespace, x: Array) -> Array:
    """1 − erf x"""
    size = xp.abs(x)
    tail = _gaussian(xp, size) * _scaled(xp, size)
    return xp.where(size < NEAR, 1.0 - _near(xp, x), xp.where(x < 0, 2.0 - tail, tail))


def _scaled_positive(xp: Namespace, x: Array) -> Array:
    """e^(x²) erfc x, for x ≥ 0"""
    small = xp.clip(x, None, NEAR)
    near = xp.exp(small * small) * (1.0 - _near(xp, small))
    return xp.where(x < NEAR, near, _scaled(xp, x))


def ndtr(xp: Namespace, x: Array) -> Array:
    """½ erfc(−x/√2)"""
    size = xp.abs(x)
    tail = _upper_tail(xp, size)
    near = 0.5 + 0.5 * _near(xp, x / ROOT_TWO)
    return xp.where(size < NEAR * ROOT_TWO, near, xp.where(x > 0, 1.0 - tail, tail))


def _upper_tail(xp: Namespace, x: Array) -> Array:
    """½ erfc(x/√2), for x ≥ 0"""
    return 0.5 * _gaussian(xp, x, 0.5) * _scaled_positive(xp, x / ROOT_TWO)


def log_ndtr(xp: Namespace, x: Array) -> Array:
    """log(½ erfc(−x/√2))"""
    right = xp.log1p(-_upper_tail(xp, xp.clip(x, 0.0, None)))
    behind = xp.clip(-x, 0.0, None)
    left = xp.log(_scaled_positive(xp, behind / ROOT_TWO)) - LOG_TWO - 0.5 * behind * behind
    return xp.where(x > 0, right, left)


def mills(xp: Namespace, x: Array) -> Array:
    """φ(x) / Φ(x)"""
    behind = xp.clip(-x, 0.0, None)
    left = sqrt(2.0 / pi) / _scaled_positive(xp, behind / ROOT_TWO)
    ahead = xp.clip(x, 0.0, None)
    right = _gaussian(xp, ahead, 0.5) / (sqrt(2.0 * pi) * (1.0 - _upper_tail(xp, ahead)))
    return xp.where(x > 0, right, left)


# -- logistic functions ----------------------------------------------------------------------------


def expit(xp: Namespace, x: Array) -> Array:
    """1 / (1 + e⁻ˣ)"""
    e = xp.exp(-xp.abs(x))
    return xp.where(x < 0, e, xp.ones_like(e)) / (1.0 + e)


def logit(xp: Namespace, x: Array) -> Array:
    """log(x / (1 − x)), near ½ as the logarithm of a quotient near 1"""
    middle = 2.0 * (xp.clip(x, 0.3, 0.65) - 0.5)
    near = xp.log1p(middle) - xp.log1p(-middle)
    return xp.where((x > 0.3) & (x < 0.65), near, xp.log(x / (1.0 - x)))


def xlogy(xp: Namespace, x: Array, y: Array) -> Array:
    """x log y, and 0 at x = 0"""
    one = xp.ones_like(x * y)
    return x * xp.log(xp.where((x == 0) & (y == y), one, y * one))
