"""Complex numbers: the transpose does not conjugate, and R-linear steps are exact."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import unidiff as ud

Z = np.array([1.0 + 2.0j, -0.5 + 0.3j, 2.0 - 1.0j])
W = np.array([0.7 - 0.2j, 1.1 + 0.4j, -0.3 + 0.9j])
LIBRARIES = pytest.mark.parametrize("library", ["numpy", "array_api_strict"])

PROGRAMS = {
    "square": lambda xp, z: z * z,
    "exp": lambda xp, z: xp.exp(1j * z) / z,
    "abs": lambda xp, z: xp.abs(z),
    "conj": lambda xp, z: xp.conj(z) * z * z,
    "real": lambda xp, z: xp.real(z) ** 2 * z,
    "imag": lambda xp, z: xp.imag(z) * xp.real(z),
    "sum": lambda xp, z: xp.sum(z * xp.conj(z[::-1]), axis=0, keepdims=True),
    "matmul": lambda xp, z: z[:, None] @ xp.conj(z)[None, :] @ z,
    "concat": lambda xp, z: xp.concat([xp.real(z), xp.abs(z)]),
    "cast": lambda xp, z: xp.astype(xp.imag(z), z.dtype) * z,
}


def differences(f, z, h=1e-6):
    """The real Jacobian on pairs, a column for each real and each imaginary part."""
    split = lambda y: np.stack([y.real, y.imag]) if np.iscomplexobj(y) else y  # noqa: E731
    steps = [unit * e for unit in (1.0, 1j) for e in np.eye(len(z))]
    columns = [split((f(z + h * d) - f(z - h * d)) / (2 * h)) for d in steps]
    return np.stack(columns, axis=-1).reshape(*columns[0].shape, 2, len(z))


@LIBRARIES
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_real_jacobian_of_pairs(library, name):
    b = ud.backend(library)
    f = lambda z: PROGRAMS[name](b.xp, z)  # noqa: E731
    _, L = ud.linearize(f, b.plain.asarray(Z))
    wanted = differences(lambda z: np.asarray(f(b.plain.asarray(z))), Z)
    if L.c_linear:
        blocks = np.asarray(L.dense())
        wanted_c = wanted[0, :, 0, :] + 1j * wanted[1, :, 0, :]
        np.testing.assert_allclose(blocks, wanted_c, atol=1e-8)
    else:
        np.testing.assert_allclose(np.asarray(L.dense()), wanted, atol=1e-8)


@LIBRARIES
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_pullback_pairs_with_the_pushforward_without_a_conjugate(library, name):
    b = ud.backend(library)
    y, L = ud.linearize(lambda z: PROGRAMS[name](b.xp, z), b.plain.asarray(Z))
    u = b.plain.asarray(W)
    v = np.cos(np.arange(1, np.asarray(y).size + 1)).reshape(y.shape)
    v = b.plain.asarray((v * (1 - 2j)).astype(np.asarray(y).dtype) if np.iscomplexobj(y) else v)
    pushed, pulled = np.asarray(L(u)), np.asarray(L.T(v))

    assert np.sum(pushed * np.asarray(v)).real == pytest.approx(np.sum(W * pulled).real, rel=1e-12)


@LIBRARIES
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("outer", [ud.jacfwd, ud.jacrev])
def test_second_derivatives_of_a_real_function(library, name, outer):
    b = ud.backend(library)

    def value(pair):
        z = pair[0, :] + 1j * pair[1, :]
        y = PROGRAMS[name](b.xp, z)
        return b.xp.sum(b.xp.abs(b.xp.sin(y)) ** 2)

    pair = np.stack([Z.real, Z.imag])
    gradient = lambda p: np.asarray(ud.grad(value)(b.plain.asarray(p)))  # noqa: E731
    h, steps = 1e-5, np.eye(6).reshape(6, 2, 3)
    wanted = np.stack(
        [(gradient(pair + h * d) - gradient(pair - h * d)) / (2 * h) for d in steps], axis=-1
    ).reshape(2, 3, 2, 3)
    found = np.asarray(outer(ud.grad(value))(b.plain.asarray(pair)))

    np.testing.assert_allclose(found, wanted, atol=1e-7 * (1 + np.abs(wanted).max()))


def test_the_transpose_of_a_square_is_twice_z_unconjugated():
    _, L = ud.linearize(lambda z: z * z, Z)

    np.testing.assert_allclose(L.T(W), 2 * Z * W, rtol=1e-15)
    np.testing.assert_allclose(L.H(W), 2 * Z.conj() * W, rtol=1e-15)
    np.testing.assert_allclose(L(W), 2 * Z * W, rtol=1e-15)


REAL_FUNCTIONS = {
    "square of abs": lambda xp, z: xp.sum(xp.abs(z) ** 2),
    "product with the conjugate": lambda xp, z: xp.sum(xp.real(z * xp.conj(z))),
    "real part": lambda xp, z: xp.sum(xp.real(z**3)),
    "imaginary part": lambda xp, z: xp.sum(xp.imag(xp.exp(z) / z)),
    "abs": lambda xp, z: xp.sum(xp.abs(z)),
}


@pytest.mark.parametrize("name", REAL_FUNCTIONS)
def test_the_gradient_of_a_real_function_is_jaxs(name):
    f = REAL_FUNCTIONS[name]
    found = ud.grad(lambda z: f(ud.backend("numpy").xp, z))(Z)
    wanted = jax.grad(lambda z: f(jnp, z))(jnp.asarray(Z))

    np.testing.assert_allclose(found, np.asarray(wanted), rtol=1e-13)


def test_the_gradient_of_the_squared_size_is_twice_the_conjugate():
    found = ud.grad(lambda z: np.sum(np.abs(z) ** 2))(Z)

    np.testing.assert_allclose(found, 2 * Z.conj(), rtol=1e-14)


def test_a_holomorphic_gradient_is_the_complex_derivative():
    found = ud.grad(lambda z: np.sum(z**3), holomorphic=True)(Z)

    np.testing.assert_allclose(found, 3 * Z**2, rtol=1e-14)
    np.testing.assert_allclose(
        ud.jacobian(lambda z: z**2, holomorphic=True)(Z), np.diag(2 * Z), rtol=1e-14
    )


def test_real_and_complex_operands_keep_their_own_dtypes():
    x = np.array([1.0, 2.0, 3.0])
    gx, gz = ud.grad(lambda x, z: np.sum(np.abs(x * z + x)), argnums=(0, 1))(x, Z)
    dx, dz = ud.vjp(lambda x, z: x * z, x, Z)[1](W)

    assert gx.dtype == np.float64
    assert gz.dtype == np.complex128
    np.testing.assert_allclose(dx, (W * Z).real, rtol=1e-14)
    np.testing.assert_allclose(dz, W * x, rtol=1e-14)


@pytest.mark.parametrize("name", ["real", "imag", "conj", "abs"])
def test_r_linear_functions_of_real_arrays_stay_real(name):
    x = np.array([1.0, -2.0], np.float32)
    function = getattr(np, name)
    found = ud.grad(lambda x: np.sum(function(x) * x))(x)
    _, dy = ud.jvp(function, (x,), (x,))

    assert found.dtype == dy.dtype == np.float32
    assert found.tolist() == {"imag": [0, 0], "abs": [2, 4]}.get(name, [2, -4])
    assert np.array_equal(ud.hessian(lambda x: np.sum(function(x) * x))(x).dtype, np.float32)


def test_complex64_stays_complex64():
    z = Z.astype(np.complex64)
    f = lambda z: np.sum(np.abs(z * z[::-1] + 2.0) + np.real(1j * z))  # noqa: E731

    assert ud.grad(f)(z).dtype == np.complex64
    assert ud.jvp(f, (z,), (z,))[1].dtype == np.float32
    assert ud.linearize(lambda z: 3j * z, z)[1].dense().dtype == np.complex64


NUMBERS = {
    "times": lambda x: 1j * x[1],
    "times after a sum": lambda x: 1j * np.sum(x),
    "minus": lambda x: (1j - x[1]) * 2.0,
    "over": lambda x: 1j / x[1],
    "power": lambda x: 2j ** x[1],
    "from the right": lambda x: x[1] * 1j + 3j,
}


@pytest.mark.parametrize("part", [np.real, np.imag])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_complex_number_beside_a_traced_number(name, part):
    f = lambda x: part(NUMBERS[name](x) * (1 + 1j))  # noqa: E731
    x, h = np.array([0.5, 1.5]), 1e-6
    slope = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(2)]

    np.testing.assert_allclose(ud.grad(f)(x), slope, atol=1e-8)
    np.testing.assert_allclose(ud.jvp(f, (x,), (np.ones(2),))[1], np.sum(slope), atol=1e-8)
    np.testing.assert_allclose(ud.jacfwd(f)(x), slope, atol=1e-8)
    assert ud.grad(f)(x).dtype == np.float64
