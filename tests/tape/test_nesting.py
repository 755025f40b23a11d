"""Transforms inside transforms: no perturbation is confused with another."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import unidiff as ud

ONE, TWO, THREE = np.asarray(1.0), np.asarray(2.0), np.asarray(3.0)


def forward(f):
    return lambda x: ud.jvp(f, (x,), (ud.array_namespace(x).ones_like(ud.value_of(x)),))[1]


def reverse(f):
    return lambda x: ud.grad(f)(x)


def linearized(f):
    return lambda x: ud.linearize(f, x)[1](np.ones(()))


def transposed(f):
    return lambda x: ud.vjp(f, x)[1](np.ones(()))[0]


MODES = [forward, reverse, linearized, transposed, ud.derivative]
two = pytest.mark.parametrize(
    ("outer", "inner"), list(itertools.product(MODES, MODES)), ids=lambda m: m.__name__
)


@two
def test_an_inner_derivative_does_not_see_the_outer_perturbation(outer, inner):
    assert outer(lambda x: x * inner(lambda y: x + y)(ONE))(ONE) == 1
    assert outer(lambda x: x * inner(lambda y: x * y * y)(TWO))(THREE) == 24
    assert outer(lambda x: inner(lambda y: x)(x))(ONE) == 0
    assert outer(lambda x: inner(lambda y: y * y * x)(x))(THREE) == 12


@two
def test_an_inner_function_may_return_what_the_outer_traces(outer, inner):
    assert outer(lambda x: x * x + inner(lambda y: x * x * 1.0)(TWO))(THREE) == 6


def names(modes):
    return " of ".join(mode.__name__ for mode in reversed(modes))


@pytest.mark.parametrize("modes", list(itertools.product(MODES[:4], repeat=3)), ids=names)
def test_third_derivatives_in_every_mixture(modes):
    f = lambda x: x**4 * 1.0 + np.sin(x)  # noqa: E731
    for mode in modes:
        f = mode(f)

    assert float(f(TWO)) == pytest.approx(48 - np.cos(2.0), rel=1e-13)


@two
def test_a_derivative_along_a_closed_over_variable(outer, inner):
    def f(x):
        return inner(lambda y: np.exp(x * y))(x * x)

    x, h = 0.7, 1e-6
    plain = lambda x: x * np.exp(x**3)  # noqa: E731

    assert float(outer(f)(np.asarray(x))) == pytest.approx(
        (plain(x + h) - plain(x - h)) / (2 * h), rel=1e-8
    )


def test_mixed_partials_of_two_arguments():
    f = lambda x, y: np.sin(x * y) * y  # noqa: E731
    one = ud.grad(lambda x: ud.grad(f, argnums=1)(x, TWO))(ONE)
    other = ud.grad(lambda y: ud.grad(f, argnums=0)(ONE, y))(TWO)

    assert float(one) == pytest.approx(float(other), rel=1e-14)


def test_stop_gradient_stops_every_level():
    f = lambda x: ud.stop_gradient(x) * x * x  # noqa: E731

    assert ud.grad(ud.grad(f))(THREE) == 6
    assert ud.grad(lambda x: ud.grad(lambda y: y * ud.stop_gradient(x))(x))(THREE) == 0


def test_value_of_looks_under_every_level():
    seen = []

    def f(x):
        seen.append(ud.value_of(x))
        return x * x

    ud.grad(ud.grad(f))(THREE)

    assert type(seen[0]) in (np.ndarray, np.float64)
    assert seen == [3.0]


def test_comparisons_and_branches_look_under_every_level():
    def f(x):
        return x * x if x > 2 and x != 4 and not x <= 1 else -x

    assert ud.grad(ud.grad(f))(THREE) == 2
    assert ud.jvp(f, (ONE,), (ONE,))[1] == -1
