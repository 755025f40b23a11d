"""Functions of numbers where derivatives are easily lost: near ends, far out, on branch cuts."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import unidiff as ud

mpmath = pytest.importorskip("mpmath")

TAPE = ("numpy", "array_api_strict")
xp = ud.backend("numpy").xp


def named(name):
    return lambda x: getattr(ud.array_namespace(x), name)(x)


def slope_of(name, *others, at=0):
    """Return a function of an array and of numbers, of the array alone."""

    def function(x):
        f = getattr(ud.array_namespace(x), name)
        args = [*others[:at], x, *others[at:]]
        return f(*args)

    return function


def root(x):
    return mpmath.sqrt(1 - x * x)


# a function, its derivative as mpmath computes it, where
DIGITS = {
    "asin near the ends": (named("asin"), lambda x: 1 / root(x), [1 - 2**-20, -1 + 2**-22, 0.5]),
    "acos near the ends": (named("acos"), lambda x: -1 / root(x), [1 - 2**-20, -1 + 2**-22, 0.0]),
    "acosh near 1, and far": (
        named("acosh"),
        lambda x: 1 / mpmath.sqrt(x * x - 1),
        [1 + 2**-20, 2.0, 2.0**90, 2.0**120],
    ),
    "atanh near the ends": (
        named("atanh"),
        lambda x: 1 / (1 - x * x),
        [1 - 2**-20, -1 + 2**-22, 1e-30],
    ),
    "atan far out": (named("atan"), lambda x: 1 / (1 + x * x), [2.0**60, -(2.0**30), 1.0, 1e-30]),
    "asinh far out": (
        named("asinh"),
        lambda x: 1 / mpmath.sqrt(1 + x * x),
        [2.0**100, -(2.0**70), 1.0, 1e-30],
    ),
    "tanh far out": (named("tanh"), lambda x: mpmath.sech(x) ** 2, [20.0, -40.0, 3.0, 0.1, 1e-20]),
    "sinh": (named("sinh"), mpmath.cosh, [20.0, -1.0, 0.0]),
    "cosh": (named("cosh"), mpmath.sinh, [20.0, -1.0, 1e-20]),
    "tan": (named("tan"), lambda x: mpmath.sec(x) ** 2, [1.5703125, -0.5, 1e-20]),
    "expm1 far behind": (named("expm1"), mpmath.exp, [-50.0, -1.0, 1e-20, 20.0]),
    "log1p near −1": (named("log1p"), lambda x: 1 / (1 + x), [-1 + 2**-20, 1e-20, 2.0**100]),
    "log2": (named("log2"), lambda x: 1 / (x * mpmath.log(2)), [2.0**-100, 3.0, 2.0**100]),
    "log10": (named("log10"), lambda x: 1 / (x * mpmath.log(10)), [2.0**-100, 3.0, 2.0**100]),
    "reciprocal": (named("reciprocal"), lambda x: -1 / x**2, [2.0**-40, -3.0, 2.0**40]),
    "sqrt": (named("sqrt"), lambda x: 1 / (2 * mpmath.sqrt(x)), [2.0**-100, 3.0, 2.0**100]),
    "hypot, large": (
        slope_of("hypot", 2.0**100),
        lambda x: x / mpmath.sqrt(x * x + mpmath.mpf(2) ** 200),
        [2.0**100, 2.0**120, -(2.0**80)],
    ),
    "hypot, tiny": (
        slope_of("hypot", 2.0**-100),
        lambda x: x / mpmath.sqrt(x * x + mpmath.mpf(2) ** -200),
        [2.0**-100, -(2.0**-80), 2.0**-110],
    ),
    "atan2, large": (
        slope_of("atan2", 2.0**60),
        lambda x: mpmath.mpf(2) ** 60 / (x * x + mpmath.mpf(2) ** 120),
        [2.0**60, 1.0, -(2.0**62)],
    ),
    "atan2, tiny": (
        slope_of("atan2", 2.0**-60, at=1),
        lambda x: -(mpmath.mpf(2) ** -60) / (x * x + mpmath.mpf(2) ** -120),
        [2.0**-60, -(2.0**-62)],
    ),
    "logaddexp": (
        slope_of("logaddexp", 0.0),
        lambda x: 1 / (1 + mpmath.exp(-x)),
        [-80.0, 80.0, 0.0, 1e-3],
    ),
    "logaddexp of large numbers": (
        slope_of("logaddexp", 2.0**22),
        lambda x: 1 / (1 + mpmath.exp(mpmath.mpf(2) ** 22 - x)),
        [2.0**22 - 1, 2.0**22 + 2, 2.0**22 - 40],
    ),
    "pow": (lambda x: x**2.5, lambda x: 2.5 * x ** mpmath.mpf(1.5), [2.0**-30, 3.0, 2.0**20]),
    "remainder": (
        slope_of("remainder", 2.0**20 - 1, at=1),
        lambda x: -mpmath.floor((2**20 - 1) / x),
        [3.0, -0.75, 1024.0],
    ),
}
# more, in double precision
WIDE = {
    "asin": (named("asin"), lambda x: 1 / root(x), [1 - 2**-53, -1 + 2**-50]),
    "atan": (named("atan"), lambda x: 1 / (1 + x * x), [1e150, -1e120]),
    "asinh": (named("asinh"), lambda x: 1 / mpmath.sqrt(1 + x * x), [1e300, -1e200]),
    "acosh": (named("acosh"), lambda x: 1 / mpmath.sqrt(x * x - 1), [1e300, 1 + 2**-52]),
    "atanh": (named("atanh"), lambda x: 1 / (1 - x * x), [1 - 2**-53]),
    "tanh": (named("tanh"), lambda x: mpmath.sech(x) ** 2, [300.0, -350.0]),
    "expm1": (named("expm1"), mpmath.exp, [-700.0]),
    "log1p": (named("log1p"), lambda x: 1 / (1 + x), [-1 + 2**-53, 1e300]),
    "hypot": (
        slope_of("hypot", 1e200),
        lambda x: x / mpmath.sqrt(x * x + mpmath.mpf(1e200) ** 2),
        [1e200, 1e220, 1e-200],
    ),
    "atan2": (
        slope_of("atan2", 1e-200),
        lambda x: mpmath.mpf(1e-200) / (x * x + mpmath.mpf(1e-200) ** 2),
        [1e-200, 3e-201],
    ),
    "logaddexp": (
        slope_of("logaddexp", 1e10),
        lambda x: 1 / (1 + mpmath.exp(mpmath.mpf(1e10) - x)),
        [1e10 + 1, 1e10 - 2, 1e10 - 600],
    ),
}


@pytest.mark.parametrize("backend", TAPE)
@pytest.mark.parametrize(
    ("row", "dtype"),
    [(row, dtype) for row in DIGITS.values() for dtype in ("float64", "float32")]
    + [(row, "float64") for row in WIDE.values()],
    ids=[f"{name}-{d}" for name in DIGITS for d in ("double", "single")] + list(WIDE),
)
def test_a_derivative_has_all_its_digits(backend, row, dtype):
    f, derivative, points = row
    at = ud.backend(backend).plain.asarray(np.asarray(points, dtype))
    with mpmath.workdps(60):
        wanted = [float(derivative(mpmath.mpf(float(x)))) for x in np.asarray(points, dtype)]

    _, dy = ud.jvp(f, (at,), (ud.backend(backend).plain.ones_like(at),))
    (w,) = ud.vjp(f, at)[1](ud.backend(backend).plain.ones_like(at))

    assert np.asarray(dy).dtype == np.asarray(w).dtype == dtype
    np.testing.assert_allclose(np.asarray(dy), wanted, rtol=8 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(np.asarray(dy), np.asarray(w))


# -- complex numbers -------------------------------------------------------------------------------

# a function, and numbers on its branch cut; both signs of zero are tried
ALONG_REAL = {
    "asin": [2.0, -3.0],
    "acos": [2.0, -3.0],
    "acosh": [0.5, -0.5, -3.0],
    "atanh": [2.0, -3.0],
    "log": [-2.0],
    "sqrt": [-2.0],
}
ALONG_IMAGINARY = {"asinh": [2.0, -3.0], "atan": [2.0, -3.0]}
ON_CUTS = [
    (name, complex(x, side))
    for name, points in ALONG_REAL.items()
    for x in points
    for side in (0.0, -0.0)
] + [
    (name, complex(side, x))
    for name, points in ALONG_IMAGINARY.items()
    for x in points
    for side in (0.0, -0.0)
]


@pytest.mark.parametrize(("name", "z"), ON_CUTS)
def test_a_derivative_on_a_branch_cut_is_that_of_its_side(name, z):
    f, h = getattr(xp, name), 2.0**-10
    turn = 1.0 if name in ALONG_REAL else 1j

    def along(t):
        moved = complex(z.real + t, z.imag) if turn == 1.0 else complex(z.real, z.imag + t)
        return complex(f(np.asarray(moved)))

    terms = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
    wanted = sum(c * (along(k * h) - along(-k * h)) for k, c in terms) / (h * turn)
    found = ud.jvp(f, (np.asarray(z),), (np.asarray(1.0 + 0j),))[1]

    np.testing.assert_allclose(found, wanted, rtol=1e-11)


FAR = {
    "atan": (1e200 + 1e200j, 0.0),
    "atanh": (1e200 - 1e200j, 0.0),
    "tanh": (400 + 1j, 0.0),
    "tan": (1 + 400j, 0.0),
    "asinh": (1e200 + 1e200j, 1 / (1e200 + 1e200j)),
    "acosh": (1e200 + 1e200j, 1 / (1e200 + 1e200j)),
    "sqrt": (1e300 + 1e300j, 0.5 / np.sqrt(1e300 + 1e300j)),
    "log": (1e300 + 1e300j, 0.5e-300 - 0.5e-300j),
}


@pytest.mark.parametrize("name", FAR)
def test_far_out_in_the_complex_plane_nothing_overflows(name):
    z, wanted = FAR[name]
    found = ud.jvp(getattr(xp, name), (np.asarray(z),), (np.asarray(1.0 + 0j),))[1]

    np.testing.assert_allclose(found, wanted, rtol=1e-12)


DIRECTED = {
    "abs": (lambda z: xp.abs(z), lambda z, dz: (np.conj(z / abs(z)) * dz).real),
    "angle": (lambda z: xp.angle(z), lambda z, dz: (dz / z).imag),
    "angle, degrees": (lambda z: np.angle(z, True), lambda z, dz: np.degrees((dz / z).imag)),
    "sign": (lambda z: xp.sign(z), lambda z, dz: 1j * z / abs(z) * (dz / z).imag),
}


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
@pytest.mark.parametrize("name", DIRECTED)
def test_the_direction_of_a_complex_number_of_any_size(name, size):
    f, closed = DIRECTED[name]
    z, dz = np.asarray([3 - 4j, 2j, -1 + 0j]) * size, np.asarray([1 + 2j, 1 - 1j, 2j]) * size

    np.testing.assert_allclose(ud.jvp(f, (z,), (dz,))[1], closed(z, dz), rtol=1e-14, atol=1e-30)


# -- other systems --------------------------------------------------------------------------------

UNARY = {
    "acos": 0.3,
    "acosh": 2.0,
    "asin": -0.4,
    "asinh": 0.7,
    "atan": 1.3,
    "atanh": 0.6,
    "cos": 0.5,
    "cosh": 1.1,
    "exp": 0.4,
    "expm1": -0.3,
    "log": 1.7,
    "log10": 0.3,
    "log1p": 0.9,
    "log2": 3.1,
    "reciprocal": -0.6,
    "sin": 2.2,
    "sinh": -1.2,
    "sqrt": 2.5,
    "square": -1.5,
    "tan": 0.8,
    "tanh": 0.9,
}
BINARY = {
    "atan2": (0.7, -1.3),
    "hypot": (0.7, -1.3),
    "logaddexp": (0.7, -1.3),
    "maximum": (0.7, -1.3),
    "minimum": (0.7, -1.3),
    "pow": (0.7, -1.3),
    "remainder": (0.7, -1.3),
    "copysign": (0.7, -1.3),
    "divide": (0.7, -1.3),
}


@pytest.mark.parametrize("name", UNARY)
def test_jax_finds_the_same_first_and_second_derivative(name):
    x = UNARY[name]
    f, g = getattr(xp, name), getattr(jnp, name)

    np.testing.assert_allclose(ud.derivative(f)(x), jax.grad(g)(x), rtol=1e-13)
    np.testing.assert_allclose(ud.hessian(f)(x), jax.grad(jax.grad(g))(x), rtol=1e-12)


@pytest.mark.parametrize("name", BINARY)
def test_torch_finds_the_same_gradient_and_hessian(name):
    points = BINARY[name]
    spelling = {"divide": "div"}.get(name, name)
    tensors = tuple(torch.tensor(p, dtype=torch.float64) for p in points)
    f, g = getattr(xp, name), getattr(torch, spelling)
    found = ud.hessian(f, argnums=(0, 1))(*points)
    wanted = torch.autograd.functional.hessian(g, tensors)

    np.testing.assert_allclose(
        ud.grad(f, argnums=(0, 1))(*points),
        torch.autograd.functional.jacobian(g, tensors),
        rtol=1e-13,
    )
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-12, atol=1e-15)


# -- what comes out --------------------------------------------------------------------------------

MIXED = {
    "atan2": lambda a, b: xp.atan2(a, b),
    "hypot": lambda a, b: xp.hypot(a, b),
    "logaddexp": lambda a, b: xp.logaddexp(a, b),
    "remainder": lambda a, b: xp.remainder(a, b),
    "copysign": lambda a, b: xp.copysign(a, b),
    "maximum": lambda a, b: xp.maximum(a, b),
    "minimum": lambda a, b: xp.minimum(a, b),
    "clip": lambda a, b: xp.clip(a, min=b),
    "pow": lambda a, b: xp.pow(a, b),
    "where": lambda a, b: xp.where(a > 1, a, b),
}


@pytest.mark.parametrize("name", MIXED)
def test_gradients_have_the_shape_and_dtype_of_their_operand(name):
    f = MIXED[name]
    a, b = np.asarray([[1.5], [2.5]], "float32"), np.asarray([1.0, 2.0, 4.0], "float64")
    da, db = ud.grad(lambda a, b: xp.sum(f(a, b)), argnums=(0, 1))(a, b)

    assert (da.shape, da.dtype) == (a.shape, a.dtype)
    assert (db.shape, db.dtype) == (b.shape, b.dtype)


@pytest.mark.parametrize("other", [2, 2.0, np.float64(2.0), np.asarray(2), np.asarray([2, 3])])
@pytest.mark.parametrize("name", [n for n in MIXED if n != "where"])
def test_numbers_and_integers_are_constants(name, other):
    f, x = MIXED[name], np.asarray([1.5, 3.5])
    wanted = ud.grad(lambda a: xp.sum(f(a, np.asarray(other, "float64"))))(x)

    np.testing.assert_array_equal(ud.grad(lambda a: xp.sum(f(a, other)))(x), wanted)


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.parametrize("shape", [(0,), (2, 0), ()])
def test_no_numbers_and_one_number(name, shape):
    a, b = np.full(shape, 1.5), np.full(shape, 2.5)
    da, db = ud.grad(lambda a, b: xp.sum(MIXED[name](a, b)), argnums=(0, 1))(a, b)

    assert da.shape == db.shape == shape


def test_a_clipped_array_is_another_handle():
    def f(x):
        y = xp.clip(x)
        y[0] = 0.0
        return xp.sum(y) + 10.0 * xp.sum(x)

    np.testing.assert_array_equal(ud.grad(f)(np.ones(2)), [10.0, 11.0])


@pytest.mark.parametrize("outer", [ud.jacfwd, ud.jacrev])
@pytest.mark.parametrize("inner", [ud.jacfwd, ud.jacrev])
def test_third_derivatives_of_tanh_by_every_order(outer, inner):
    third = ud.derivative(outer(inner(xp.tanh)))(np.asarray(0.3))
    t = np.tanh(0.3)

    np.testing.assert_allclose(third, (1 - t * t) * (6 * t * t - 2), rtol=1e-13)
