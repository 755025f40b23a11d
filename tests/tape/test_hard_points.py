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
        with np.errstate(divide="ignore", invalid="ignore"):
            return f(x)

    return function


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


def test_a_tie_is_split_between_both_sides():
    a, b = ud.grad(lambda a, b: np.sum(np.maximum(a, b)), argnums=(0, 1))(np.ones(2), np.ones(2))

    assert a.tolist() == b.tolist() == [0.5, 0.5]


def test_a_warning_of_the_users_own_is_kept():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        ud.grad(lambda x: xp.sum(xp.log(x)))(np.zeros(1))


def test_nan_is_not_swallowed():
    assert np.isnan(ud.grad(lambda x: x * np.asarray(np.nan))(1.0))
    assert np.isnan(ud.jvp(xp.sqrt, (np.asarray(4.0),), (np.asarray(np.nan),))[1])
