"""The tape needs a namespace, no more: it differentiates torch's and JAX's plain arrays too."""

from __future__ import annotations

import array_api_compat.numpy as compat_numpy
import array_api_compat.torch as compat_torch
import jax.numpy as jnp
import numpy as np
import pytest
from tape.programs import assert_near

import unidiff as ud
from unidiff.tape import TapeEngine, traced

PLAIN = {"torch": compat_torch, "jax": jnp, "numpy": compat_numpy}
engine = TapeEngine()


@pytest.fixture(params=PLAIN)
def library(request):
    """A namespace whose arrays the tape takes as they are, and its traced twin."""
    plain = PLAIN[request.param]
    ud.backend(request.param)
    return plain, traced(plain)


M = np.random.default_rng(1).standard_normal((3, 3))
START = np.array([0.3, -0.7, 1.1])


def smooth(xp, m, x):
    y = xp.tanh(m @ x) * xp.exp(-x[::1]) + xp.sum(x * x) * xp.roll(x, 1)
    return xp.concat([y[1:], xp.cumulative_sum(xp.sin(y))]) @ xp.concat([x[:2], x])


def slopes(f, x, h=1e-5):
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


def oracle(x):
    with np.errstate(all="raise"):
        y = np.tanh(M @ x) * np.exp(-x) + np.sum(x * x) * np.roll(x, 1)
        return np.concatenate([y[1:], np.cumsum(np.sin(y))]) @ np.concatenate([x[:2], x])


def flat(function):
    return lambda x: ([function(x)], [])


def test_a_gradient(library):
    plain, xp = library
    m, x = plain.asarray(M), plain.asarray(START)
    y, (gradient,), _ = engine.value_and_gradient(flat(lambda x: smooth(xp, m, x)), [x])

    assert type(gradient) is type(x)
    assert float(y) == pytest.approx(oracle(START), rel=1e-14)
    assert_near(gradient, slopes(oracle, START))


def test_a_tangent(library):
    plain, xp = library
    m, x, dx = plain.asarray(M), plain.asarray(START), plain.asarray(np.array([1.0, 2.0, -1.0]))
    _, (dy,), _ = engine.jvp(flat(lambda x: smooth(xp, m, x)), [x], [dx])

    assert float(dy) == pytest.approx(slopes(oracle, START) @ [1.0, 2.0, -1.0], rel=1e-8)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_hessian(library, mode):
    plain, xp = library
    if plain is jnp and mode == "forward":
        pytest.skip("JAX compiles every operation: one mode is enough")
    m, x = plain.asarray(M), plain.asarray(START)

    def gradient(x):
        _, gradients, _ = engine.value_and_gradient(flat(lambda x: smooth(xp, m, x)), [x])
        return gradients, []

    _, ((hessian,),), _ = engine.jacobian(gradient, [x], mode)

    assert_near(hessian, slopes(lambda x: slopes(oracle, x, 1e-4), START, 1e-4), 1e-5)


def test_a_solve_uses_the_librarys_own_namespace(library):
    plain, xp = library
    a, b = plain.asarray(M + 4 * np.eye(3)), plain.asarray(START)
    f = lambda a: xp.sum(xp.linalg.solve(a, b) ** 2)  # noqa: E731
    _, (gradient,), _ = engine.value_and_gradient(flat(f), [a])
    y = np.linalg.solve(np.asarray(a), START)
    wanted = -2 * np.outer(np.linalg.solve(np.asarray(a).T, y), y)

    np.testing.assert_allclose(np.asarray(gradient), wanted, rtol=1e-12)
