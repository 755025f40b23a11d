"""Norms where they are not smooth, or their powers overflow; their values; what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import unidiff as ud

INF = float("inf")
vector_norm, matrix_norm = ud.linalg.vector_norm, ud.linalg.matrix_norm
ORDERS = ("fro", "nuc", 1, -1, 2, -2, INF, -INF)
nothing = [0.0, 0.0, 0.0]

# an order: vectors and their gradients by convention, all of which make one stack
VECTORS = {
    2: [(nothing, nothing), ([0.0, 3.0, -4.0], [0.0, 0.6, -0.8])],
    1: [(nothing, nothing), ([0.0, 3.0, -4.0], [0.0, 1.0, -1.0])],
    0: [(nothing, nothing), ([0.0, 3.0, -4.0], nothing)],
    3: [(nothing, nothing), ([0.0, 0.0, -4.0], [0.0, 0.0, -1.0])],
    1.5: [(nothing, nothing), ([0.0, 0.0, -4.0], [0.0, 0.0, -1.0])],
    0.5: [(nothing, nothing), ([0.0, 4.0, -4.0], [0.0, 2.0, -2.0])],
    -1: [
        (nothing, nothing),
        ([0.0, 3.0, -4.0], nothing),
        ([2.0, -2.0, 2.0], [1 / 9, -1 / 9, 1 / 9]),
    ],
    -2.5: [(nothing, nothing), ([0.0, 3.0, -4.0], nothing)],
    INF: [
        (nothing, nothing),
        ([4.0, -4.0, 2.0], [0.5, -0.5, 0.0]),
        ([-2.0, 2.0, 2.0], [-1 / 3, 1 / 3, 1 / 3]),
    ],
    -INF: [
        (nothing, nothing),
        ([0.0, 3.0, -4.0], nothing),
        ([4.0, -2.0, 2.0], [0.0, -0.5, 0.5]),
    ],
}


def summed(f):
    return lambda x: ud.array_namespace(x).sum(f(x))


def pushed(f, x):
    """The gradient of Σ f, by tangents: a unit vector for all rows at a time."""
    xp = ud.array_namespace(x)
    eye = xp.eye(x.shape[-1], dtype=x.dtype)
    rows = [ud.jvp(f, (x,), (xp.zeros_like(x) + eye[k, :],))[1] for k in range(x.shape[-1])]
    return xp.stack(rows, axis=-1)


GRADIENTS = {
    "pulled": lambda f, x: ud.grad(summed(f))(x),
    "pushed": pushed,
    "transposed": lambda f, x: ud.linearize(f, x)[1].T(ud.array_namespace(x).ones_like(f(x))),
}


def of_order(ord):
    return lambda x: vector_norm(x, axis=-1, ord=ord)


@pytest.mark.parametrize("way", GRADIENTS)
@pytest.mark.parametrize("ord", VECTORS)
def test_the_convention_holds(backend, ord, way):
    vectors, wanted = (np.asarray(part) for part in zip(*VECTORS[ord], strict=True))

    found = GRADIENTS[way](of_order(ord), backend.plain.asarray(vectors))

    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-14)


@pytest.mark.parametrize("ord", VECTORS)
def test_the_convention_holds_for_complex_vectors(ord):
    turns = np.exp(1j * np.asarray([0.3, 2.0, -1.0]))
    vectors, wanted = (np.asarray(part) for part in zip(*VECTORS[ord], strict=True))

    found = ud.grad(summed(of_order(ord)))(vectors * turns)

    np.testing.assert_allclose(found, wanted / turns, rtol=1e-13, atol=1e-15)


SECOND_ORDERS = {
    "forward over reverse": lambda f: ud.jacfwd(ud.grad(f)),
    "reverse over reverse": lambda f: ud.jacrev(ud.grad(f)),
    "forward over forward": lambda f: ud.jacfwd(ud.jacfwd(f)),
    "reverse over forward": lambda f: ud.jacrev(ud.jacfwd(f)),
}


@pytest.mark.parametrize("way", SECOND_ORDERS)
@pytest.mark.parametrize("ord", VECTORS)
def test_second_derivatives_are_finite_and_symmetric_at_zeros(ord, way):
    for vector, _ in VECTORS[ord]:
        hessian = SECOND_ORDERS[way](lambda x: vector_norm(x, ord=ord))(np.asarray(vector))

        assert np.isfinite(hessian).all()
        np.testing.assert_allclose(hessian, hessian.T, rtol=1e-13, atol=1e-15)
        assert any(vector) or not hessian.any()


@pytest.mark.parametrize("ord", [2, 3, INF])
def test_the_second_derivative_at_a_zero_entry_is_that_of_the_euclidean_norm(backend, ord):
    x = backend.plain.asarray(np.asarray([[0.0, 0.0, 0.0], [0.0, 3.0, -4.0]]))
    v = backend.plain.asarray(np.ones((2, 3)))

    found = np.asarray(ud.hvp(summed(of_order(ord)), (x,), (v,))[0])

    g = np.asarray([0.0, 0.6, -0.8])
    assert np.isfinite(found).all()
    assert not found[0].any()
    if ord == 2:
        np.testing.assert_allclose(found[1], (1 - g * g.sum()) / 5, rtol=1e-14)


def test_the_norm_of_zeros_inside_of_where_moves_nothing(backend):
    def unit(x):
        xp, y = ud.array_namespace(x), vector_norm(x)
        return xp.sum(xp.where(y > 0, x / y, xp.zeros_like(x)))

    x = backend.plain.asarray(np.zeros(3))
    with np.errstate(invalid="ignore"):  # the value itself divides 0 by 0
        if backend.name in ("numpy", "array_api_strict"):
            assert not np.asarray(ud.grad(unit)(x)).any()
        y, g = ud.value_and_grad(lambda x: vector_norm(x) ** 2)(x)

    assert float(y) == 0
    assert not np.asarray(g).any()


# -- powers that overflow or vanish ----------------------------------------------------------------


@pytest.mark.parametrize("ord", [2, 3, 1.5, 0.5, -1, -3, 1, INF, -INF])
@pytest.mark.parametrize(
    ("dtype", "size"),
    [("float64", 1e200), ("float64", 1e-200), ("float32", 1e30), ("float32", 1e-30)],
)
def test_no_power_overflows(backend, dtype, size, ord):
    entries = np.asarray([3.0, -4.0, 1.0], dtype)
    scale = np.asarray(size, dtype)
    one, large = (backend.plain.asarray(x) for x in (entries, entries * scale))
    norm = lambda x: vector_norm(x, ord=ord)  # noqa: E731

    (y, g), (wanted, h) = (ud.value_and_grad(norm)(x) for x in (large, one))

    rtol = 32 * np.finfo(dtype).eps
    np.testing.assert_allclose(np.asarray(y) / scale, np.asarray(wanted), rtol=rtol)
    np.testing.assert_allclose(np.asarray(g), np.asarray(h), rtol=rtol)


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_no_power_of_complex_numbers_overflows(backend, size):
    entries = np.asarray([3.0 + 1j, -4.0, 1.0 - 2j])
    one, large = (backend.plain.asarray(x) for x in (entries, entries * size))

    (y, g), (wanted, h) = (ud.value_and_grad(vector_norm)(x) for x in (large, one))

    np.testing.assert_allclose(np.asarray(y) / size, np.asarray(wanted), rtol=1e-14)
    np.testing.assert_allclose(np.asarray(g), np.asarray(h), rtol=1e-14)


# -- singular values -------------------------------------------------------------------------------


def turned(seed, *shape):
    """A matrix with orthonormal columns, or rows."""
    m, n = shape
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(max(m, n), max(m, n))))[0]
    return q[:m, :n]


def of_values(values, m, n):
    """A matrix of these singular values: its left vectors, itself, its right vectors."""
    u, v = turned(1, m, m)[:, : len(values)], turned(2, n, n)[:, : len(values)]
    return u, (u * np.asarray(values)) @ v.T, v


# an order, singular values, and the weight of each in the derivative
SINGULAR = {
    "nuclear": ("nuc", (3.0, 2.0, 1.0), (1, 1, 1)),
    "nuclear, repeated": ("nuc", (2.0, 2.0, 2.0), (1, 1, 1)),
    "nuclear, rank 2": ("nuc", (3.0, 1.0, 0.0), (1, 1, 0)),
    "nuclear, rank 1": ("nuc", (3.0, 0.0, 0.0), (1, 0, 0)),
    "nuclear, zero": ("nuc", (0.0, 0.0, 0.0), (0, 0, 0)),
    "nuclear, tiny": ("nuc", (3e-200, 2e-200, 2e-200), (1, 1, 1)),
    "spectral": (2, (3.0, 2.0, 1.0), (1, 0, 0)),
    "spectral, repeated": (2, (3.0, 3.0, 1.0), (0.5, 0.5, 0)),
    "spectral, all equal": (2, (3.0, 3.0, 3.0), (1 / 3, 1 / 3, 1 / 3)),
    "spectral, others repeated": (2, (3.0, 1.0, 1.0), (1, 0, 0)),
    "spectral, zero": (2, (0.0, 0.0, 0.0), (0, 0, 0)),
    "least": (-2, (3.0, 2.0, 1.0), (0, 0, 1)),
    "least, repeated": (-2, (3.0, 2.0, 2.0), (0, 0.5, 0.5)),
    "least, zero": (-2, (3.0, 2.0, 0.0), (0, 0, 0)),
}


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 4)], ids=str)
@pytest.mark.parametrize("name", SINGULAR)
def test_singular_values_that_tie_share_the_derivative(name, shape):
    ord, values, weights = SINGULAR[name]
    u, x, v = of_values(values, *shape)
    found = ud.grad(lambda x: matrix_norm(x, ord=ord))(x)

    np.testing.assert_allclose(found, (u * np.asarray(weights)) @ v.T, atol=1e-13)


@pytest.mark.parametrize("name", ["nuclear, repeated", "spectral, repeated", "least, repeated"])
def test_ties_of_singular_values_on_every_backend(backend, name):
    ord, values, weights = SINGULAR[name]
    u, x, v = of_values(values, 4, 3)
    found = ud.grad(lambda x: matrix_norm(x, ord=ord))(backend.plain.asarray(x))

    np.testing.assert_allclose(np.asarray(found), (u * np.asarray(weights)) @ v.T, atol=1e-13)


@pytest.mark.parametrize("turn", [1.0, 1j])
@pytest.mark.parametrize(
    ("ord", "values"),
    [("nuc", (2.0, 2.0, 2.0)), ("nuc", (2.0, 2.0, 0.5)), (2, (3.0, 1.0, 1.0)), (-2, (2, 2, 0.5))],
)
def test_second_derivatives_where_other_singular_values_are_equal(rng, ord, values, turn):
    x = of_values(values, 4, 3)[1] * (1 + 0.5 * turn)
    e = rng.normal(size=x.shape) + (turn - 1) * rng.normal(size=x.shape)
    gradient = ud.grad(lambda x: matrix_norm(x, ord=ord))
    h = 1e-5

    found = ud.jvp(gradient, (x,), (e,))[1]

    np.testing.assert_allclose(
        found, (gradient(x + h * e) - gradient(x - h * e)) / (2 * h), atol=1e-8
    )


@pytest.mark.parametrize("name", SINGULAR)
def test_second_derivatives_are_finite_where_singular_values_tie_or_vanish(name):
    ord, values, _ = SINGULAR[name]
    x = of_values([2.0 * s for s in values], 4, 3)[1]
    f = lambda x: matrix_norm(x, ord=ord)  # noqa: E731
    hessian = ud.hessian(f)(x).reshape(12, 12)

    assert np.isfinite(hessian).all()
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12 * max(1.0, abs(hessian).max()))


def test_the_nuclear_norm_of_a_matrix_of_lower_rank_curves_along_matrices_of_that_rank(rng):
    a, b, da, db = (rng.normal(size=shape) for shape in ((4, 2), (2, 3)) * 2)
    path = lambda t: matrix_norm((a + t * da) @ (b + t * db), ord="nuc")  # noqa: E731
    singular = lambda t: np.linalg.norm((a + t * da) @ (b + t * db), "nuc")  # noqa: E731
    h, t = 1e-4, np.asarray(0.0)

    second = ud.grad(ud.grad(path))(t)

    wanted = (singular(h) - 2 * singular(0.0) + singular(-h)) / h**2
    np.testing.assert_allclose(second, wanted, rtol=1e-5)


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, -2), [0, 1, 2]], ids=str)
@pytest.mark.parametrize("ord", [*VECTORS, 7])
def test_the_value_is_numpys(rng, ord, axis, keepdims):
    x = rng.normal(size=(2, 3, 4))
    x[0] = 0.0 if ord > 0 else x[0]
    axis = tuple(axis) if isinstance(axis, list) else axis
    found = vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)

    wanted = np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)
    np.testing.assert_allclose(found, wanted, rtol=1e-14)
    assert found.shape == wanted.shape


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("ord", ORDERS)
@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_the_value_of_a_matrix_is_numpys(rng, ord, dtype, keepdims):
    x = (
        (rng.normal(size=(2, 3, 4)) + 1j * rng.normal(size=(2, 3, 4))).astype(dtype, copy=False)
        if dtype == "complex128"
        else rng.normal(size=(2, 3, 4)).astype(dtype)
    )
    found = matrix_norm(x, keepdims=keepdims, ord=ord)

    wanted = np.linalg.matrix_norm(x, keepdims=keepdims, ord=ord)
    np.testing.assert_allclose(found, wanted, rtol=8 * np.finfo(dtype).eps)
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape


@pytest.mark.parametrize("ord", [1, 2, -2.5, INF, 0])
def test_integers_have_the_librarys_norm(ord):
    x = np.asarray([[3, -4], [1, 2]])

    assert vector_norm(x, ord=ord) == np.linalg.vector_norm(x, ord=ord)
    assert matrix_norm(x, ord="nuc") == np.linalg.matrix_norm(x, ord="nuc")


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)], ids=str)
@pytest.mark.parametrize("ord", [0, 1, 2, 3, INF])
def test_empty_vectors(shape, ord):
    y, pull = ud.vjp(lambda x: vector_norm(x, axis=-1, ord=ord), np.zeros(shape))

    assert y.shape == shape[:-1]
    assert not y.any()
    assert pull(np.ones_like(y))[0].shape == shape


@pytest.mark.parametrize("ord", ["fro", "nuc", 2, 1, INF])
@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 2), (0, 2, 3)], ids=str)
def test_empty_matrices(shape, ord):
    y, pull = ud.vjp(lambda x: matrix_norm(x, ord=ord), np.zeros(shape))

    assert y.shape == shape[:-2]
    assert not y.any()
    assert pull(np.ones_like(y))[0].shape == shape


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: vector_norm(x, ord="fro"), ValueError, "`ord` must be a number; got 'fro'"),
        (lambda x: vector_norm(x, ord=float("nan")), ValueError, "`ord` must be a number"),
        (lambda x: vector_norm(x, axis=2), ValueError, "out of bounds"),
        (lambda x: vector_norm(x, axis=(0, -2)), ValueError, "repeated axis"),
        (lambda x: vector_norm(3.0), TypeError, "wanted an array, got float"),
        (lambda x: vector_norm(x[:0, :], ord=-INF), ValueError, "no numbers has no order -inf"),
        (lambda x: vector_norm(x[:0, :], ord=-1), ValueError, "no numbers has no order -1"),
        (lambda x: matrix_norm(x, ord=3), ValueError, "got 3"),
        (lambda x: matrix_norm(x, ord="l1"), ValueError, "got 'l1'"),
        (lambda x: matrix_norm(x[0, :]), ValueError, r"wanted matrices.*got shape \(3,\)"),
        (lambda x: matrix_norm(3.0), ValueError, r"got shape \(\)"),
        (lambda x: matrix_norm(x[:0, :], ord=-2), ValueError, "no least singular value"),
        (lambda x: matrix_norm(x[:, :0], ord=-1), ValueError, "no numbers has no order -inf"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(np.ones((2, 3)))
    with pytest.raises(error, match=message):
        ud.grad(lambda x: summed(call)(x))(np.ones((2, 3)))


# -- native transforms -----------------------------------------------------------------------------

MATRIX = np.random.default_rng(3).normal(size=(2, 4, 3))


@pytest.mark.parametrize("ord", ["nuc", 2, 1])
def test_jax_transforms_it(ord):
    jax = pytest.importorskip("jax")
    norm = lambda x: matrix_norm(x, ord=ord)  # noqa: E731
    g = jax.jit(jax.vmap(jax.grad(norm)))(MATRIX)

    np.testing.assert_allclose(g, [ud.grad(norm)(x) for x in MATRIX], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("ord", ["nuc", 2, 1])
def test_torch_transforms_it(ord):
    torch = pytest.importorskip("torch")
    norm = lambda x: matrix_norm(x, ord=ord)  # noqa: E731
    g = torch.func.vmap(torch.func.grad(norm))(torch.tensor(MATRIX))
    x = torch.tensor(MATRIX, requires_grad=True)
    norm(x).sum().backward()

    np.testing.assert_allclose(g, [ud.grad(norm)(x) for x in MATRIX], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(x.grad, g, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("ord", ORDERS)
def test_the_gradient_is_torchs(ord):
    torch = pytest.importorskip("torch")
    x = MATRIX + 1j * MATRIX[::-1]
    theirs = torch.tensor(x, requires_grad=True)
    torch.linalg.matrix_norm(theirs, ord=ord).sum().backward()

    found = ud.grad(summed(lambda x: matrix_norm(x, ord=ord)))(x)

    np.testing.assert_allclose(found, np.conj(theirs.grad.numpy()), rtol=1e-11, atol=1e-13)
