"""A user's rule runs on every backend without another line; so does one without a transpose."""

import numpy as np
import pytest

import unidiff as ud
from unidiff.maps import from_functions, left, right


@ud.primitive("(m,m)->(m,m)")
def cube(xp, a):
    return a @ a @ a


@cube.derivative
def _(xp, y, a):
    return right(a) @ right(a) + left(a) @ right(a) + left(a) @ left(a)


def fourth_frechet(da, a):
    square, dsquare = a @ a, a @ da + da @ a
    return square @ dsquare + dsquare @ square


@ud.primitive("(m,m)->(m,m)")
def fourth(xp, a):
    return a @ a @ a @ a


@fourth.derivative
def _(xp, y, a):
    return from_functions(fourth_frechet, a, domain=a)


@pytest.fixture
def a(rng):
    return rng.standard_normal((3, 3))


@pytest.mark.parametrize("f", [cube, fourth])
def test_a_rule_of_six_lines_runs_on_every_backend(f, backend, a):
    ud.testing.check_rule(f, a, backends=[backend.name])


@pytest.mark.parametrize(("f", "power"), [(cube, 3), (fourth, 4)])
def test_its_gradient_is_that_of_the_power(f, power, backend, a):
    def log_volume(x):
        return backend.xp.linalg.slogdet(f(x))[1]

    found = ud.grad(log_volume)(backend.plain.asarray(a))

    np.testing.assert_allclose(np.asarray(found), power * np.linalg.inv(a).T, rtol=1e-9)
