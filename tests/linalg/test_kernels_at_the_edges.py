"""Kernels at the edges: singular, huge, defective, not finite."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
from linalg.kernel_cases import (
    CASES,
    DTYPES,
    LIBRARIES,
    NATIVE,
    assert_negligible,
    call,
    every_library,
    exponential,
    mT,
    random,
    triangle,
)

# -- factorizations at the edges ---------------------------------------------------------------

SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
ERRORS = (np.linalg.LinAlgError, torch.linalg.LinAlgError)


def fails(kernel: Callable[..., Any], *arrays: Any) -> bool:
    """Does it raise an error, or return what nobody takes for a solution: huge, inf, nan?"""
    try:
        y = kernel(*arrays)
    except ERRORS:
        return True
    y = np.asarray(y[0] if isinstance(y, tuple) else y)
    return not np.max(np.abs(y)) < 1e10


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("stack", [(), (2,)])
def test_singular_matrices(name, stack):
    lib = LIBRARIES[name]
    a = lib.asarray(np.broadcast_to(SINGULAR, (*stack, 2, 2)).copy())
    sign, logabs, lu, _ = map(lib.asnumpy, lib.kernels["slogdet"](a))

    assert fails(lib.kernels["inv"], a)
    assert fails(lib.kernels["solve"], a, a)
    assert (sign == 0).all()
    assert (logabs == -np.inf).all()
    assert (lib.asnumpy(lib.kernels["det"](a)) == 0).all()
    assert (lu[..., -1, -1] == 0).all()


@pytest.mark.parametrize("name", NATIVE)
def test_cholesky_is_of_the_hermitian_part_and_fails_where_there_is_none(name):
    lib = LIBRARIES[name]
    a = np.array([[4.0, 1.0], [3.0, 5.0]])

    np.testing.assert_allclose(lib.kernels["cholesky"](lib.asarray(a)), [[2, 0], [1, 2]])
    assert fails(lib.kernels["cholesky"], lib.asarray(-np.eye(2)))


@every_library
@pytest.mark.parametrize("lower", [True, False])
def test_solve_triangular_reads_one_triangle(lib, lower):
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    a[(0, 1) if lower else (1, 0)] = np.nan
    y = lib.kernels["solve_triangular"](
        lib.asarray(a), lib.asarray(np.eye(2)), lower=lower, transposed=True, unit_diagonal=False
    )

    np.testing.assert_allclose(triangle(a, lower, True, False) @ lib.asnumpy(y), np.eye(2), 1e-14)


@every_library
@pytest.mark.parametrize("dtype", DTYPES)
def test_lu_factor_is_scipys(lib, dtype):
    for a in (random(np.random.default_rng(0), (5, 5), dtype), SINGULAR.astype(dtype)):
        lu, pivots = map(lib.asnumpy, lib.kernels["lu_factor"](lib.asarray(a)))
        wanted, wanted_pivots, _ = scipy.linalg.get_lapack_funcs("getrf", (a,))(a)

        assert pivots.dtype == np.int32
        assert_negligible(lu - wanted, a, wanted)
        np.testing.assert_array_equal(pivots, wanted_pivots)


@every_library
def test_factors_stand_for_the_matrix(lib):
    """Also for stacks of which torch's own lu_solve takes the wrong matrices."""
    rng = np.random.default_rng(0)
    a, b = random(rng, (5, 1, 4, 4), "float64"), random(rng, (5, 9, 4, 2), "float64")
    nothing = lib.asarray(np.full(a.shape, np.nan))
    factors = lib.kernels["factor"](lib.asarray(a))
    y = lib.kernels["factored_solve"](nothing, *factors, lib.asarray(b), transposed=True)

    np.testing.assert_allclose(mT(a) @ lib.asnumpy(y), b, atol=1e-12)


# -- the exponential at the edges --------------------------------------------------------------

EXTREMES = {
    "zero": (np.zeros((2, 2)), np.eye(2), 0),
    "far from normal": ([[1, 1e6], [0, -1]], [[math.e, 1e6 * math.sinh(1)], [0, 1 / math.e]], 1),
    "nilpotent": ([[0, 1e6], [0, 0]], [[1, 1e6], [0, 1]], 1),
    "fast": ([[0, 1e6], [-1e6, 0]], [[math.cos(1e6), math.sin(1e6)]] * 2, 1e6),
    "stiff": ([[-1e6, 0], [1, -1]], [[0, 0], [math.exp(-1) / 999999, math.exp(-1)]], 1e6),
}


@every_library
@pytest.mark.parametrize("key", EXTREMES)
def test_expm_at_the_extremes(lib, key):
    a, wanted, condition = EXTREMES[key]
    y = lib.asnumpy(lib.kernels["expm"](lib.asarray(np.asarray(a, float))))
    if lib is LIBRARIES["torch"]:
        condition *= 1e6  # it squares by the norm
    y = np.abs(y) if key == "fast" else y
    y = np.stack([y[0], y[1, ::-1]]) if key == "fast" else y

    np.testing.assert_allclose(y, np.abs(wanted), rtol=0, atol=2e-15 * condition * np.max(wanted))


@every_library
def test_expm_scales_each_matrix_by_itself(lib):
    a = random(np.random.default_rng(0), (3, 3), "float64")
    a = np.stack([0 * a, a, 500 * np.diag([1.0, -1.0, 0.5]), 1e-8 * a])
    y = lib.asnumpy(lib.kernels["expm"](lib.asarray(a)))

    for x, yx in zip(a, y, strict=True):
        wanted = exponential(x)
        assert np.max(np.abs(yx - wanted)) <= 1e-12 * np.max(np.abs(wanted))


# -- the equations at the edges ----------------------------------------------------------------


def spectrum(kind: str, n: int) -> Any:
    noise = random(np.random.default_rng(n), (n, n), "float64") / n**0.5
    jordan = np.eye(n) + 0.4 * np.eye(n, k=1)
    return {
        "stable": -2 * np.eye(n) + noise,
        "unstable": 2 * np.eye(n) + noise,
        "indefinite": 3 * noise,
        "defective": 0.6 * jordan,
    }[kind]


@every_library
@pytest.mark.parametrize("kind", ["stable", "unstable", "indefinite", "defective"])
@pytest.mark.parametrize("key", ["sylvester", "continuous", "discrete"])
def test_large_equations_with_any_spectrum(lib, kind, key):
    case, a = CASES[key], spectrum(kind, 34)
    arrays = [a, a, a[::-1].copy()] if key == "sylvester" else [a, a[::-1].copy()]
    (y,) = call(lib, case, [lib.asarray(x) for x in arrays])

    y = lib.asnumpy(y)

    assert_negligible(case.defect(*arrays, y), a, a, y)


@every_library
@pytest.mark.parametrize("size", [3, 34])
def test_equations_without_a_solution_are_not_solved(lib, size):
    one, plus = lib.asarray(np.ones((size, size))), lib.asarray(np.eye(size))
    half = lib.asarray(np.diag(np.arange(1.0, size + 1)))
    rotation = np.eye(size)[::-1] * np.sign(np.arange(size) - size / 2 + 0.25)[:, None]

    assert fails(lib.kernels["solve_sylvester"], half, -half, one)
    assert fails(lib.kernels["solve_continuous_lyapunov"], lib.asarray(rotation), one)
    assert fails(lib.kernels["solve_discrete_lyapunov"], plus, one)


@every_library
def test_nan_stays_nan(lib):
    nan, one = lib.asarray(np.full((34, 34), np.nan)), lib.asarray(np.eye(34))
    ys = [
        lib.kernels["solve_sylvester"](nan, one, one),
        lib.kernels["solve_continuous_lyapunov"](one, nan),
        lib.kernels["solve_discrete_lyapunov"](nan, one),
    ]

    assert all(np.isnan(lib.asnumpy(y)).all() for y in ys)


def test_signs_are_scipys():
    rng = np.random.default_rng(0)
    a, b, q = (random(rng, (3, 3), "complex128") for _ in range(3))

    for name, arrays in (
        ("solve_sylvester", (a, b, q)),
        ("solve_continuous_lyapunov", (a, q)),
        ("solve_discrete_lyapunov", (a, q)),
    ):
        wanted = getattr(scipy.linalg, name)(*arrays)
        np.testing.assert_allclose(LIBRARIES["numpy"].kernels[name](*arrays), wanted, rtol=1e-12)
