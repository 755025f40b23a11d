"""The cases that automatic differentiation is known to get wrong, with the answers wanted here.

Each is a fault that some system has had, or has: silently wrong numbers first of all.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import pickle
import threading

import numpy as np
import pytest

import unidiff as ud
from unidiff.testing import check_rule

xp = ud.backend("numpy").xp
EYE = np.eye(2)


def forward(f):
    return lambda x: ud.jvp(f, (x,), (np.ones_like(x),))[1]


MODES = {"forward": forward, "reverse": ud.grad}
PAIRS = list(itertools.product(MODES, MODES))

# -- nesting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_an_inner_derivative_does_not_see_the_outer_one(outer, inner):
    d_outer, d_inner = MODES[outer], MODES[inner]
    one = np.asarray(1.0)

    assert d_outer(lambda x: x * d_inner(lambda y: x + y)(one))(one) == 1.0
    assert d_outer(lambda x: x * d_inner(lambda y: x * y**2)(x))(np.asarray(2.0)) == 24.0


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_a_derivative_of_a_function_that_returns_functions(outer, inner):
    """Manzyuk and others, Perturbation confusion in forward automatic differentiation (2019)."""

    def shift(offset):
        return lambda f: lambda x: f(x + offset)

    def directly():
        return MODES[outer](shift)(np.asarray(0.0))

    def expanded(f):
        return lambda x: MODES[outer](lambda offset: shift(offset)(f)(x))(np.zeros(()))

    with pytest.raises(TypeError, match=r"must return arrays.* it returned function"):
        directly()
    twice = MODES[inner](expanded(expanded(lambda x: xp.exp(x))))
    np.testing.assert_allclose(twice(np.asarray(1.0)), np.e, rtol=1e-14)


# -- one function of arrays, where, and its derivative --------------------------------------------


def sinc(x):
    return xp.where(x == 0, 1.0, xp.sin(x) / xp.where(x == 0, 1.0, x))


POINTS = {
    "where with an infinite dead branch": (
        lambda x: xp.where(x > 0, xp.sqrt(x), 0.0),
        0.0,
        0.0,
    ),
    "sinc": (sinc, 0.0, 0.0),
    "abs": (xp.abs, 0.0, 0.0),
    "norm": (xp.linalg.vector_norm, [0.0, 0.0], [0.0, 0.0]),
    "norm squared": (lambda x: xp.linalg.vector_norm(x) ** 2, [0.0, 0.0], [0.0, 0.0]),
    "std": (xp.std, [3.0, 3.0], [0.0, 0.0]),
    "prod with a zero": (xp.prod, [2.0, 0.0, 3.0], [0.0, 6.0, 0.0]),
    "prod with two zeros": (xp.prod, [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    "cumulative_prod with a zero": (
        lambda x: xp.sum(xp.cumulative_prod(x)),
        [2.0, 0.0, 3.0],
        [1.0, 8.0, 0.0],
    ),
    "det of rank n − 1": (
        xp.linalg.det,
        [[1.0, 2.0], [2.0, 4.0]],
        [[4.0, -2.0], [-2.0, 1.0]],
    ),
    "max of ties": (xp.max, [1.0, 1.0], [0.5, 0.5]),
    "maximum of ties": (lambda x: xp.maximum(x, np.asarray(1.0)), 1.0, 0.5),
    "x ** 0": (lambda x: x**0, 0.0, 0.0),
    "x ** 0.0": (lambda x: x**0.0, 0.0, 0.0),
    "x ** 1": (lambda x: x**1, 0.0, 1.0),
    "x ** 2": (lambda x: x**2, 0.0, 0.0),
    "x ** 3 at a negative number": (lambda x: x**3, -2.0, 12.0),
    "x ** 3.0 at a negative number": (lambda x: x**3.0, -2.0, 12.0),
    "0 ** y": (lambda y: 0.0**y, 0.0, 0.0),
    "0 ** y, further on": (lambda y: 0.0**y, 2.0, 0.0),
    "Σ eigvalsh² of equal eigenvalues": (
        lambda x: xp.sum(xp.linalg.eigvalsh(x) ** 2),
        EYE,
        2 * EYE,
    ),
    "Σ svdvals of equal singular values": (lambda x: xp.sum(xp.linalg.svdvals(x)), EYE, EYE),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", POINTS)
def test_the_derivative_at_a_hard_point(name, mode):
    f, x, wanted = POINTS[name]
    x = np.asarray(x)
    if mode == "reverse":
        found = ud.grad(f)(x)
    else:
        basis = np.eye(x.size).reshape(-1, *x.shape)
        found = np.reshape([ud.jvp(f, (x,), (dx,))[1] for dx in basis], x.shape)

    np.testing.assert_allclose(found, wanted, atol=1e-14)


REPEATED = {
    "V w² Vᴴ": lambda x: (lambda w, v: xp.sum((v * w**2) @ v.mT))(*xp.linalg.eigh(x)),
    "U S Vh": lambda x: (lambda u, s, vh: xp.sum((u * s) @ vh))(*xp.linalg.svd(x)),
}
EXACT = {"V w² Vᴴ": lambda x: xp.sum(x @ x), "U S Vh": xp.sum}


@pytest.mark.parametrize("name", REPEATED)
def test_vectors_of_a_repeated_spectrum_are_refused_and_products_are_exact(name):
    """No rule for vectors alone can be right there: their derivative is not finite."""
    with pytest.raises(ud.UnidiffError, match=r"0 and 1"):
        ud.grad(REPEATED[name])(EYE)

    apart = np.diag([1.0, 2.0]) + 0.1
    np.testing.assert_allclose(
        ud.grad(REPEATED[name])(apart), ud.grad(EXACT[name])(apart), rtol=1e-12
    )


@pytest.mark.parametrize("name", ["numpy", "array_api_strict", "jax", "torch"])
def test_the_gradient_of_the_squared_modulus_is_conjugate_on_every_backend(name):
    of = ud.backend(name)
    z = of.plain.asarray(3 + 4j)

    def square(z):
        space = ud.array_namespace(z)
        return space.abs(z) ** 2

    assert complex(of.stop_gradient(ud.grad(square)(z))) == pytest.approx(6 - 8j, rel=1e-12)


# -- what is given, and what comes back -----------------------------------------------------------


@pytest.mark.parametrize("x", [3, True, np.array([1, 2]), np.array([True])], ids=repr)
def test_integers_and_booleans_have_no_derivative(x):
    if type(x) is int:  # a Python number is weak: it is the float of that value
        assert ud.grad(lambda x: x * x)(x) == 6.0
        return
    with pytest.raises(TypeError, match="real or complex floating arrays"):
        ud.grad(lambda x: xp.sum(x * 1.0))(x)


def test_the_gradient_has_the_dtype_of_its_argument():
    x, c = np.ones(2, np.float32), np.array([1.0, 2.0])

    assert ud.grad(lambda x: xp.sum(x * c))(x).dtype == np.float32
    assert ud.jvp(lambda x: x * c, (x,), (x,))[1].dtype == np.float64


def test_an_array_captured_and_changed_after_its_use():
    c = np.array([1.0, 2.0])

    def f(x):
        y = xp.sum(x * c)
        c[0] = 100.0
        return y

    with pytest.raises(ValueError, match="read-only"):
        ud.grad(f)(np.ones(2))
    _, pull = ud.vjp(lambda x: x * c, np.ones(2))
    c[:] = 100.0

    assert np.array_equal(pull(np.ones(2))[0], [1, 2])


WRONG = {
    "cotangent of another shape": (
        lambda: ud.vjp(lambda x: x * 2.0, np.ones(2))[1](np.ones(3)),
        ValueError,
        r"cotangent must have the shape of its array, \(2,\); got \(3,\)",
    ),
    "tangent of another shape": (
        lambda: ud.jvp(lambda x: x * 2.0, (np.ones(3),), (np.ones((2, 3)),)),
        ValueError,
        r"tangent must have the shape of its array, \(3,\); got \(2, 3\)",
    ),
    "complex cotangent of a real array": (
        lambda: ud.vjp(lambda x: x * 2.0, np.ones(2))[1](np.ones(2) * 1j),
        TypeError,
        "cotangent must have the dtype of its array, float64; got complex128",
    ),
    "arrays of two backends": (
        lambda: ud.grad(lambda x: xp.hypot(x[0], ud.backend("torch").plain.ones(())))(np.ones(2)),
        TypeError,
        "arrays of two backends, numpy and torch, in one call; convert one of them first",
    ),
    "pickle": (
        lambda: ud.grad(lambda x: xp.sum(x) * len(pickle.dumps(x)))(np.ones(2)),
        ud.ConcretizationError,
        "pickle of a traced array",
    ),
    "float": (
        lambda: ud.grad(lambda x: xp.sum(x) * float(x[0]))(np.ones(2)),
        ud.ConcretizationError,
        r"float\(\) of a traced array",
    ),
    "hash": (
        lambda: ud.grad(lambda x: xp.sum(x) * hash(x))(np.ones(2)),
        TypeError,
        "unhashable",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_is_an_error(name):
    call, error, message = WRONG[name]
    with pytest.raises(error, match=message):
        call()


def test_bool_follows_the_value():
    assert ud.grad(lambda x: x * 2.0 if x > 0 else -x)(3.0) == 2.0


def test_a_tracer_that_outlives_its_transform_is_told():
    kept = []
    ud.grad(lambda x: kept.append(x) or xp.sum(x))(np.ones(2))

    with pytest.raises(ud.LeakedTracerError):
        ud.grad(lambda x: xp.sum(x * kept[0]))(np.ones(2))


NUMPY_FIRST = {
    "NumPy's number, times": lambda x: np.float64(2.0) * x,
    "array, times": lambda x: np.array([2.0, 2.0]) * x,
    "np.multiply": lambda x: np.multiply(2.0, x),
}


@pytest.mark.parametrize("name", NUMPY_FIRST)
def test_numpys_arrays_and_functions_take_traced_arrays(name):
    f = NUMPY_FIRST[name]

    assert np.array_equal(ud.grad(lambda x: xp.sum(f(x)))(np.ones(2)), [2, 2])


# -- endurance ------------------------------------------------------------------------------------


def nested(x):
    return ud.grad(lambda y: x * ud.grad(lambda z: z**3 * y)(x))(2.0)


def test_threads_do_not_see_one_another():
    wrong = []

    def work():
        for k in range(1, 301):
            x = np.asarray(k / 100)
            found = ud.grad(nested)(x)
            if abs(found - 9 * x**2) > 1e-9 * (1 + x**2):
                wrong.append((x, found))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_coroutines_do_not_see_one_another():
    async def work(k):
        def f(x):
            return ud.grad(nested)(x * k)

        await asyncio.sleep(0)
        return f(np.asarray(1.0))

    async def together():
        return await asyncio.gather(*(work(k) for k in range(1, 20)))

    found = asyncio.run(together())
    np.testing.assert_allclose(found, [9 * k**2 for k in range(1, 20)], rtol=1e-12)


def test_long_chains_need_no_recursion():
    def f(x):
        for _ in range(50_000):
            x = x * 1.00001 + 0.0
        return x

    np.testing.assert_allclose(ud.grad(f)(1.0), 1.00001**50_000, rtol=1e-9)


def test_gradients_leave_no_cycles():
    f = ud.grad(lambda x: xp.sum(xp.sin(x[1:] * x[:-1]) / xp.linalg.vector_norm(x)))
    x = np.ones(4)
    f(x)
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(500):
            f(x)
        after = len(gc.get_objects())
    finally:
        gc.enable()

    assert after - before < 50


def test_an_exception_in_a_trace_leaves_nothing_behind():
    def fails(x):
        raise KeyError(x)

    for _ in range(3):
        with pytest.raises(KeyError):
            ud.grad(lambda x: ud.grad(fails)(x) * x)(2.0)
    assert ud.grad(lambda x: ud.grad(lambda y: y**2 * x)(3.0))(5.0) == 6.0


# -- functions that are silently wrong elsewhere, in the form in which they are -------------------

SIGNAL = np.cos(np.arange(8.0)) + 2.0
MATRIX = np.cos(np.arange(9.0)).reshape(3, 3) + 3 * np.eye(3)
COMPLEX = MATRIX + 0.3j * MATRIX.T


def spectrum(n):
    return lambda x: xp.abs(xp.fft.rfft(x, n=n))


def unit_diagonal(a):
    return ud.linalg.solve_triangular(a, np.ones(3, a.dtype), unit_diagonal=True, lower=True)


def hermitian(z):
    return ud.linalg.cholesky((z + z.conj().mT) / 2 + 4 * np.eye(3, dtype=z.dtype))


SILENT = {
    "rfft, shorter": (spectrum(6), SIGNAL),
    "rfft, longer": (spectrum(10), SIGNAL),
    "rfft, odd": (spectrum(7), SIGNAL),
    "solve_triangular with a unit diagonal": (unit_diagonal, MATRIX),
    "sort of a square matrix": (lambda x: xp.sort(x, axis=0), MATRIX),
    "transpose to negative axes": (
        lambda x: np.transpose(x, (-2, -1, 0, 1)),
        np.arange(24.0).reshape(1, 2, 3, 4),
    ),
    "slogdet's sign of a complex matrix": (lambda z: ud.linalg.slogdet(z).sign, COMPLEX),
    "sign of complex numbers": (xp.sign, COMPLEX),
    "cholesky of a Hermitian part": (hermitian, COMPLEX),
}


@pytest.mark.parametrize("name", SILENT)
def test_a_function_that_is_silently_wrong_elsewhere(name):
    f, x = SILENT[name]

    assert check_rule(f, x, backends=["numpy"], complex=False).ok
