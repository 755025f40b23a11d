"""A matrix is factored once: for the value, and for the derivative in all four directions."""

from __future__ import annotations

import numpy as np
import pytest

import unidiff as ud
from unidiff.maps import left
from unidiff_numpy import _kernels

A = np.random.default_rng(3).standard_normal((6, 6)) + 4 * np.eye(6)
B = np.random.default_rng(4).standard_normal((6, 2))
STACK = np.stack([A, A.T, A + 1])


@pytest.fixture
def factorizations(monkeypatch):
    """A list that grows by one with each factorization that LAPACK does."""
    calls = []
    for name in ("getrf", "gesv", "potrf", "getri"):
        original = getattr(_kernels._lapack["d"], name)

        def counting(*args, original=original, name=name, **kwargs):
            if name != "getri":
                calls.append(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(_kernels._lapack["d"], name, counting)
    return calls


FUNCTIONS = {
    "solve": lambda a: ud.linalg.solve(a, B),
    "solve a vector": lambda a: ud.linalg.solve(a, B[:, 0]),
    "inv": ud.linalg.inv,
    "slogdet": lambda a: ud.linalg.slogdet(a)[1],
    "cholesky": lambda a: ud.linalg.cholesky(a @ a.T),
}
xp = ud.backend("numpy").xp


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_serves_the_value_and_both_directions(name, factorizations):
    y, L = ud.linearize(FUNCTIONS[name], A)
    for _ in range(3):
        L(A), L.T(np.ones_like(y)), L(np.stack([A, A])), L.T(np.ones((4, *y.shape)))

    assert len(factorizations) == 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_serves_a_gradient(name, factorizations):
    ud.grad(lambda a: xp.sum(xp.sin(FUNCTIONS[name](a))))(A)

    assert len(factorizations) == 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_serves_a_tangent(name, factorizations):
    ud.jvp(FUNCTIONS[name], (A,), (A,))

    assert len(factorizations) == 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_serves_a_hessian_forward_over_reverse(name, factorizations):
    hessian = ud.hessian(lambda a: xp.sum(xp.sin(FUNCTIONS[name](a))))(A)

    assert hessian.shape == (6, 6, 6, 6)
    assert len(factorizations) == 1


@pytest.mark.parametrize("name", ["solve", "inv"])
def test_each_matrix_of_a_stack_is_factored_once(name, factorizations):
    y, L = ud.linearize(FUNCTIONS[name], STACK)
    L(STACK), L.T(y), L.T(np.stack([y, y]))

    assert len(factorizations) in ({3} if name == "solve" else {0, 3}), "NumPy's own inv of a stack"


def test_the_inverse_of_a_map_shares_its_factors(factorizations):
    solve = left(A).inv
    for f in (solve, solve.T, solve.inv.T):
        f(B)
    solve.on(B).logabsdet()

    assert len(factorizations) == 1
    assert solve.inv.m is A


def test_all_four_directions_of_solve_share_one(factorizations):
    _, L = ud.linearize(lambda b: ud.linalg.solve(A, b), B)
    (node,) = L.flat.outputs
    L_of_b = node.primitive.operand_map(L.flat.xp, node, node.parents.index(L.flat.inputs[0]))
    u = L(B)

    np.testing.assert_allclose(L_of_b.inv(u), B, rtol=1e-12)
    np.testing.assert_allclose(L_of_b.T(L_of_b.inv.T(B)), B, rtol=1e-12)
    np.testing.assert_allclose(u, np.linalg.solve(A, B), rtol=1e-12)
    assert len(factorizations) == 1
