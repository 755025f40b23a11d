"""The kernels of all backends, and what vanishes if they are right."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import array_api_compat
import array_api_compat.numpy
import array_api_strict
import jax
import numpy as np
import pytest
import torch

from unidiff.linalg import _kernels as linalg_reference
from unidiff.matrix import _kernels as matrix_reference
from unidiff_jax._kernels import kernels as jax_kernels
from unidiff_numpy._kernels import kernels as numpy_kernels
from unidiff_torch._kernels import kernels as torch_kernels

# -- the libraries -----------------------------------------------------------------------------


def reference_kernels(xp: Any) -> dict[str, Callable[..., Any]]:
    """The reference kernels with the signatures of the backends' kernels."""
    matrix = {name: partial(getattr(matrix_reference, name), xp) for name in MATRIX_KERNELS}
    linalg = {name: partial(getattr(linalg_reference, name), xp) for name in LINALG_KERNELS}

    def factored_solve(a: Any, lu: Any, pivots: Any, b: Any, *, transposed: bool) -> Any:
        return matrix_reference.lu_solve(xp, lu, pivots, b, transposed=transposed)

    return matrix | linalg | {"factor": matrix["lu_factor"], "factored_solve": factored_solve}


MATRIX_KERNELS = ("lu_factor", "solve_triangular")
LINALG_KERNELS = (
    "expm",
    "solve_sylvester",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
)


def library(kernels: Any, asarray: Any, asnumpy: Any = np.asarray) -> SimpleNamespace:
    return SimpleNamespace(kernels=kernels, asarray=asarray, asnumpy=asnumpy)


LIBRARIES = {
    "numpy": library(numpy_kernels, np.array),
    "reference": library(reference_kernels(array_api_compat.numpy), np.array),
    "strict": library(reference_kernels(array_api_strict), array_api_strict.asarray),
    "jax": library(jax_kernels, jax.numpy.array),
    "torch": library(torch_kernels, torch.tensor),
}
NATIVE = ("numpy", "jax", "torch")
TRACED = ("jax", "torch")  # never raise but for what the library itself raises


def mT(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


def H(a: Any) -> Any:
    return mT(a).conj()


def triangle(a: Any, lower: bool, transposed: bool, unit: bool) -> Any:
    a = np.tril(a, -1 if unit else 0) if lower else np.triu(a, 1 if unit else 0)
    a = a + np.eye(a.shape[-1]) if unit else a
    return mT(a) if transposed else a


def rebuilt(lu: Any, pivots: Any) -> Any:
    """P L U"""
    a = triangle(lu, True, False, True) @ np.triu(lu)
    rows = matrix_reference.permutation(np, pivots)
    return np.take_along_axis(a, np.argsort(rows, axis=-1)[..., None], axis=-2)


# -- the cases ---------------------------------------------------------------------------------


class Case(NamedTuple):
    """A kernel, the kinds of its arguments, and what vanishes if its outputs are right."""

    kernel: str
    kinds: str
    defect: Callable[..., Any]
    static: dict[str, bool] = {}  # noqa: RUF012 (a tuple's default, and never written to)


def tri(lower: bool, transposed: bool, unit: bool) -> Case:
    static = {"lower": lower, "transposed": transposed, "unit_diagonal": unit}
    how = lower, transposed, unit
    return Case("solve_triangular", "tk", lambda a, b, y: triangle(a, *how) @ y - b, static)


CASES = {
    "inv": Case("inv", "a", lambda a, y: a @ y - np.eye(a.shape[-1])),
    "solve": Case("solve", "ak", lambda a, b, y, *_: a @ y - b),
    "factor": Case("factored_solve", "afk", lambda a, b, y: a @ y - b, {"transposed": False}),
    "factorT": Case("factored_solve", "afk", lambda a, b, y: mT(a) @ y - b, {"transposed": True}),
    "sign": Case("slogdet", "a", lambda a, s, *_: s - np.linalg.slogdet(a)[0]),
    "logabs": Case("slogdet", "a", lambda a, s, d, *_: d - np.linalg.slogdet(a)[1]),
    "det": Case("det", "a", lambda a, y: (y - np.linalg.det(a)) / (1 + abs(y))),
    "cholesky": Case("cholesky", "p", lambda a, y: y @ H(y) - a),
    "cholesky is lower": Case("cholesky", "p", lambda a, y: np.triu(y, 1)),
    "lu_factor": Case("lu_factor", "a", lambda a, lu, pivots: rebuilt(lu, pivots) - a),
    "lower": tri(True, False, False),
    "lower T": tri(True, True, False),
    "upper": tri(False, False, False),
    "upper T": tri(False, True, False),
    "unit lower": tri(True, False, True),
    "unit upper T": tri(False, True, True),
    "expm": Case("expm", "g", lambda a, y: y - exponential(a)),
    "sylvester": Case("solve_sylvester", "abq", lambda a, b, q, y: a @ y + y @ b - q),
    "continuous": Case("solve_continuous_lyapunov", "ag", lambda a, q, y: a @ y + y @ H(a) - q),
    "discrete": Case("solve_discrete_lyapunov", "gg", lambda a, q, y: a @ y @ H(a) - y + q),
}
SHAPES = {  # size, stack of the first argument, stack of the others
    "one": (4, (), ()),
    "1x1": (1, (), ()),
    "stack": (4, (3,), (3,)),
    "basis": (3, (), (2,)),
    "ones": (3, (1, 1), (2, 1, 3)),
    "broadcast": (3, (2, 1), (4,)),
    "trailing 1": (3, (5, 1), (5, 1)),
    "no matrices": (3, (0,), (0,)),
    "no rows": (0, (), ()),
}
DTYPES = ("float64", "float32", "complex128")


def exponential(a: Any) -> Any:
    """exp(a) by its series in extended precision (SciPy 1.17 is three digits less accurate)."""
    x = a.astype(np.clongdouble if a.dtype.kind == "c" else np.longdouble) / 2**8
    y = term = np.eye(a.shape[-1], dtype=x.dtype)
    for k in range(1, 25):
        term = term @ x / k
        y = y + term
    for _ in range(8):
        y = y @ y
    return y


def random(rng: Any, shape: tuple[int, ...], dtype: str) -> Any:
    x = rng.normal(size=shape)
    return (x + 1j * rng.normal(size=shape) if dtype.startswith("complex") else x).astype(dtype)


def argument(rng: Any, kind: str, n: int, stack: tuple[int, ...], dtype: str) -> Any:
    """a, b: well away from singular; p: positive definite; t: its triangles are; g: any; ..."""
    rows, columns = {"b": (n + 1, n + 1), "q": (n, n + 1), "k": (n, 2)}.get(kind, (n, n))
    x = random(rng, (*stack, rows, columns), dtype)
    if kind == "p":
        return x @ H(x) + np.eye(n, dtype=dtype)
    if kind in "abt":
        return x + np.asarray(3 * rows**0.5, dtype) * np.eye(rows, dtype=dtype)
    return x


def arguments(case: Case, shape: str, dtype: str) -> list[Any]:
    rng = np.random.default_rng(len(case.kernel))
    n, first, others = SHAPES[shape]
    kinds = case.kinds.replace("f", "")
    return [argument(rng, k, n, others if i else first, dtype) for i, k in enumerate(kinds)]


def call(lib: Any, case: Case, arrays: list[Any]) -> tuple[Any, ...]:
    """The outputs; for the kind f, the factors come between the arguments."""
    if "f" in case.kinds:
        a, b = arrays
        arrays = [a, *lib.kernels["factor"](a), b]
    y = lib.kernels[case.kernel](*arrays, **case.static)
    return tuple(y) if isinstance(y, tuple) else (y,)


def stack_of(*arrays: Any) -> tuple[int, ...]:
    return np.broadcast_shapes(*(a.shape[:-2] for a in arrays))


def output_shape(case: Case, arrays: list[Any]) -> tuple[int, ...]:
    core = () if case.kernel in ("slogdet", "det") else arrays[-1].shape[-2:]
    return stack_of(*arrays) + core


def assert_negligible(defect: Any, *arrays: Any) -> None:
    inexact = [a for a in arrays if a.dtype.kind in "fc"]
    eps = max(float(np.finfo(a.dtype).eps) for a in inexact)
    scale = math.prod(1 + float(np.max(np.abs(a), initial=0.0)) for a in inexact[:3])

    assert float(np.max(np.abs(defect), initial=0.0)) <= 100 * eps * scale


def every(libraries: Any = LIBRARIES) -> list[Any]:
    """All kernels; the reference has only those that namespaces lack."""
    pairs = [(name, key) for name in libraries for key in CASES]
    return [
        pytest.param(LIBRARIES[name], CASES[key], id=f"{name}-{key}")
        for name, key in pairs
        if CASES[key].kernel in LIBRARIES[name].kernels
    ]


def product() -> list[Any]:
    """float64 and one more dtype by rotation, and few cases of JAX, which compiles each; or all."""
    found = []
    for i, pair in enumerate(every()):
        for j, (shape, dtype) in enumerate((s, d) for s in SHAPES for d in DTYPES):
            k = DTYPES.index(dtype)
            rare = (i + j) % 40 if "jax" in pair.id else k and k != 1 + (i + j // 3) % 2
            marks = pytest.mark.slow if rare else ()
            found.append(
                pytest.param(
                    *pair.values, shape, dtype, marks=marks, id=f"{pair.id}-{shape}-{dtype}"
                )
            )
    return found


every_library = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
