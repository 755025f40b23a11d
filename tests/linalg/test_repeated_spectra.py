"""At repeated eigenvalues and singular values: what has a derivative is right, the rest says so.

NumPy, array-api-strict and PyTorch raise an exception; JAX, and PyTorch where it traces, give nan.
"""

from __future__ import annotations

import jax
import numpy as np
import pytest
import torch
from linalg.test_spectra import ours

import unidiff as ud
from unidiff._backend import kind_of

linalg = ud.linalg
P, Q, U, E = np.random.default_rng(5).normal(size=(4, 3, 3))
P, Q, U = (np.linalg.qr(x)[0] for x in (P, Q, U + 1j * E))
REPEATED = np.diag([1.0, 1.0, 2.0])
POINTS = {
    "the identity": np.eye(3),
    "a repeated diagonal": REPEATED,
    "repeated, turned": Q @ REPEATED @ Q.T,
    "single precision": (Q @ REPEATED @ Q.T).astype("float32"),
    "complex": U @ REPEATED @ U.conj().T,
}
TURNED = {
    "the identity": np.eye(3),
    "orthogonal": Q,
    "repeated, turned": Q @ REPEATED @ P,
    "complex": U @ REPEATED @ P,
}


def total(x):
    """Re Σ x, of any library"""
    xp = ud.array_namespace(x)
    return xp.sum(xp.real(x) if kind_of(x) == "complex" else x)


def check(backend, f, x, wanted):
    """Compare gradient and tangent with the gradient wanted, which is conjugated like ours."""
    native = backend.plain.asarray(x)
    e = (E + 1j * P if x.dtype.kind == "c" else E).astype(x.dtype)
    rtol = 1e-10 if x.dtype != "float32" else 1e-4
    gradient = ours(ud.grad(f)(native))
    tangent = ours(ud.jvp(f, (native,), (backend.plain.asarray(e),))[1])

    np.testing.assert_allclose(gradient, wanted, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(tangent, np.sum(wanted * e).real, rtol=rtol)
    assert gradient.dtype == x.dtype


# -- what is exact --------------------------------------------------------------------------------

OF_EIGENVALUES = {
    "sum of squares": (lambda xp, w: xp.sum(w * w), lambda x: 2 * x),
    "sum of logarithms": (lambda xp, w: xp.sum(xp.log(w)), np.linalg.inv),
    "sum of fourth powers": (lambda xp, w: xp.sum(w**4), lambda x: 4 * x @ x @ x),
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", OF_EIGENVALUES)
def test_a_symmetric_function_of_the_eigenvalues(name, point, backend):
    f, gradient = OF_EIGENVALUES[name]
    x = POINTS[point]

    check(backend, lambda x: f(backend.xp, linalg.eigvalsh(x)), x, gradient(x).conj())


OF_SINGULAR_VALUES = {
    "nuclear norm": (lambda xp, s: xp.sum(s), lambda u, s, vh: u @ vh),
    "sum of squares": (lambda xp, s: xp.sum(s * s), lambda u, s, vh: 2 * (u * s) @ vh),
    "sum of logarithms": (lambda xp, s: xp.sum(xp.log(s)), lambda u, s, vh: (u / s) @ vh),
}


@pytest.mark.parametrize("point", TURNED)
@pytest.mark.parametrize("name", OF_SINGULAR_VALUES)
def test_a_symmetric_function_of_the_singular_values(name, point, backend):
    f, gradient = OF_SINGULAR_VALUES[name]
    x = TURNED[point]
    wanted = gradient(*np.linalg.svd(x)).conj()

    check(backend, lambda x: f(backend.xp, linalg.svdvals(x)), x, wanted)


@pytest.mark.parametrize("point", TURNED)
def test_the_pseudoinverse(point, backend):
    x = TURNED[point]
    y = np.linalg.inv(x)
    w = np.arange(9.0).reshape(3, 3).astype(x.dtype)

    check(backend, lambda x: total(linalg.pinv(x) * backend.plain.asarray(w)), x, -y.T @ w @ y.T)


@pytest.mark.parametrize("zeros", [1, 2, 3])
def test_a_singular_value_of_zero_does_not_move(zeros, backend):
    x = np.diag([2.0, 1.0, 3.0])
    x[:zeros, :zeros] = 0

    gradient = ud.grad(lambda x: backend.xp.sum(linalg.svdvals(x)))(backend.plain.asarray(x))

    np.testing.assert_allclose(ours(gradient), np.sign(x), atol=1e-14)


@pytest.mark.parametrize(
    "values", [lambda x: linalg.eigh(x).eigenvalues, lambda x: linalg.svd(x).S], ids=["eigh", "svd"]
)
def test_values_have_a_pullback_without_the_vectors(values, backend):
    x = POINTS["repeated, turned"]

    gradient = ud.grad(lambda x: backend.xp.sum(values(x) ** 2))(backend.plain.asarray(x))

    np.testing.assert_allclose(ours(gradient), 2 * x, atol=1e-13)


@pytest.mark.parametrize("f", [linalg.eigh, linalg.svd, linalg.eigvalsh, linalg.svdvals])
def test_the_values_are_fine(f, backend):
    ys = f(backend.plain.asarray(np.eye(3)))

    assert all(np.all(np.isfinite(ours(y))) for y in (ys if isinstance(ys, tuple) else (ys,)))


def test_the_matrix_by_its_singular_vectors_at_a_value_of_zero(backend):
    """Of a real square matrix all vectors are determined, up to signs"""
    x, w = np.diag([3.0, 2.0, 0.0]), np.arange(9.0).reshape(3, 3)

    def f(x):
        u, s, vh = linalg.svd(x)
        return total(((u * s) @ vh) * backend.plain.asarray(w))

    check(backend, f, x, w)


# -- what has no derivative -----------------------------------------------------------------------


def v(x):
    return linalg.eigh(x).eigenvectors


def thin_u(x):
    return linalg.svd(x, full_matrices=False).U


def by_vectors(f):
    """Return a number of a function of the matrix, which has a derivative: not by these vectors."""

    def function(x):
        w, v = linalg.eigh(x)
        return ((v * f(ud.array_namespace(w), w)) @ v.mT)[0, 1]

    return function


OBLONG, FLAT = np.eye(3)[:, :2], np.eye(3)[:, :2] * [1.0, 0.0]
TWO = np.stack([np.diag([1.0, 2.0]), np.eye(2)])
equal, zero = "values 0 and 1 are equal to within", "singular value 1 is zero to within"
UNDETERMINED = {
    "v": (lambda x: v(x)[0, 0], REPEATED, rf"^eigen{equal} 7.1e-15, .*: 1.0 and 1.0;"),
    "v, turned": (lambda x: total(v(x)), POINTS["repeated, turned"], equal),
    "v, complex": (lambda x: total(v(x)), POINTS["complex"], equal),
    "v, in single precision": (lambda x: total(v(x)), POINTS["single precision"], equal),
    "v of zero": (lambda x: total(v(x)), np.zeros((2, 2)), rf"{equal} .*: 0.0 and 0.0;"),
    "v of a matrix of a stack": (lambda x: total(v(x)), TWO, r" \(of matrix 1 of the stack\)"),
    "the matrix at zero": (by_vectors(lambda xp, w: w), np.zeros((3, 3)), equal),
    "logarithm at the identity": (by_vectors(lambda xp, w: xp.log(w)), np.eye(3), equal),
    "u": (lambda x: total(linalg.svd(x).U), TURNED["repeated, turned"], "singular values 1 and 2"),
    "vh": (lambda x: total(linalg.svd(x).Vh), TURNED["complex"], "singular values 1 and 2"),
    "u, thin": (lambda x: thin_u(x)[2, 0], OBLONG, rf"^singular {equal}"),
    "u of a zero, thin": (lambda x: thin_u(x)[0, 1], FLAT, zero),
    "u beyond a zero": (lambda x: linalg.svd(x).U[0, 2], FLAT, zero),
    "vh beyond a zero": (lambda x: linalg.svd(x).Vh[2, 0], FLAT.T, zero),
    "the phase of a zero": (lambda x: total(linalg.svd(x).U), np.diag([1.0 + 0j, 0.0]), zero),
}
ASKED = {
    "gradient": lambda f, x: ud.grad(f)(x),
    "pullback": lambda f, x: ud.linearize(f, x)[1].T(ud.array_namespace(x).ones_like(f(x))),
    "tangent": lambda f, x: ud.jvp(f, (x,), (ud.array_namespace(x).ones_like(x),))[1],
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("name", UNDETERMINED)
def test_vectors_that_are_not_determined_raise_or_are_nan(name, asked, backend):
    f, x, message = UNDETERMINED[name]
    x = backend.plain.asarray(x)
    if backend.name == "jax":
        assert np.any(np.isnan(ours(ASKED[asked](f, x))))
        return

    with pytest.raises(ud.DegeneracyError, match=message):
        ASKED[asked](f, x)


@pytest.mark.parametrize("asked", ASKED)
def test_one_vector_is_not_to_be_had_where_others_are_repeated(asked, backend):
    """A cotangent of zero may be one times a value of zero, whose derivative is not"""
    x = backend.plain.asarray(REPEATED)

    def f(x):
        return v(x)[0, 2]

    if backend.name == "jax":  # columns do not mix in forward mode
        found = ours(ASKED[asked](f, x))
        assert np.all(np.isnan(found) if asked != "tangent" else np.abs(found) == 1.0)
        return
    with pytest.raises(ud.DegeneracyError, match=equal):
        ASKED[asked](f, x)


def test_the_error_says_what_does_without_vectors():
    with pytest.raises(ud.DegeneracyError, match=r"16 eps .* eigvalsh, svdvals, pinv, matrix_norm"):
        ud.grad(lambda x: v(x)[0, 0])(np.eye(2))


def test_second_derivatives_of_values_want_them_apart(backend):
    def f(x):
        return backend.xp.sum(linalg.eigvalsh(x) ** 2)

    apart, equal = (backend.plain.asarray(np.diag([1.0, d])) for d in (2.0, 1.0))
    wanted = np.eye(4).reshape(2, 2, 2, 2)
    wanted = wanted + wanted.swapaxes(0, 1)

    np.testing.assert_allclose(ours(ud.hessian(f)(apart)), wanted, atol=1e-12)
    if backend.name == "jax":
        assert np.any(np.isnan(ours(ud.hessian(f)(equal))))
        return
    with pytest.raises(ud.DegeneracyError):
        ud.hessian(f)(equal)


@pytest.mark.parametrize("gap", [1e-3, 1e-8, 1e-12])
def test_what_is_merely_close_has_a_large_derivative(gap, backend):
    """Of diag(1, 1 + g), the first vector turns by dx_12 / g"""
    x = np.diag([1.0, 1.0 + gap, 2.0])
    native = backend.plain.asarray(x)

    gradient = ours(ud.grad(lambda x: v(x)[1, 0])(native))

    sign = ours(v(native))[0, 0]
    np.testing.assert_allclose(gradient[0, 1], -sign / (2 * (x[1, 1] - x[0, 0])), rtol=1e-3)


def test_nan_under_jit_and_vmap_of_jax_for_that_matrix_only():
    found = jax.jit(jax.vmap(jax.grad(lambda x: v(x)[0, 0])))(TWO)

    assert np.all(np.isfinite(found[0]))
    assert np.all(np.isnan(found[1]))


def test_nan_where_torch_traces():
    gradient = torch.func.grad(lambda x: v(x)[0, 0])
    compiled = torch.compile(gradient, backend="aot_eager", fullgraph=True)

    assert torch.all(torch.isnan(compiled(torch.eye(2))))


def test_torch_raises_in_backward_and_under_vmap():
    x = torch.tensor(TWO, requires_grad=True)
    y = v(x).sum()

    with pytest.raises(ud.DegeneracyError, match="of matrix 1 of the stack"):
        y.backward()
    with pytest.raises(ud.DegeneracyError, match="of matrix 1 of the stack"):
        torch.vmap(torch.func.grad(lambda x: v(x)[0, 0]))(x.detach())
