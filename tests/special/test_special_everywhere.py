"""Special functions are native on JAX and PyTorch, and reached by every road."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import torch

import unidiff as ud

S = ud.special
X = np.asarray([[0.3, 0.8, 0.55], [0.2, 0.4, 0.9]])

FUNCTIONS = {
    "erf": S.erf,
    "erfc": S.erfc,
    "ndtr": S.ndtr,
    "log_ndtr": S.log_ndtr,
    "expit": S.expit,
    "logit": S.logit,
    "xlogy": lambda x: S.xlogy(x, x + 1),
    "gammaln": S.gammaln,
    "digamma": S.digamma,
    "psi": S.psi,
    "polygamma": lambda x: S.polygamma(1, x),
    "logsumexp": lambda x: S.logsumexp(x, axis=-1),
    "logsumexp, weighted": lambda x: S.logsumexp(x, axis=-1, b=x, return_sign=True)[0],
    "softmax": lambda x: S.softmax(x, axis=-1) ** 2,
    "log_softmax": lambda x: S.log_softmax(x, axis=-1),
}


def gradient(f):
    """The gradient on NumPy, whose rules are checked against differences."""
    return ud.grad(lambda x: np.sum(f(x)))(X)


def curvature(f):
    return ud.jvp(ud.grad(lambda x: np.sum(f(x))), (X,), (np.ones_like(X),))[1]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_on_jax_it_is_a_function_of_jaxs(name):
    f = FUNCTIONS[name]

    def total(x):
        return jnp.sum(f(x))

    x = jnp.asarray(X)
    by_rows = jax.jit(jax.vmap(jax.grad(total)))(x)
    hessian_vector = jax.jvp(jax.grad(total), (x,), (jnp.ones_like(x),))[1]

    np.testing.assert_allclose(by_rows, gradient(f), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(hessian_vector, curvature(f), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_on_torch_it_is_a_function_of_torchs(name):
    f = FUNCTIONS[name]
    x = torch.tensor(X, requires_grad=True)
    (w,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    (curved,) = torch.autograd.grad(w.sum(), x)
    by_rows = torch.func.vmap(torch.func.grad(lambda x: f(x).sum()))(x.detach())

    np.testing.assert_allclose(w.detach(), gradient(f), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(by_rows, gradient(f), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(curved, curvature(f), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_torch_traces_it_without_numbers(name):
    x = torch.tensor(X)
    found = torch.compile(FUNCTIONS[name], backend="eager", fullgraph=True)(x)

    np.testing.assert_allclose(found, FUNCTIONS[name](X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", S.__all__)
def test_the_namespace_of_every_backend_has_it(name, backend):
    assert getattr(backend.xp.special, name) is getattr(S, name)


UFUNCS = ["erf", "erfc", "ndtr", "log_ndtr", "expit", "logit", "gammaln", "psi", "digamma"]


@pytest.mark.parametrize("name", UFUNCS)
def test_scipys_function_of_a_traced_array_is_ours(name):
    f = getattr(scipy.special, name)

    np.testing.assert_array_equal(gradient(f), gradient(FUNCTIONS[name]))


def test_scipys_function_of_two_traced_arrays_is_ours():
    found = gradient(lambda x: scipy.special.xlogy(x, x + 1))

    np.testing.assert_array_equal(found, gradient(FUNCTIONS["xlogy"]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_stack_of_points_by_forward_and_reverse_jacobians(name, backend):
    f, x = FUNCTIONS[name], backend.plain.asarray(X[0])
    forward, reverse = (np.asarray(jacobian(f)(x)) for jacobian in (ud.jacfwd, ud.jacrev))

    np.testing.assert_allclose(forward, reverse, rtol=1e-12, atol=1e-14)


def test_two_precisions_meet_in_the_wider_one(backend):
    a = backend.plain.asarray(X.astype("float32"))
    b = backend.plain.asarray(X + 1)
    da, db = ud.grad(lambda a, b: backend.xp.sum(S.xlogy(a, b)), argnums=(0, 1))(a, b)

    assert [str(w.dtype)[-7:] for w in (da, db)] == ["float32", "float64"]
    np.testing.assert_allclose(np.asarray(da), np.log(X + 1), rtol=1e-6)


def test_numbers_beside_an_array(backend):
    x = backend.plain.asarray(X)

    np.testing.assert_allclose(np.asarray(S.xlogy(x, 2.0)), scipy.special.xlogy(X, 2.0))
    np.testing.assert_allclose(np.asarray(S.xlogy(2, x)), scipy.special.xlogy(2, X))
    found = ud.grad(lambda x: backend.xp.sum(S.xlogy(2, x)))(x)
    np.testing.assert_allclose(np.asarray(found), 2 / X)
