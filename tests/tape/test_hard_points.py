"""Where a derivative does not exist or is infinite the convention holds, without a warning."""

from __future__ import annotations

import numpy as np
import pytest

import unidiff as ud

xp = ud.backend("numpy").xp
INF = float("inf")


def quiet(f):
    """The function without the warnings that its own value gives in plain NumPy too."""

    def function(x):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return f(x)

    return function


def at(value):
    """A constant of the dtype of x."""
    return lambda x: np.asarray(value, x.dtype)


zero, one, infinite = at(0.0), at(1.0), at(INF)


# a function of one number, where, the derivative by convention
POINTS = {
    "abs at 0": (lambda x: abs(x), 0.0, 0.0),
    "abs at −0": (lambda x: abs(x), -0.0, 0.0),
    "abs of 0 + 0i": (lambda x: xp.abs(x * (1 + 1j)), 0.0, 0.0),
    "sign": (lambda x: xp.sign(x) * x, 0.0, 0.0),
    "maximum at a tie": (lambda x: xp.maximum(x, np.ones_like(ud.value_of(x))), 1.0, 0.5),
    "minimum at a tie": (lambda x: xp.minimum(x, np.ones_like(ud.value_of(x))), 1.0, 0.5),
    "maximum with itself": (lambda x: xp.maximum(x, x), 1.0, 1.0),
    "where of sqrt at 0": (lambda x: xp.where(x > 0, xp.sqrt(x), 0.0), 0.0, 0.0),
    "where of log at 0": (quiet(lambda x: xp.where(x > 0, xp.log(x), x)), 0.0, 1.0),
    "where of a reciprocal at 0": (quiet(lambda x: xp.where(x > 0, 1.0 / x, x)), 0.0, 1.0),
    "where of a quotient at 0": (quiet(lambda x: xp.where(x > 0, xp.sin(x) / x, x)), 0.0, 1.0),
    "where of a power at 0": (lambda x: xp.where(x > 0, x**0.5, 2.0 * x), 0.0, 2.0),
    "where of a root of a power": (lambda x: xp.where(x > 0, xp.sqrt(x**3), x), 0.0, 1.0),
    "sqrt at 0": (lambda x: xp.sqrt(x), 0.0, INF),
    "zeroth power at 0": (lambda x: x**0, 0.0, 0.0),
    "zeroth power, an array": (lambda x: x ** np.zeros((), x.dtype), 0.0, 0.0),
    "first power at 0": (lambda x: x**1, 0.0, 1.0),
    "square at 0": (lambda x: x**2, 0.0, 0.0),
    "power of zero": (lambda x: np.zeros((), x.dtype) ** x, 2.0, 0.0),
    "exponent of zero at 0": (lambda x: np.zeros((), x.dtype) ** x, 0.0, 0.0),
    "root of 0 as a power": (quiet(lambda x: x ** at(0.5)(x)), 0.0, INF),
    "negative base": (lambda x: x**3, -2.0, 12.0),
    "negative base, an array": (lambda x: x ** at(3.0)(x), -2.0, 12.0),
    "negative base, negative power": (lambda x: x**-1, -2.0, -0.25),
    "sign at 0": (lambda x: xp.sign(x), 0.0, 0.0),
    "sign at 2": (lambda x: xp.sign(x), 2.0, 0.0),
    "sign of 0 + 0i": (lambda x: xp.real(xp.sign(x * (1 + 1j))), 0.0, 0.0),
    "sign of −0 + 0i": (lambda x: xp.imag(xp.sign(x * (1 - 1j))), -0.0, 0.0),
    "angle of 0 + 0i": (lambda x: xp.angle(x * (1 + 1j)), 0.0, 0.0),
    "angle of a real number": (lambda x: xp.angle(x), -1.0, 0.0),
    "copysign at 0": (lambda x: xp.copysign(x, one(x)), 0.0, 0.0),
    "copysign at −0": (lambda x: xp.copysign(x, one(x)), -0.0, 0.0),
    "copysign, negative to positive": (lambda x: xp.copysign(x, one(x)), -2.0, -1.0),
    "copysign, as a −0": (lambda x: xp.copysign(x, -zero(x)), 2.0, -1.0),
    "copysign, of the sign's": (lambda x: xp.copysign(one(x), x), 0.0, 0.0),
    "clip at the lower edge": (lambda x: xp.clip(x, 1.0, 2.0), 1.0, 1.0),
    "clip at the upper edge": (lambda x: xp.clip(x, 1.0, 2.0), 2.0, 1.0),
    "clip at both edges": (lambda x: xp.clip(x, 1.0, 1.0), 1.0, 1.0),
    "clip below": (lambda x: xp.clip(x, 1.0, 2.0), 0.5, 0.0),
    "clip, its bound at the edge": (lambda x: xp.clip(one(x), min=x), 1.0, 0.0),
    "clip, its bound beyond": (lambda x: xp.clip(one(x), min=x), 1.5, 1.0),
    "clip, its upper bound at the edge": (lambda x: xp.clip(one(x), max=x), 1.0, 0.0),
    "clip, its bounds crossed": (lambda x: xp.clip(one(x), 2.0 * one(x), x), 0.5, 1.0),
    "clip to itself": (lambda x: xp.clip(x, x, x), 1.0, 1.0),
    "clip at ∞": (lambda x: xp.clip(x, 0.0, INF), INF, 1.0),
    "maximum at a tie of ∞": (lambda x: xp.maximum(x, infinite(x)), INF, 0.5),
    "atan2 at the origin, above": (lambda x: xp.atan2(x, zero(x)), 0.0, 0.0),
    "atan2 at the origin, ahead": (lambda x: xp.atan2(zero(x), x), 0.0, 0.0),
    "atan2 at the origin, from below": (lambda x: xp.atan2(x, -zero(x)), -0.0, 0.0),
    "hypot at the origin": (lambda x: xp.hypot(x, zero(x)), 0.0, 0.0),
    "hypot at the origin, twice": (lambda x: xp.hypot(x, x), 0.0, 0.0),
    "logaddexp of −∞": (lambda x: xp.logaddexp(x, -infinite(x)), -INF, 0.5),
    "logaddexp of ∞": (lambda x: xp.logaddexp(x, infinite(x)), INF, 0.5),
    "logaddexp with −∞": (lambda x: xp.logaddexp(x, -infinite(x)), 1.0, 1.0),
    "logaddexp of −∞ with a number": (lambda x: xp.logaddexp(x, one(x)), -INF, 0.0),
    "logaddexp at a tie": (lambda x: xp.logaddexp(x, one(x)), 1.0, 0.5),
    "logaddexp, far ahead": (lambda x: xp.logaddexp(x, zero(x)), 1e4, 1.0),
    "logaddexp, far behind": (lambda x: xp.logaddexp(x, zero(x)), -1e4, 0.0),
    "remainder by ∞": (lambda x: xp.remainder(x, infinite(x)), 1.0, 1.0),
    "remainder, by the divisor": (lambda x: xp.remainder(7.0, x), 2.0, -3.0),
    "remainder, of a negative number": (lambda x: xp.remainder(-7.0, x), 2.0, 4.0),
    "tanh, far out": (lambda x: xp.tanh(x), 1e4, 0.0),
    "atan at ∞": (lambda x: xp.atan(x), INF, 0.0),
    "asinh at ∞": (lambda x: xp.asinh(x), INF, 0.0),
    "asin at 1": (lambda x: xp.asin(x), 1.0, INF),
    "asin at −1": (lambda x: xp.asin(x), -1.0, INF),
    "acos at 1": (lambda x: xp.acos(x), 1.0, -INF),
    "acosh at 1": (lambda x: xp.acosh(x), 1.0, INF),
    "atanh at 1": (quiet(lambda x: xp.atanh(x)), 1.0, INF),
    "atanh at −1": (quiet(lambda x: xp.atanh(x)), -1.0, INF),
    "log1p at −1": (quiet(lambda x: xp.log1p(x)), -1.0, INF),
    "exp at −∞": (lambda x: xp.exp(x), -INF, 0.0),
    "sinc at 0": (quiet(lambda x: xp.where(x == 0, 1.0, xp.sin(x) / x)), 0.0, 0.0),
    "where of asin beyond 1": (quiet(lambda x: xp.where(x > 1, x, xp.asin(x))), 2.0, 1.0),
    "where of acosh below 1": (quiet(lambda x: xp.where(x < 1, x, xp.acosh(x))), 0.5, 1.0),
    "where of an overflow": (quiet(lambda x: xp.where(x > 20, x, xp.log1p(xp.exp(x)))), 1e4, 1.0),
    "where of a bump": (quiet(lambda x: xp.where(x > 0, xp.exp(-1.0 / x), 0.0)), -1e-5, 0.0),
    "where of a bump at 0": (quiet(lambda x: xp.where(x > 0, xp.exp(-1.0 / x), 0.0)), 0.0, 0.0),
    "where of a remainder by 0": (
        quiet(lambda x: xp.where(x > 0, xp.remainder(1.0, x), x)),
        0.0,
        1.0,
    ),
    "where of integers": (lambda x: xp.where(np.asarray(2), x, 3.0 * x), 1.0, 1.0),
}
DIRECTIONS = {
    "forward": lambda f, x: ud.jvp(f, (x,), (np.ones_like(x),))[1],
    "reverse": lambda f, x: ud.grad(f)(x),
    "pulled": lambda f, x: ud.vjp(f, x)[1](np.ones_like(x))[0],
    "linearized": lambda f, x: ud.linearize(f, x)[1](np.ones_like(x)),
    "transposed": lambda f, x: ud.linearize(f, x)[1].T(np.ones_like(x)),
    "forward Jacobian": lambda f, x: ud.jacfwd(f)(x),
    "reverse Jacobian": lambda f, x: ud.jacrev(f)(x),
}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_convention_holds(name, direction, dtype):
    f, x, wanted = POINTS[name]
    found = DIRECTIONS[direction](f, np.asarray(x, dtype))

    assert found == wanted
    assert found.dtype == dtype


@pytest.mark.parametrize("outer", [ud.jacfwd, ud.jacrev])
@pytest.mark.parametrize("inner", [ud.jacfwd, ud.jacrev])
def test_the_dead_branch_is_dead_to_second_order(outer, inner):
    f = quiet(lambda x: xp.where(x > 0, xp.sqrt(x) / x, x * x))

    assert outer(inner(f))(np.asarray(0.0)) == 2.0


# a function of one number, where, the second derivative
SECOND = {
    "x²": (lambda x: x**2, 0.0, 2.0),
    "x²·⁰": (lambda x: x ** at(2.0)(x), 0.0, 2.0),
    "x³": (lambda x: x**3, 0.0, 0.0),
    "x¹": (lambda x: x**1, 0.0, 0.0),
    "x⁰": (lambda x: x**0, 0.0, 0.0),
    "square": (lambda x: xp.square(x), 0.0, 2.0),
    "x |x|": (lambda x: x * abs(x), 0.0, 0.0),
    "abs": (lambda x: abs(x), 0.0, 0.0),
    "abs of 0 + 0i": (lambda x: xp.abs(x * (1 + 1j)), 0.0, 0.0),
    "angle of 0 + 0i": (lambda x: xp.angle(x * (1 + 1j)), 0.0, 0.0),
    "sign of 0 + 0i": (lambda x: xp.real(xp.sign(x * (1 + 1j))), 0.0, 0.0),
    "hypot": (lambda x: xp.hypot(x, zero(x)), 0.0, 0.0),
    "hypot beside 0": (lambda x: xp.hypot(x, one(x)), 0.0, 1.0),
    "hypot squared": (lambda x: xp.hypot(x, zero(x)) ** 2, 0.0, 0.0),
    "atan2": (lambda x: xp.atan2(x, zero(x)), 0.0, 0.0),
    "logaddexp at a tie": (lambda x: xp.logaddexp(x, zero(x)), 0.0, 0.25),
    "logaddexp with −∞": (lambda x: xp.logaddexp(x, -infinite(x)), 0.0, 0.0),
    "maximum": (lambda x: xp.maximum(x, zero(x)), 0.0, 0.0),
    "maximum of squares": (lambda x: xp.maximum(x * x, zero(x)), 0.0, 1.0),
    "clip": (lambda x: xp.clip(x, 0.0, 1.0) ** 2, 0.0, 2.0),
    "copysign": (lambda x: xp.copysign(x, one(x)), 0.0, 0.0),
    "tanh": (lambda x: xp.tanh(x), 0.0, 0.0),
    "slope of tanh": (lambda x: ud.derivative(xp.tanh)(x), 0.0, -2.0),
    "sinc": (quiet(lambda x: xp.where(x == 0, 1.0, xp.sin(x) / x)), 0.0, 0.0),
    "remainder": (lambda x: xp.remainder(x, 2.0), 3.0, 0.0),
    "xlogy at 0": (lambda x: ud.special.xlogy(zero(x), x), 2.0, 0.0),
}


@pytest.mark.parametrize("outer", [ud.jacfwd, ud.jacrev])
@pytest.mark.parametrize("inner", [ud.jacfwd, ud.jacrev])
@pytest.mark.parametrize("name", SECOND)
def test_the_second_derivative_is_finite(name, inner, outer):
    f, x, wanted = SECOND[name]

    assert outer(inner(f))(np.asarray(x)) == wanted


# a function of one number, where: nan comes through, forward and backward
NAN = {
    "maximum": (lambda x: xp.maximum(x, 0.0), np.nan),
    "maximum with nan": (lambda x: xp.maximum(x, np.asarray(np.nan)), 1.0),
    "minimum": (lambda x: xp.minimum(x, 0.0), np.nan),
    "clip": (lambda x: xp.clip(x, 0.0, 1.0), np.nan),
    "clip to nan": (lambda x: xp.clip(x, min=np.asarray(np.nan)), 1.0),
    "abs": (lambda x: abs(x), np.nan),
    "logaddexp": (quiet(lambda x: xp.logaddexp(x, 1.0)), np.nan),
    "atan2": (lambda x: xp.atan2(x, 1.0), np.nan),
    "hypot": (lambda x: xp.hypot(x, 1.0), np.nan),
    "copysign": (lambda x: xp.copysign(x, 1.0), np.nan),
    "tanh": (lambda x: xp.tanh(x), np.nan),
    "atan": (lambda x: xp.atan(x), np.nan),
    "asinh": (lambda x: xp.asinh(x), np.nan),
    "pow": (lambda x: x**2.5, np.nan),
    "negative base by the exponent": (quiet(lambda x: np.asarray(-2.0) ** x), 2.0),
    "negative base, fractional power": (quiet(lambda x: x**2.5), -2.0),
    "remainder by 0": (quiet(lambda x: xp.remainder(1.0, x)), 0.0),
}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", NAN)
def test_nan_stays(name, direction):
    f, x = NAN[name]

    assert np.isnan(DIRECTIONS[direction](f, np.asarray(x)))


def test_a_tie_is_split_between_both_sides():
    a, b = ud.grad(lambda a, b: np.sum(np.maximum(a, b)), argnums=(0, 1))(np.ones(2), np.ones(2))

    assert a.tolist() == b.tolist() == [0.5, 0.5]


def test_a_warning_of_the_users_own_is_kept():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        ud.grad(lambda x: xp.sum(xp.log(x)))(np.zeros(1))


def test_nan_is_not_swallowed():
    assert np.isnan(ud.grad(lambda x: x * np.asarray(np.nan))(1.0))
    assert np.isnan(ud.jvp(xp.sqrt, (np.asarray(4.0),), (np.asarray(np.nan),))[1])
