"""Derivatives of special functions in the tails, at poles and at infinity, on every backend."""

from __future__ import annotations

import numpy as np
import pytest

import unidiff as ud

mpmath = pytest.importorskip("mpmath")

INF = float("inf")
S = ud.special


def where(condition, a, b):
    return ud.array_namespace(a).where(condition, a, b)


def alike(value, x):
    return ud.array_namespace(x).full_like(ud.value_of(x), value)


# a function of one array, where, the derivative by convention
POINTS = {
    "xlogy at 0, by x": (lambda x: S.xlogy(x, alike(3.0, x)), 0.0, np.log(3.0)),
    "xlogy at 0, by y": (lambda x: S.xlogy(alike(0.0, x), x), 3.0, 0.0),
    "xlogy at 0 and 0, by x": (lambda x: S.xlogy(x, alike(0.0, x)), 0.0, -INF),
    "xlogy at 0 and 0, by y": (lambda x: S.xlogy(alike(0.0, x), x), 0.0, 0.0),
    "xlogy at 1 and 0, by y": (lambda x: S.xlogy(alike(1.0, x), x), 0.0, INF),
    "xlogy at 0 and ∞, by y": (lambda x: S.xlogy(alike(0.0, x), x), INF, 0.0),
    "xlogy of itself at 0": (lambda x: S.xlogy(x, x), 0.0, -INF),
    "expit, far ahead": (S.expit, 800.0, 0.0),
    "expit, far behind": (S.expit, -800.0, 0.0),
    "expit at ∞": (S.expit, INF, 0.0),
    "expit at −∞": (S.expit, -INF, 0.0),
    "logit at 0": (S.logit, 0.0, INF),
    "logit at 1": (S.logit, 1.0, INF),
    "erf, far": (S.erf, 1e4, 0.0),
    "erfc at ∞": (S.erfc, INF, 0.0),
    "ndtr at −∞": (S.ndtr, -INF, 0.0),
    "log_ndtr, far ahead": (S.log_ndtr, 1e4, 0.0),
    "log_ndtr at −1e10": (S.log_ndtr, -1e10, 1e10),
    "log_ndtr at ∞": (S.log_ndtr, INF, 0.0),
    "gammaln at ∞": (S.gammaln, INF, INF),
    "digamma at ∞": (S.digamma, INF, 0.0),
    "where of gammaln at 0": (lambda x: where(x > 0, S.gammaln(x), 2 * x), 0.0, 2.0),
    "where of digamma at −1": (lambda x: where(x > 0, S.digamma(x), 2 * x), -1.0, 2.0),
    "where of polygamma at 0": (lambda x: where(x > 0, S.polygamma(1, x), 2 * x), 0.0, 2.0),
    "where of logit at 0": (lambda x: where(x > 0, S.logit(x), 2 * x), 0.0, 2.0),
    "where of xlogy at 0": (lambda x: where(x > 0, S.xlogy(x, x), 2 * x), 0.0, 2.0),
}


def directions(f, like, x):
    """The derivative forward and backward."""
    dx = ud.array_namespace(x).ones_like(x)
    return ud.jvp(f, (x,), (dx,))[1], ud.vjp(f, x)[1](like)[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", POINTS)
def test_the_convention_holds(backend, name, dtype):
    f, x, wanted = POINTS[name]
    a = backend.plain.asarray(np.asarray(x, dtype))
    with np.errstate(all="ignore"):  # what the values warn of
        found = directions(f, backend.plain.ones_like(a), a)

    for dy in found:
        np.testing.assert_allclose(
            np.asarray(dy), wanted, rtol=1e-6 if dtype == "float32" else 1e-14
        )
        assert str(dy.dtype).endswith(dtype)


def density(x):
    return mpmath.npdf(x)


def hazard(x):
    return density(x) / (mpmath.erfc(-x / mpmath.sqrt(2)) / 2)


def logistic(x):
    return 1 / (1 + mpmath.exp(-x))


def slope(x):
    return 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x)


# a function, its first and second derivative as mpmath computes them, where
DIGITS = {
    "erf": (S.erf, slope, lambda x: -2 * x * slope(x), [0.3, -2.0, 5.0]),
    "erfc": (S.erfc, lambda x: -slope(x), lambda x: 2 * x * slope(x), [0.3, -2.0, 9.0]),
    "ndtr": (S.ndtr, density, lambda x: -x * density(x), [-12.0, 0.3, 7.0]),
    "log_ndtr": (
        S.log_ndtr,
        hazard,
        lambda x: -hazard(x) * (x + hazard(x)),
        [-1e6, -100.0, -31.0, -29.0, -5.0, 0.3, 7.0, 20.0],
    ),
    "expit": (
        S.expit,
        lambda x: logistic(x) * logistic(-x),
        lambda x: logistic(x) * logistic(-x) * (logistic(-x) - logistic(x)),
        [-300.0, -40.0, 0.5, 40.0, 300.0],
    ),
    "logit": (
        S.logit,
        lambda x: 1 / (x * (1 - x)),
        lambda x: (2 * x - 1) / (x * (1 - x)) ** 2,
        [1e-100, 0.25, 1 - 2**-40],
    ),
    "gammaln": (
        S.gammaln,
        mpmath.digamma,
        lambda x: mpmath.polygamma(1, x),
        [1e-10, 0.3, 2.0, 30.0, 1e10, -2.5],
    ),
    "digamma": (
        S.digamma,
        lambda x: mpmath.polygamma(1, x),
        lambda x: mpmath.polygamma(2, x),
        [1e-10, 0.3, 2.0, 30.0, 1e8, -2.25],
    ),
    "polygamma": (
        lambda x: S.polygamma(2, x),
        lambda x: mpmath.polygamma(3, x),
        lambda x: mpmath.polygamma(4, x),
        [1e-5, 0.3, 2.0, 30.0, 1e5, -2.25],
    ),
    "xlogy": (
        lambda x: S.xlogy(x, x),
        lambda x: mpmath.log(x) + 1,
        lambda x: 1 / x,
        [1e-100, 0.3, 2.0, 1e100],
    ),
}


@pytest.mark.parametrize("name", DIGITS)
def test_derivatives_have_their_digits(backend, name):
    f, first, second, points = DIGITS[name]
    x = backend.plain.asarray(np.asarray(points))
    one = backend.plain.ones_like(x)
    with mpmath.workdps(60):
        wanted = [
            np.asarray([float(d(mpmath.mpf(float(p)))) for p in points]) for d in (first, second)
        ]

    def derivative(x):
        return ud.jvp(f, (x,), (one,))[1]

    np.testing.assert_allclose(np.asarray(derivative(x)), wanted[0], rtol=3e-13)
    for dy in directions(derivative, one, x):
        np.testing.assert_allclose(np.asarray(dy), wanted[1], rtol=3e-13)


def test_third_derivatives_in_the_tail(backend):
    x = backend.plain.asarray(np.asarray([-100.0, -1000.0]))
    one = backend.plain.ones_like(x)

    def along(f):
        return lambda x: ud.jvp(f, (x,), (one,))[1]

    with mpmath.workdps(60):
        h = [(p, hazard(p)) for p in map(mpmath.mpf, (-100, -1000))]
        wanted = [float(-m + m * (m + p) * (2 * m + p)) for p, m in h]

    np.testing.assert_allclose(np.asarray(along(along(along(S.log_ndtr)))(x)), wanted, rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in DIGITS if name != "xlogy"])
def test_nan_stays(backend, name):
    x = backend.plain.asarray(np.nan)

    for dy in directions(DIGITS[name][0], backend.plain.ones_like(x), x):
        assert np.isnan(np.asarray(dy))


def test_the_entropy_of_a_distribution_with_a_zero_in_it(backend):
    x = backend.plain.asarray(np.asarray([0.0, 0.25, 0.75]))
    y, w = ud.value_and_grad(lambda p: -backend.xp.sum(S.xlogy(p, p)))(x)

    np.testing.assert_allclose(np.asarray(y), 0.5623351446188083, rtol=1e-15)
    np.testing.assert_allclose(np.asarray(w), [INF, *(-1 - np.log([0.25, 0.75]))], rtol=1e-15)
