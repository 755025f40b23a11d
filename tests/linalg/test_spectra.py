"""Eigenvalues, singular values and their vectors, against definitions, closed forms and others."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import unidiff as ud
from unidiff.linalg._pseudoinverse import pinv_with_cutoff
from unidiff.linalg._singular_values import svd_triple
from unidiff.linalg._spectra import eigh_pair
from unidiff.linear._dense import conjugated
from unidiff.testing.catalogue.spectra import nearly_hermitian, separate, signed

DTYPES = ("float64", "float32", "complex128", "complex64")
REAL_AND_COMPLEX = ("float64", "complex128")
SHAPES = {"square": (3, 3), "tall": (4, 2), "wide": (2, 4), "stack": (2, 1, 4, 3)}
xp = ud.backend("numpy").xp


def ours(y):
    """Return an array of any library as NumPy's."""
    if isinstance(y, torch.Tensor):
        return y.detach().resolve_conj().numpy()
    return np.asarray(y if isinstance(y, np.generic) else np.from_dlpack(y))


def tolerance(dtype):
    return 200 * np.finfo(dtype).eps


def hermitian(x):
    return (x + x.conj().mT) / 2


# -- values ---------------------------------------------------------------------------------------


def by_eigh(x):
    w, v = map(ours, ud.linalg.eigh(x))
    return (v * w[..., None, :]) @ v.conj().mT, w, v


def by_svd(x, full):
    u, s, vh = map(ours, ud.linalg.svd(x, full_matrices=full))
    k = s.shape[-1]
    return (u[..., :, :k] * s[..., None, :]) @ vh[..., :k, :], s, u, vh.conj().mT


DECOMPOSITIONS = {
    "eigh": (by_eigh, ("square",)),
    "svd": (lambda x: by_svd(x, True), SHAPES),
    "svd, thin": (lambda x: by_svd(x, False), SHAPES),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "shape"),
    [(name, shape) for name, (_, shapes) in DECOMPOSITIONS.items() for shape in shapes],
)
def test_the_factors_make_the_matrix(name, shape, dtype, backend, rng):
    x = separate(rng, SHAPES[shape], dtype)
    wanted = hermitian(x) if name == "eigh" else x

    product, values, *vectors = DECOMPOSITIONS[name][0](backend.plain.asarray(x))

    np.testing.assert_allclose(product, wanted, atol=10 * tolerance(dtype))
    assert values.dtype == np.empty(0, dtype).real.dtype
    for v in vectors:
        assert v.dtype == dtype
        np.testing.assert_allclose(
            v.conj().mT @ v, np.eye(v.shape[-1]) + 0 * v.conj().mT @ v, atol=tolerance(dtype)
        )


def test_the_results_have_the_names_of_the_standard(xp):
    x = xp.asarray([[2.0, 1.0], [1.0, 3.0]])

    assert ud.linalg.eigh(x)._fields == ("eigenvalues", "eigenvectors")
    assert ud.linalg.svd(x)._fields == ("U", "S", "Vh")
    assert ud.linalg.svd(x).U.shape == (2, 2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_alone_are_those_of_the_decompositions(dtype, backend, rng):
    x = separate(rng, (2, 3, 3), dtype)
    native = backend.plain.asarray(x)

    np.testing.assert_allclose(
        ours(ud.linalg.eigvalsh(native)),
        np.linalg.eigvalsh(hermitian(x)),
        atol=10 * tolerance(dtype),
    )
    np.testing.assert_allclose(
        ours(ud.linalg.svdvals(native)), np.linalg.svd(x)[1], atol=10 * tolerance(dtype)
    )


@pytest.mark.parametrize("f", [ud.linalg.eigh, ud.linalg.eigvalsh])
def test_only_the_hermitian_part_counts(f, backend, rng):
    x = nearly_hermitian(rng, (3, 3), "complex128")
    skew = rng.normal(size=(3, 3)) * 1j
    native = [backend.plain.asarray(a) for a in (x, x + skew + skew.mT)]

    w, w_too = (ours(f(a) if f is ud.linalg.eigvalsh else f(a).eigenvalues) for a in native)

    np.testing.assert_allclose(w, w_too, rtol=1e-13)


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (ud.linalg.eigh, (2, 3)),
        (ud.linalg.eigvalsh, (3,)),
        (ud.linalg.svd, (3,)),
        (ud.linalg.svdvals, ()),
    ],
)
def test_a_wrong_shape_is_named(f, shape, xp):
    with pytest.raises(ValueError, match=rf"{f.__name__}: wanted the shape"):
        f(xp.ones(shape))


@pytest.mark.parametrize(
    "shape", [(0, 0), (1, 1), (2, 0, 0), (0, 2, 2), (0, 3), (3, 0), (1, 3), (0, 3, 2)]
)
def test_the_smallest_sizes_have_derivatives(shape, backend):
    x = backend.plain.asarray(np.full(shape, 2.0))
    functions = [lambda x: ud.linalg.svd(x), lambda x: ud.linalg.svd(x, full_matrices=False)]
    functions += [lambda x: (ud.linalg.svdvals(x),)]
    if shape[-1] == shape[-2]:
        functions += [ud.linalg.eigh, lambda x: (ud.linalg.eigvalsh(x),)]
    if shape == (0, 2, 2):  # a stack of no matrices is of no rank
        functions += [lambda x: ud.linalg.qr(x)]
    for f in functions:

        def total(x, f=f):
            return sum(backend.xp.sum(y * y) for y in f(x))

        assert tuple(ud.grad(total)(x).shape) == shape
        assert ud.jvp(total, (x,), (x,))[1].shape == ()


# -- derivatives ----------------------------------------------------------------------------------


def divided_differences(f, df, w):
    gaps = w[:, None] - w
    return np.where(
        gaps == 0, df(w)[:, None], (f(w)[:, None] - f(w)) / np.where(gaps == 0, 1, gaps)
    )


@pytest.mark.parametrize("dtype", REAL_AND_COMPLEX)
def test_a_function_of_the_matrix_moves_by_divided_differences(dtype, backend, rng):
    """Daleckii and Krein; see Higham, Functions of Matrices (2008), Theorem 3.11"""
    x, e = nearly_hermitian(rng, (4, 4), dtype), separate(rng, (4, 4), dtype)

    def sine(x):
        w, v = ud.linalg.eigh(x)
        xp = backend.xp
        return (v * xp.sin(w)[None, :]) @ conjugated(xp.matrix_transpose(v))

    w, v = np.linalg.eigh(hermitian(x))
    wanted = (
        v @ (divided_differences(np.sin, np.cos, w) * (v.conj().T @ hermitian(e) @ v)) @ v.conj().T
    )
    found = ud.jvp(sine, (backend.plain.asarray(x),), (backend.plain.asarray(e),))[1]

    np.testing.assert_allclose(ours(found), wanted, rtol=1e-11, atol=1e-12)


LOSSES = {
    "eigh": lambda linalg, x: _of_vectors(*linalg.eigh(x + x.conj().mT)),
    "eigvalsh": lambda linalg, x: (linalg.eigvalsh(x + x.conj().mT) ** 3).sum(),
    "svd": lambda linalg, x: _of_pairs(*linalg.svd(x, full_matrices=False)),
    "svdvals": lambda linalg, x: (_svdvals(linalg, x) ** 3).sum(),
    "pinv": lambda linalg, x: _weighed(linalg.pinv(x)),
    "qr": lambda linalg, x: _weighed(abs(linalg.qr(x)[0])) + _weighed(abs(linalg.qr(x)[1])),
}


def _svdvals(linalg, x):
    return linalg.svdvals(x) if hasattr(linalg, "svdvals") else linalg.svd(x, compute_uv=False)


def _weighed(y):
    """A function of all the numbers, which is of no symmetry"""
    rows, columns = y.shape
    return sum((i + 2 * j + 1) * (abs(y[i, j]) ** 2) for i in range(rows) for j in range(columns))


def _of_vectors(w, v):
    return _weighed(v) + _weighed((v * w) @ v.conj().mT)


def _of_pairs(u, s, vh):
    return _weighed(u) + _weighed(vh) + _weighed((u * s**2) @ vh)


@pytest.mark.parametrize("dtype", REAL_AND_COMPLEX)
@pytest.mark.parametrize(
    ("name", "shape"),
    [(n, s) for n in LOSSES for s in ("square", "tall", "wide") if s == "square" or "eig" not in n],
)
def test_gradients_are_those_of_jax_and_torch(name, shape, dtype, rng):
    x = separate(rng, SHAPES[shape], dtype)
    loss = LOSSES[name]

    found = ud.grad(lambda x: loss(ud.linalg, x))(x)

    theirs = torch.tensor(x, requires_grad=True)
    loss(torch.linalg, theirs).backward()
    np.testing.assert_allclose(found, theirs.grad.numpy().conj(), rtol=1e-9, atol=1e-10)
    unknown = shape == "wide" and jax.__version_info__ < (0, 8)
    if name != "qr" or (dtype == "float64" and not unknown):
        by_jax = jax.grad(lambda x: loss(jnp.linalg, x))(x)
        np.testing.assert_allclose(found, by_jax, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("dtype", REAL_AND_COMPLEX)
def test_the_gauge_is_as_declared(dtype, rng):
    x, e = separate(rng, (4, 2), dtype), separate(rng, (4, 2), dtype)
    h = nearly_hermitian(rng, (3, 3), dtype)
    (_, v), (_, dv) = ud.jvp(ud.linalg.eigh, (h,), (separate(rng, (3, 3), dtype),))
    (u, _, vh), (du, _, dvh) = ud.jvp(ud.linalg.svd, (x,), (e,))
    of_u, of_v = u.conj().T @ du, vh @ dvh.conj().T

    np.testing.assert_allclose(np.diagonal(v.conj().T @ dv), 0, atol=1e-14)
    np.testing.assert_allclose(np.diagonal(of_u)[:2] + np.diagonal(of_v), 0, atol=1e-14)
    np.testing.assert_allclose(of_u[2:, 2:], 0, atol=1e-14)
    np.testing.assert_allclose(of_u + of_u.conj().T, 0, atol=1e-13)


def tangent_map(primitive, x, static):
    """Return the rule of a primitive at x, as NumPy has it."""
    backend = ud.backend("numpy")
    ys = primitive.evaluate(backend, x, static)
    return primitive.linear_map(backend.namespace, ys, x, static, ())


@pytest.mark.parametrize("dtype", REAL_AND_COMPLEX)
@pytest.mark.parametrize("lead", [(), (2,)])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
@pytest.mark.parametrize(
    ("primitive", "static"),
    [
        (eigh_pair, {}),
        (svd_triple, {"full_matrices": True}),
        (svd_triple, {"full_matrices": False}),
    ],
)
def test_recomposition_undoes_a_decomposition(primitive, static, shape, lead, dtype, rng):
    if primitive is eigh_pair:
        shape = (3, 3)
    x, dx = (separate(rng, lead + shape, dtype) for _ in range(2))
    L = tangent_map(primitive, (x,), static)

    np.testing.assert_allclose(
        L.left_inverse(L(dx)), hermitian(dx) if primitive is eigh_pair else dx, atol=1e-12
    )


@pytest.mark.parametrize("dtype", REAL_AND_COMPLEX)
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
def test_the_derivative_of_a_pseudoinverse_is_undone_by_that_of_its_own(shape, dtype, rng):
    x, dx = (separate(rng, shape, dtype) for _ in range(2))
    L = tangent_map(pinv_with_cutoff, (x, np.asarray(1e-9)), {}).pick(0)

    np.testing.assert_allclose(L.left_inverse(L(dx)), dx, atol=1e-12)


# -- transforms -----------------------------------------------------------------------------------


def of_all(x):
    """A function of values and vectors that does not depend on phases"""
    w, v = ud.linalg.eigh(x)
    u, s, vh = ud.linalg.svd(x)
    return (signed(v) * w[..., None, :]).sum() + (signed(u) * s[..., None, :] @ vh @ x).sum()


def test_jax_compiles_and_maps(rng):
    x = nearly_hermitian(rng, (2, 3, 3), "float64")

    found = jax.jit(jax.vmap(jax.grad(of_all)))(x)

    np.testing.assert_allclose(found, np.stack([ud.grad(of_all)(a) for a in x]), rtol=1e-10)


def test_torch_maps_and_goes_backward(rng):
    x = nearly_hermitian(rng, (2, 3, 3), "float64")
    wanted = np.stack([ud.grad(of_all)(a) for a in x])
    leaf = torch.tensor(x, requires_grad=True)
    torch.vmap(of_all)(leaf).sum().backward()

    np.testing.assert_allclose(
        torch.vmap(torch.func.grad(of_all))(torch.tensor(x)), wanted, rtol=1e-10
    )
    np.testing.assert_allclose(leaf.grad, wanted, rtol=1e-10)


def test_torch_compiles(rng):
    x = torch.tensor(nearly_hermitian(rng, (3, 3), "float64"))
    compiled = torch.compile(torch.func.grad(of_all), backend="aot_eager", fullgraph=True)

    np.testing.assert_allclose(compiled(x), ud.grad(of_all)(x.numpy()), rtol=1e-10)


@pytest.fixture
def factorizations(monkeypatch):
    """A list that grows by one with each factorization."""
    calls = []
    for name in ("eigh", "svd", "eigvalsh", "svdvals", "qr"):
        original = getattr(np.linalg, name)

        def counting(*args, original=original, name=name, **kwargs):
            calls.append(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(np.linalg, name, counting)
    return calls


ONE_EACH = {
    "eigh": lambda x: ud.linalg.eigh(x).eigenvectors ** 2,
    "eigvalsh": ud.linalg.eigvalsh,
    "svd": lambda x: ud.linalg.svd(x).U ** 2,
    "svdvals": ud.linalg.svdvals,
    "qr": lambda x: ud.linalg.qr(x).R,
    "pinv": ud.linalg.pinv,
}


@pytest.mark.parametrize("name", ONE_EACH)
def test_one_factorization_serves_all_orders(name, factorizations, rng):
    f, x = ONE_EACH[name], nearly_hermitian(rng, (3, 3), "float64")
    factorizations.clear()  # those that x is made by

    y, L = ud.linearize(f, x)
    L(x), L.T(np.ones_like(y)), L(np.stack([x, x]))
    assert len(factorizations) == 1

    ud.hessian(lambda x: xp.sum(xp.sin(f(x))))(x)
    assert len(factorizations) == 2
