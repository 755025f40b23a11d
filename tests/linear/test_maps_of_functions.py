"""Maps given by functions, and by SciPy's linear operators."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from linear.pairing import assert_close, pairing
from scipy.sparse.linalg import LinearOperator, aslinearoperator, cg

import unidiff as ud
from unidiff.maps import column, conjugate, from_functions, from_scipy, left, right, row, to_scipy

A = np.arange(9.0).reshape(3, 3) - 2
libraries = pytest.mark.parametrize("library", ["numpy", "array_api_strict"])


def commutator(dx, a):
    return a @ dx - dx @ a


def weighted(dx, a, *, power):
    return a**power * dx


def first_half(dx):
    return dx[: dx.shape[0] // 2]


def nothing(dx):
    return 0.0 * np.ones(2)


def flipped(dx):
    return dx[::-1]


# -- from_functions --------------------------------------------------------------------------------


@libraries
@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_a_missing_transpose_is_derived(rng, library, dtype):
    xp = ud.backend(library).plain
    a, x, w = (xp.asarray(rng.standard_normal((3, 3)).astype(dtype)) for _ in range(3))
    L = from_functions(commutator, a, domain=x, batched=True)
    wanted = a.mT @ w - w @ a.mT

    assert_close(L.T(w), wanted)
    assert_close(L.T(xp.stack([w, 2 * w])), xp.stack([wanted, 2 * wanted]))
    assert pairing(L(x), w) == pytest.approx(pairing(x, L.T(w)), rel=1e-4)


def test_a_transpose_is_derived_for_each_array_of_a_basis():
    L = from_functions(first_half, domain=np.ones(4))
    basis = np.arange(12.0).reshape(3, 2, 2)

    assert np.array_equal(L(np.ones((5, 4))), np.ones((5, 2)))
    assert np.array_equal(L.T(basis), np.concatenate([basis, np.zeros((3, 2, 2))], axis=-1))


def test_a_function_that_depends_on_nothing_pulls_zeros_back():
    L = from_functions(nothing, domain=np.ones(3, np.float32))

    assert np.array_equal(L.T(np.ones(2)), np.zeros(3))
    assert L.T(np.ones((4, 2))).shape == (4, 3)
    assert from_functions(nothing, domain=A).T(np.ones((4, 2))).shape == (4, 3, 3)


def test_static_parameters_reach_the_functions():
    L = from_functions(weighted, A, domain=A, power=2)

    assert np.array_equal(L(A), A**3)
    assert np.array_equal(L.T(A), A**3)


def test_a_pullback_alone_is_given_as_the_transpose_of_a_map():
    L = from_functions(commutator, A, domain=A).T

    assert np.array_equal(L(A), A.T @ A - A @ A.T)
    assert np.array_equal(L.T(A), A @ A - A @ A)


def test_a_missing_inverse_is_asked_for():
    with pytest.raises(ud.NotInvertible, match="commutator has no inverse; give `inverse=`"):
        from_functions(commutator, A, domain=A).inv


def test_an_inverse_given_is_an_inverse_both_ways():
    L = from_functions(flipped, domain=np.ones(3), inverse=flipped)

    assert np.array_equal(L.inv(np.arange(3.0)), [2, 1, 0])
    assert np.array_equal(L.inv.T(np.arange(3.0)), [2, 1, 0])
    assert np.array_equal(L.T.inv(np.arange(3.0)), [2, 1, 0])
    assert np.array_equal(L.inv.inv(np.arange(3.0)), [2, 1, 0])


def test_a_map_of_functions_is_differentiated_in_its_residuals():
    x, w = A + 1, np.ones((3, 3))

    def f(a):
        L = from_functions(commutator, a, domain=x)
        return np.sum(L(x) * w) + np.sum(L.T(w) * x * x)

    step, h = np.cos(A), 1e-6
    slope = (f(A + h * step) - f(A - h * step)) / (2 * h)

    assert np.sum(ud.grad(f)(A) * step) == pytest.approx(slope, rel=1e-7)


class Nonlinear:
    """Functions that are linear near zero, or nowhere."""

    @staticmethod
    def squared(dx):
        return dx * dx

    @staticmethod
    def affine(dx):
        return dx + 1.0

    @staticmethod
    def sine(dx):
        return np.sin(dx)

    @staticmethod
    def size(dx):
        return abs(dx)

    @staticmethod
    def rectified(dx):
        return np.maximum(dx, 0.0)

    @staticmethod
    def constant(dx):
        return np.ones(2)


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("name", [n for n in vars(Nonlinear) if not n.startswith("_")])
@pytest.mark.parametrize("shape", [(2,), (1,), (2, 3)])
def test_a_function_that_is_not_linear_has_no_transpose(name, shape, batched):
    L = from_functions(getattr(Nonlinear, name), domain=np.ones(shape), batched=batched)
    w = np.ones((2,) if name == "constant" else shape)

    for _ in range(2):
        with pytest.raises(ud.RuleError, match=f"from_functions: {name} is not linear"):
            L.T(w)


def test_linearity_is_checked_once_a_function():
    calls = []

    def counted(dx):
        calls.append(dx)
        return 2.0 * dx

    first = from_functions(counted, domain=np.ones(3), transpose=None)
    first.T(np.ones(3))
    checked = len(calls)
    first.T(np.ones(3))
    from_functions(counted, domain=np.ones(3)).T(np.ones(3))

    assert checked <= 3
    assert len(calls) == checked + 2


def real_projection(dx):
    return np.real(dx)


def test_a_function_that_is_only_r_linear_is_linear():
    L = from_functions(real_projection, domain=np.ones(2, complex))

    assert np.array_equal(L.T(np.array([1.0, 2.0])), [1, 2])
    assert L.on(np.ones(2, complex)).matrix().shape == (2, 4)


# -- SciPy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("made", [np.asarray, scipy.sparse.csr_array, aslinearoperator])
def test_an_operator_of_scipy_is_a_map(rng, made, dtype):
    m = rng.standard_normal((4, 3)).astype(dtype)
    m = m + 1j * m[::-1] if dtype.startswith("complex") else m
    L = from_scipy(made(m), domain=np.ones(3, dtype))
    x, w = m[0, :], m[:, 0]

    assert_close(L(x), m @ x)
    assert_close(L.T(w), m.T @ w)
    assert_close(L.H(w), m.conj().T @ w)
    assert_close(L(np.stack([x, 2 * x])), np.stack([m @ x, 2 * m @ x]))
    assert_close(L.T(np.stack([[w], [2 * w]])), np.stack([[m.T @ w], [2 * m.T @ w]]))
    assert_close(L.on(x).matrix(), m)


def test_an_operator_of_another_width_is_refused():
    with pytest.raises(ValueError, match=r"`domain` must have shape \(3,\), got \(4,\)"):
        from_scipy(A, domain=np.ones(4))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_a_map_is_an_operator_of_scipy(rng, dtype):
    m = rng.standard_normal((2, 3)) + (1j * rng.standard_normal((2, 3)) if "c" in dtype else 0)
    closed = (left(m) @ right(m.T)).on(np.zeros((3, 3), dtype))
    operator, matrix = to_scipy(closed), closed.matrix()
    x, w = matrix[0, :], matrix[:, 0]

    assert isinstance(operator, LinearOperator)
    assert operator.dtype == dtype
    assert_close(operator.matvec(x), matrix @ x)
    assert_close(operator.rmatvec(w), matrix.conj().T @ w)
    assert_close(operator.matmat(np.stack([x, x], axis=1)), np.stack([matrix @ x] * 2, axis=1))
    back = from_scipy(operator, domain=x)
    assert_close(back.on(x).matrix(), matrix)
    assert_close(to_scipy(back.on(x)).rmatvec(w), matrix.conj().T @ w)


def test_a_derivative_serves_scipys_solvers():
    a, x = A @ A.T + 9 * np.eye(3), np.ones(3)
    _, L = ud.linearize(lambda x: a @ x, x)
    found, info = cg(to_scipy(L), np.ones(3), rtol=1e-12)

    assert info == 0
    np.testing.assert_allclose(found, np.linalg.solve(a, np.ones(3)), rtol=1e-9)


@pytest.mark.parametrize(
    ("closed", "message"),
    [
        (conjugate.on(np.ones(2, complex)), "conjugate is only R-linear.* use L.matrix"),
        (row(left(A), left(A)).on((A, A)), r"one array to one, got \(numpy .* pick them"),
        (column(left(A), left(A)).on(A), "one array to one"),
        (left(A), r"to_scipy wants a closed map.* L\.on\(x\)"),
    ],
)
def test_a_map_that_is_no_operator_is_refused(closed, message):
    with pytest.raises(ValueError, match=message):
        to_scipy(closed)
