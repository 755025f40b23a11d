"""Every program's derivatives, in every direction and to second order, against differences."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tape.programs import CASES, assert_near, case, differences

import unidiff as ud

programs = pytest.mark.parametrize(("library", "name"), CASES)


def unit_arrays(c, shape):
    size = int(np.prod(shape))
    return c(np.eye(size).reshape(size, *shape))


@programs
def test_a_basis_is_pushed_forward_in_one_call(library, name):
    this = case(library, name)
    _, L = ud.linearize(this.f, this.x)
    columns = np.asarray(L(unit_arrays(this.constants, this.x.shape)))

    assert_near(np.moveaxis(columns, 0, -1).reshape(this.jacobian.shape), this.jacobian)


@programs
def test_a_basis_is_pulled_back_in_one_call(library, name):
    this = case(library, name)
    y, L = ud.linearize(this.f, this.x)
    rows = np.asarray(L.T(unit_arrays(this.constants, y.shape)))

    assert_near(rows.reshape(this.jacobian.shape), this.jacobian)


@programs
def test_a_basis_may_have_two_axes(library, name):
    this = case(library, name)
    y, L = ud.linearize(this.f, this.x)
    dx = np.stack(
        [
            np.asarray(unit_arrays(this.constants, this.x.shape)),
        ]
        * 2
    )
    w = np.stack(
        [
            np.asarray(unit_arrays(this.constants, y.shape)),
        ]
        * 2,
        axis=1,
    )
    columns = np.asarray(L(this.constants(dx * np.array([1, 2]).reshape(2, *[1] * (dx.ndim - 1)))))
    rows = np.asarray(L.T(this.constants(w)))

    for factor in (1, 2):
        column = np.moveaxis(columns[factor - 1], 0, -1).reshape(this.jacobian.shape)
        assert_near(column, factor * this.jacobian)
        assert_near(rows[:, factor - 1].reshape(this.jacobian.shape), this.jacobian)


@programs
def test_one_tangent_is_pushed_along(library, name):
    this = case(library, name)
    dx = np.cos(np.arange(this.x.size)).reshape(this.x.shape)
    y, dy = ud.jvp(this.f, (this.x,), (this.constants(dx),))

    assert_near(y, np.asarray(this.f(this.x)), 1e-14)
    assert_near(dy, np.tensordot(this.jacobian, dx, this.x.ndim))


@programs
def test_the_derivative_is_written_out(library, name):
    this = case(library, name)
    _, L = ud.linearize(this.f, this.x)

    assert_near(L.dense(), this.jacobian)
    assert_near(
        L.T.dense(),
        np.moveaxis(this.jacobian, range(this.lead), range(-this.lead, 0))
        if this.lead
        else this.jacobian,
    )
    assert_near(L.matrix(), this.jacobian.reshape(-1, this.x.size))
    for jacobian in (ud.jacobian, ud.jacfwd, ud.jacrev):
        assert_near(jacobian(this.f)(this.x), this.jacobian)


@cache
def weighted(library, name):
    """A scalar function of the program's value, and its Hessian by differences."""
    this = case(library, name)
    c = this.constants
    weights = np.random.default_rng(7).standard_normal(this.jacobian.shape[: this.lead])

    def scalar(x):
        return c.xp.sum(c.xp.sin(this.f(x)) * c(weights))

    return scalar, this.x, differences(c, ud.grad(scalar), this.x)


ORDERS = {
    "forward over forward": lambda f: ud.jacfwd(ud.jacfwd(f)),
    "forward over reverse": lambda f: ud.jacfwd(ud.jacrev(f)),
    "reverse over forward": lambda f: ud.jacrev(ud.jacfwd(f)),
    "reverse over reverse": lambda f: ud.jacrev(ud.jacrev(f)),
}


@pytest.mark.parametrize("order", ORDERS)
@programs
def test_the_second_derivative(library, name, order):
    scalar, x, hessian = weighted(library, name)

    assert_near(ORDERS[order](scalar)(x), hessian, 1e-7)
