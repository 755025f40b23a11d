"""
Values of the gamma function's logarithm and its derivatives, in operations of the standard alone.

Near the origin by recurrence from an interval of length 1, where a polynomial is the function to
double precision (interpolated at Chebyshev's points, in forty digits); far out by Stirling's
series; for negative arguments by reflection.
"""

from __future__ import annotations

from math import factorial, log, pi

from .._backend import Array, Namespace
from ._kernels import polynomial

FAR = 10.0
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
"""B₂, B₄, ..."""

_LOG_GAMMA = [
    -1.3219945666117874e-07,
    2.78740805211359e-07,
    -4.3252393445604814e-07,
    9.200527894968101e-07,
    -2.0439048107029907e-06,
    4.38470440459836e-06,
    -9.438715099211532e-06,
    2.0505590755833454e-05,
    -4.49263133791557e-05,
    9.945767355819498e-05,
    -0.00022315475400520507,
    0.0005096695154115458,
    -0.0011927539118428156,
    0.002890510331034267,
    -0.0073855510286719986,
    0.02058080842778038,
    -0.0673523010531981,
    0.32246703342411326,
    0.42278433509846713,
]
"""log Γ(2 + z) / z, for |z| ≤ ½"""

ROOT = (0.46163214496836236, -1.5522348162858677e-17)
"""Where the digamma function is zero, less 1: in two parts."""
_DIGAMMA = [
    -0.00017312261802727394,
    0.00025968482126430747,
    -0.00015148586836773365,
    0.0002272331660987376,
    -0.0004821990530566789,
    0.0007233266279287554,
    -0.0010376374098418604,
    0.0015566317474486838,
    -0.002345267632540769,
    0.003519006401502276,
    -0.005279964873257405,
    0.007926944646403797,
    -0.011908218001568644,
    0.0179072524394512,
    -0.02697579675613825,
    0.04076083381242074,
    -0.061922133273064534,
    0.09498872445494122,
    -0.14840492305390884,
    0.2405424842407742,
    -0.4236274212814605,
    0.951055876031833,
]
"""ψ(3/2 + z) / (3/2 + z − the root), for |z| ≤ ½"""


def _turns(xp: Namespace, x: Array) -> Array:
    """π times the distance of x to the nearest integer, 0 of what is infinite"""
    x = xp.where(xp.isinf(x), 0.0, x)
    return pi * (x - xp.round(x))


def gammaln(xp: Namespace, x: Array) -> Array:
    """log |Γ(x)|"""
    positive = xp.where(x > 0, x, 1.0 - x)
    y = xp.where(positive < FAR, _log_gamma_near(xp, positive), _log_gamma_far(xp, positive))
    angle = _turns(xp, x)
    whole = angle == 0
    one = xp.ones_like(x)
    reflected = log(pi) - xp.log(xp.abs(xp.where(whole, one, xp.sin(angle)))) - y
    reflected = xp.where(whole, xp.inf * one, reflected)
    return xp.where(x > 0, y, reflected)


def _log_gamma_near(xp: Namespace, x: Array) -> Array:
    """Γ(n + z) = Γ(2 + z) (2 + z) ... (n − 1 + z), where n is the integer next to x"""
    x = xp.clip(x, None, FAR)
    n = xp.round(x)
    z = x - n
    one = xp.ones_like(x)
    product = one
    for k in range(2, int(FAR)):
        product = product * xp.where(n > k, z + k, one)
    y = z * polynomial(z, _LOG_GAMMA) + xp.log(product)
    below = xp.where(n < 2, z, 0 * one)
    lowest = xp.where(n < 1, x, one)
    return y - xp.log1p(below) - xp.log(lowest)


def _log_gamma_far(xp: Namespace, x: Array) -> Array:
    """(x − ½) (log x − 1) + ½ log 2π − ½ + Σ B₂ₖ / (2k (2k − 1) x²ᵏ⁻¹)"""
    x = xp.clip(x, FAR, None)
    inverse = 1.0 / x
    terms = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(BERNOULLI, 1)]
    rest = inverse * polynomial(inverse * inverse, terms[::-1])
    return (x - 0.5) * (xp.log(x) - 1.0) + (0.5 * log(2 * pi) - 0.5 + rest)


def digamma(xp: Namespace, x: Array) -> Array:
    """(log Γ)′"""
    positive = xp.where(x < 0, 1.0 - x, x)
    y = xp.where(positive < FAR, _digamma_near(xp, positive), _digamma_far(xp, positive))
    angle = _turns(xp, x)
    whole = angle == 0
    one = xp.ones_like(x)
    reflected = y - pi / xp.tan(xp.where(whole, one, angle))
    reflected = xp.where(whole, xp.nan * one, reflected)
    return xp.where(x < 0, reflected, y)


def _digamma_near(xp: Namespace, x: Array) -> Array:
    """ψ(n + z) = ψ(1 + z) + 1/(1 + z) + ... + 1/(n − 1 + z), where n is the floor of x"""
    x = xp.clip(x, None, FAR)
    n = xp.floor(x)
    z = x - n
    y = ((z - ROOT[0]) - ROOT[1]) * polynomial(z - 0.5, _DIGAMMA)
    zero = xp.zeros_like(x)
    for k in range(1, int(FAR)):
        y = y + xp.where(n > k, 1.0 / (z + k), zero)
    return y - xp.where(n < 1, 1.0 / xp.where(n < 1, x, 1.0 + zero), zero)


def _digamma_far(xp: Namespace, x: Array) -> Array:
    """log x − 1/(2x) − Σ B₂ₖ / (2k x²ᵏ)"""
    x = xp.clip(x, FAR, None)
    inverse = 1.0 / x
    square = inverse * inverse
    terms = [b / (2 * k) for k, b in enumerate(BERNOULLI, 1)]
    return xp.log(x) - 0.5 * inverse - square * polynomial(square, terms[::-1])


def polygamma(xp: Namespace, x: Array, *, n: int) -> Array:
    """ψ⁽ⁿ⁾(x), n ≥ 1"""
    sign = -1.0 if n % 2 == 0 else 1.0
    positive = xp.where(x > 0, x, 1.0 - x)
    y = sign * _hurwitz(xp, positive, n)
    angle = _turns(xp, x)
    whole = angle == 0
    one = xp.ones_like(x)
    cotangent = 1.0 / xp.tan(xp.where(whole, one, angle))
    reflected = -sign * y - pi ** (n + 1) * polynomial(cotangent, _of_cotangent(n))
    reflected = xp.where(whole, sign * xp.inf * one, reflected)
    return xp.where(x > 0, y, reflected)


def _hurwitz(xp: Namespace, x: Array, n: int) -> Array:
    """n! Σ (x + k)⁻ⁿ⁻¹ over all k ≥ 0: the first, and the others by Euler's and Maclaurin's sum"""
    y = xp.zeros_like(x)
    count = int(FAR) + n
    for k in range(count):
        y = y + float(factorial(n)) * (x + k) ** -(n + 1.0)
    x = x + count
    inverse = 1.0 / x
    terms = [b * factorial(2 * k + n - 1) / factorial(2 * k) for k, b in enumerate(BERNOULLI, 1)]
    series = polynomial(inverse * inverse, [*terms[::-1], float(factorial(n - 1))])
    return y + inverse**n * (series + 0.5 * factorial(n) * inverse)


def _of_cotangent(n: int) -> list[float]:
    """The coefficients, highest first, of the polynomial P with (d/dx)ⁿ cot x = P(cot x)"""
    found = [1, 0]  # of c itself; dc = −(1 + c²) dx
    for _ in range(n):
        degree = len(found) - 1
        slope = [-(degree - k) * c for k, c in enumerate(found[:-1])]
        found = [a + b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return [float(c) for c in found]
