"""Products: their values, closed forms of their derivatives, empty ones, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import unidiff as ud
from unidiff.linalg import _powers

la = ud.linalg
cross, diagonal, matmul, power = la.cross, la.diagonal, la.matmul, la.matrix_power
outer, tensordot, trace, vecdot = la.outer, la.tensordot, la.trace, la.vecdot
A, B = np.random.default_rng(5).normal(size=(2, 2, 3, 4))
C = A + 1j * B


def summed(f):
    return lambda *xs: ud.array_namespace(*xs).sum(f(*xs))


# -- values ----------------------------------------------------------------------------------------

CALLS = {
    "cross": lambda of: of.cross(A[..., :3], B[..., :3]),
    "cross, first axis": lambda of: of.cross(A[0], B[0, :, :1], axis=0),
    "cross, a positive axis": lambda of: of.cross(A, C, axis=1),
    "diagonal": lambda of: of.diagonal(A),
    "diagonal, far above": lambda of: of.diagonal(A, offset=7),
    "diagonal, above": lambda of: of.diagonal(A, offset=3),
    "diagonal, below": lambda of: of.diagonal(A, offset=-2),
    "matrix_transpose": lambda of: of.matrix_transpose(C),
    "outer": lambda of: of.outer(A[0, 0], C[0, :, 0]),
    "outer, integers": lambda of: of.outer(np.arange(3), np.arange(2)),
    "tensordot": lambda of: of.tensordot(A, B[0].T, axes=1),
    "tensordot, two axes": lambda of: of.tensordot(A, B[0], axes=2),
    "tensordot, pairs": lambda of: of.tensordot(A, C, axes=((2, 0), (-1, 0))),
    "tensordot, crossed": lambda of: of.tensordot(A[..., :2], B[..., :2], axes=([0, 2], [2, 0])),
    "tensordot, none": lambda of: of.tensordot(A, B[0, 0], axes=0),
    "tensordot, all": lambda of: of.tensordot(A, B, axes=3),
    "trace": lambda of: of.trace(A),
    "trace, above": lambda of: of.trace(C, offset=2),
    "trace, in single precision": lambda of: of.trace(A, dtype=np.float32),
    "trace, integers": lambda of: of.trace(np.arange(9, dtype="int16").reshape(3, 3)),
    "vecdot": lambda of: of.vecdot(C, C[0]),
    "vecdot, first axis": lambda of: of.vecdot(C, A, axis=0),
    "vecdot, integers": lambda of: of.vecdot(np.arange(4), A),
    **{
        f"power {n}": lambda of, n=n: of.matrix_power(C[..., :3], n)
        for n in (-3, -1, 0, 1, 2, 3, 7, 12)
    },
    "power of integers": lambda of: of.matrix_power(np.arange(9).reshape(3, 3), 5),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_value_is_numpys(name):
    class Numpy:
        """tensordot takes its axes as NumPy's main function does."""

        def __getattr__(self, name):
            return getattr(np.linalg, name)

    found, wanted = CALLS[name](la), CALLS[name](Numpy())

    np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-13)
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape


# -- closed forms ----------------------------------------------------------------------------------

SQUARE = np.random.default_rng(6).normal(size=(3, 3))
W = np.random.default_rng(7).normal(size=(3, 3))
a, b = A[0, 0], B[0, 0]
# a real function, where, its gradient
GRADIENTS = {
    "trace of a product": (lambda x: trace(W @ x), SQUARE, W.T),
    "trace above": (lambda x: trace(x, offset=1), SQUARE, np.eye(3, k=1)),
    "diagonal": (lambda x: vecdot(a[:3], diagonal(x)), SQUARE, np.diag(a[:3])),
    "diagonal below": (lambda x: vecdot(a[:2], diagonal(x, offset=-1)), SQUARE, np.diag(a[:2], -1)),
    "vecdot with itself": (lambda x: vecdot(x, x), a, 2 * a),
    "outer": (lambda x: summed(outer)(x, b), a, np.full(4, b.sum())),
    "triple product": (lambda x: vecdot(W[0], cross(x, W[1])), a[:3], np.cross(W[1], W[0])),
    "tensordot": (lambda x: tensordot(x, W), SQUARE, W),
    "tensordot crossed": (lambda x: tensordot(x, W, axes=((0, 1), (1, 0))), SQUARE, W.T),
    "square": (lambda x: trace(power(x, 2)), SQUARE, 2 * SQUARE.T),
    "inverse square": (
        lambda x: trace(power(x, -2)),
        SQUARE,
        -2 * np.linalg.matrix_power(SQUARE, -3).T,
    ),
    "zeroth power": (lambda x: trace(power(x, 0)), SQUARE, np.zeros((3, 3))),
    "high power": (
        lambda x: trace(power(x, 100)),
        SQUARE / 2,
        100 * np.linalg.matrix_power(SQUARE / 2, 99).T,
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_the_gradient_is_the_closed_form(name):
    f, x, wanted = GRADIENTS[name]

    np.testing.assert_allclose(ud.grad(f)(x), wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n", [1, 2, 5, 8, 13])
def test_a_power_is_differentiated_as_the_sum_of_products(rng, n):
    e, of = rng.normal(size=(3, 3)), np.linalg.matrix_power
    wanted = sum(of(SQUARE, k) @ e @ of(SQUARE, n - 1 - k) for k in range(n))

    found = ud.jvp(lambda x: power(x, n), (SQUARE,), (e,))[1]

    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_a_high_power_takes_few_products(monkeypatch):
    calls = []
    monkeypatch.setattr(_powers, "matmul", lambda a, b: calls.append(1) or matmul(a, b))

    power(SQUARE / 4, 1023)

    assert len(calls) == 18


def test_vecdot_is_antilinear_in_its_first_operand():
    x, y, dx = C[0, 0], C[0, 1], C[1, 0]

    assert np.isclose(ud.jvp(lambda x: vecdot(x, y), (x,), (1j * dx,))[1], -1j * np.vdot(dx, y))
    assert np.isclose(ud.jvp(lambda y: vecdot(x, y), (y,), (1j * dx,))[1], 1j * np.vdot(x, dx))


def test_the_twins_of_the_main_namespace_record():
    def f(x):
        xp = ud.array_namespace(x)
        both = xp.tensordot(x, W, axes=1) + xp.matmul(x, W) + xp.matrix_transpose(x)
        return xp.sum(xp.vecdot(both, both) + xp.linalg.vecdot(both, both))

    y = 2 * SQUARE @ W + SQUARE.T

    np.testing.assert_allclose(ud.grad(f)(SQUARE), 4 * (2 * y @ W.T + y.T), rtol=1e-12)


@pytest.mark.parametrize("product", [matmul, vecdot, lambda x, y: tensordot(x, y, axes=1)])
def test_precisions_mix(backend, product):
    xp = backend.plain
    x, y = xp.asarray(np.ones(3, "float32")), xp.asarray(np.ones(3))

    value, gradients = ud.value_and_grad(product, argnums=(0, 1))(x, y)

    assert float(value) == 3
    assert value.dtype == xp.float64
    assert [g.dtype for g in gradients] == [xp.float32, xp.float64]
    assert all(np.array_equal(np.asarray(g), np.ones(3)) for g in gradients)


# -- empty ones ------------------------------------------------------------------------------------

EMPTY = {
    "matmul": (matmul, (3, 0), (0, 2)),
    "no matmul": (matmul, (0, 3, 2), (2, 2)),
    "cross": (cross, (0, 3), (3,)),
    "outer": (outer, (0,), (3,)),
    "tensordot": (lambda x, y: tensordot(x, y, axes=1), (2, 0), (0, 3)),
    "vecdot": (vecdot, (2, 0), (0,)),
}


@pytest.mark.parametrize("name", EMPTY)
def test_empty_products(name):
    f, *shapes = EMPTY[name]
    xs = [np.ones(shape) for shape in shapes]
    y, pull = ud.vjp(f, *xs)

    np.testing.assert_array_equal(y, f(*xs))
    assert not y.any()
    assert [w.shape for w in pull(np.ones_like(y))] == shapes


@pytest.mark.parametrize("f", [diagonal, trace, lambda x: power(x, 3), lambda x: power(x, -1)])
@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2)], ids=str)
def test_empty_matrices(f, shape):
    y, pull = ud.vjp(f, np.ones(shape))

    assert pull(np.ones_like(y))[0].shape == shape


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: matmul(x, 2.0), (TypeError, ValueError), None),
        (lambda x: matmul(x, x), ValueError, None),
        (lambda x: cross(x, x), ValueError, "length 3.*got the shapes"),
        (lambda x: cross(x, 2.0), TypeError, "cross: wanted an array, got float"),
        (lambda x: cross(x, x, axis=2), ValueError, "out of bounds"),
        (lambda x: vecdot(x, 1), TypeError, "vecdot: wanted an array, got int"),
        (lambda x: vecdot(x, x[:, :2]), ValueError, None),
        (lambda x: vecdot(x, x, axis=-3), ValueError, "out of bounds"),
        (lambda x: outer(x, x[0, :]), ValueError, "two vectors"),
        (lambda x: outer(1.0, x[0, :]), TypeError, "outer: wanted an array, got float"),
        (lambda x: tensordot(x, 1.0), TypeError, "wanted an array, got float"),
        (lambda x: tensordot(x, x, axes=1), ValueError, "do not fit"),
        (lambda x: tensordot(x, x, axes=3), ValueError, "cannot sum over 3 axes"),
        (lambda x: tensordot(x, x, axes=-1), ValueError, "cannot sum over -1 axes"),
        (lambda x: tensordot(x, x, axes=((0,), (0, 1))), ValueError, "in pairs"),
        (lambda x: tensordot(x, x, axes=((0, 0), (0, 1))), ValueError, "repeated axis"),
        (lambda x: tensordot(x, x, axes=((2,), (0,))), ValueError, "out of bounds"),
        (lambda x: diagonal(x[0, :]), ValueError, r"diagonal: wanted matrices.*\(4,\)"),
        (lambda x: trace(x[0, :]), ValueError, r"wanted matrices.*\(4,\)"),
        (lambda x: la.matrix_transpose(x[0, :]), ValueError, r"wanted matrices.*\(4,\)"),
        (lambda x: power(x, 2), ValueError, r"square matrices.*\(2, 4\)"),
        (lambda x: power(x[:, :2], 2.5), TypeError, "integer"),
    ],
)
def test_what_is_refused(call, error, message):
    x = np.ones((2, 4))
    with pytest.raises(error, match=message):
        call(x)
    with pytest.raises(error, match=message):
        ud.grad(summed(call))(x)


# -- native transforms -----------------------------------------------------------------------------

NATIVE = {
    "vecdot": (vecdot, A[0], B[0]),
    "cross": (cross, A[0, :, :3], B[0, :, :3]),
    "tensordot": (lambda x, y: tensordot(x, y, axes=1), A[0], B[0, :, :][None].repeat(3, 0).mT),
    "outer": (outer, A[0], B[0]),
    "power": (lambda x, y: power(x, 3) @ y, A[..., :3], B[..., :3]),
    "diagonal": (lambda x, y: diagonal(x, offset=1) + trace(y), A, B),
}


@pytest.mark.parametrize("name", NATIVE)
def test_jax_transforms_it(name):
    jax = pytest.importorskip("jax")
    f, x, y = NATIVE[name]
    found = jax.jit(jax.vmap(jax.grad(summed(f), argnums=(0, 1))))(x, y)
    wanted = [ud.grad(summed(f), argnums=(0, 1))(*pair) for pair in zip(x, y, strict=True)]

    for got, want in zip(found, zip(*wanted, strict=True), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", NATIVE)
def test_torch_transforms_it(name):
    torch = pytest.importorskip("torch")
    f, *arrays = NATIVE[name]
    x, y = (torch.tensor(z, requires_grad=True) for z in arrays)
    found = torch.func.vmap(torch.func.grad(summed(f), argnums=(0, 1)))(x, y)
    sum(f(p, q).sum() for p, q in zip(x, y, strict=True)).backward()
    pairs = zip(*arrays, strict=True)
    wanted = [ud.grad(summed(f), argnums=(0, 1))(*pair) for pair in pairs]

    for got, leaf, want in zip(found, (x, y), zip(*wanted, strict=True), strict=True):
        np.testing.assert_allclose(got.detach(), want, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(leaf.grad, want, rtol=1e-12, atol=1e-13)
