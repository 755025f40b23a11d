"""A checkpoint has the function's derivatives, and keeps its arguments alone."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import unidiff as ud
from unidiff.tape._level import untraced

BACKENDS = ("numpy", "array_api_strict", "jax", "torch")
X, W = np.array([0.3, -0.2, 0.9]), np.array([1.5, 0.5, -1.0])


def step(x, w):
    xp = ud.array_namespace(x, w)
    return xp.sin(x * w) + x


def pair(x, w):
    return {"sum": step(x, w), "product": (x * w, x)}


def through(f):
    def loss(x, w):
        xp = ud.array_namespace(x)
        for _ in range(3):
            x = f(x, w)
        return xp.sum(x * x)

    return loss


def of(name, *arrays):
    try:
        backend = ud.backend(name)
    except ud.BackendError as error:
        pytest.skip(str(error))
    return [backend.asarray(x) if name != "torch" else _tensor(x) for x in arrays]


def _tensor(x):
    import torch

    return torch.asarray(x)


TRANSFORMS = {
    "grad": lambda f: ud.grad(f, argnums=(0, 1)),
    "jvp": lambda f: lambda x, w: ud.jvp(f, (x, w), (w, x))[1],
    "vjp": lambda f: lambda x, w: ud.vjp(f, x, w)[1](1.0),
    "forward over forward": lambda f: lambda x, w: ud.jacfwd(ud.jacfwd(f))(x, w),
    "forward over reverse": lambda f: lambda x, w: ud.jacfwd(ud.jacrev(f))(x, w),
    "reverse over forward": lambda f: lambda x, w: ud.jacrev(ud.jacfwd(f))(x, w),
    "reverse over reverse": lambda f: lambda x, w: ud.jacrev(ud.jacrev(f))(x, w),
    "hvp": lambda f: lambda x, w: ud.hvp(f, (x, w), (w, x)),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_derivatives_are_those_of_the_function(name, backend):
    transform, args = TRANSFORMS[name], of(backend, X, W)

    found = transform(through(ud.checkpoint(step)))(*args)
    wanted = transform(through(step))(*args)

    flat = lambda y: list(y) if isinstance(y, tuple | list) else [y]  # noqa: E731
    for a, b in zip(flat(found), flat(wanted), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_trees_go_in_and_out(backend):
    def loss(f):
        def function(x, w):
            y = f(x, w)
            xp = ud.array_namespace(x)
            return xp.sum(y["sum"] * y["product"][0] + y["product"][1])

        return function

    args = of(backend, X, W)
    for f in (ud.grad(loss(ud.checkpoint(pair))), ud.jacfwd(loss(ud.checkpoint(pair)))):
        wanted = ud.grad(loss(pair))(*args)
        np.testing.assert_allclose(np.asarray(f(*args)), np.asarray(wanted), rtol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "array_api_strict", "torch"])
def test_a_captured_traced_array_is_refused(backend):
    x, w = of(backend, X, W)

    def loss(w):
        return ud.array_namespace(w).sum(ud.checkpoint(lambda x: step(x, w))(x * w))

    with pytest.raises(ValueError, match="none of its arguments, whose derivative would be lost"):
        ud.grad(loss)(w)


def test_on_jax_a_captured_array_keeps_its_derivative():
    x, w = of("jax", X, W)

    def loss(f):
        return lambda w: ud.array_namespace(w).sum(f(lambda x: step(x, w))(x * w))

    found, wanted = ud.grad(loss(ud.checkpoint))(w), ud.grad(loss(lambda f: f))(w)
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-12)


def test_what_is_computed_between_is_let_go():
    between = []

    def inner(x):
        y = np.exp(x * 2.0)
        between.append(weakref.ref(untraced(y)))
        return np.sin(y * y)

    x = np.linspace(0.0, 1.0, 5000)
    for f, kept in ((inner, True), (ud.checkpoint(inner), False)):
        between.clear()
        _, pull = ud.vjp(f, x)
        gc.collect()
        assert [ref() is not None for ref in between] == [kept]
        pull(np.ones_like(x))


def test_a_basis_goes_through_in_one_recomputation():
    calls = []

    def f(x):
        calls.append(1)
        return np.sin(x) * x

    _, L = ud.linearize(ud.checkpoint(f), X)
    calls.clear()
    found = L.T(np.eye(3))

    assert len(calls) == 1
    np.testing.assert_allclose(found, np.diag(np.cos(X) * X + np.sin(X)), rtol=1e-14)


def test_several_arguments_are_pulled_to_in_one_recomputation():
    calls = []

    def f(x, w):
        calls.append(1)
        return step(x, w)

    gradient = ud.grad(lambda x, w: np.sum(ud.checkpoint(f)(x, w)), argnums=(0, 1))
    gradient(X, W)

    assert len(calls) == 2


def test_the_callers_array_may_change_before_the_sweep():
    x = X.copy()
    _, pull = ud.vjp(ud.checkpoint(np.sin), x)
    x[:] = 0.0

    np.testing.assert_allclose(pull(np.ones(3))[0], np.cos(X), rtol=1e-15)


def test_integers_keywords_and_plain_calls():
    @ud.checkpoint
    def f(x, k, *, power=1):
        return x**power * k, np.argmax(x)

    y, place = f(X, np.array(2), power=3)
    np.testing.assert_array_equal(y, X**3 * 2)
    assert place == 2
    gradient = ud.grad(lambda x: np.sum(f(x, np.array(2), power=3)[0]))(X)
    np.testing.assert_allclose(gradient, 6 * X**2, rtol=1e-14)


def test_the_wiring_of_a_checkpoint_reads_its_arguments():
    _, L = ud.linearize(ud.checkpoint(lambda x, w: step(x, w)), X, W)
    calls = L.flat.wires().calls

    assert [(call.node.name, len(call.operands)) for call in calls] == [("checkpoint", 2)]


def test_wanted_a_function():
    with pytest.raises(TypeError, match="checkpoint: wanted a function, got ndarray"):
        ud.checkpoint(X)
