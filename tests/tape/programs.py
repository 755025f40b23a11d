"""Programs that the tape must differentiate, by name: a function of one array, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import unidiff as ud

LIBRARIES = ["numpy", "array_api_strict"]


class Constants:
    """Fixed arrays of one library: what programs compute with, and where they start."""

    def __init__(self, library: str) -> None:
        self.library, self.xp, self.plain = (
            library,
            ud.backend(library).xp,
            ud.backend(library).plain,
        )
        rng = np.random.default_rng(0)
        P = rng.standard_normal((3, 3))
        arrays = {
            "M": rng.standard_normal((4, 3)),
            "V": rng.standard_normal(3),
            "S": rng.standard_normal((5, 4, 3)),
            "P": P @ P.T + 3 * np.eye(3),
        }
        arrays["PP"] = np.stack([arrays["P"], arrays["P"] + 1])
        self.M, self.V, self.S, self.P, self.PP = (self(x) for x in arrays.values())

    def __call__(self, x: Any) -> Any:
        """The numbers as an array of the library."""
        return self.plain.asarray(np.asarray(x))

    def normal(self, *shape: int) -> Any:
        return self(np.random.default_rng(len(shape) + sum(shape)).standard_normal(shape))

    def positive(self, *shape: int) -> Any:
        return 1 + self.normal(*shape) ** 2


Program = Callable[[Any, Constants, Any], Any]


def assign(xp: Any, c: Constants, x: Any) -> Any:
    y = x * 1.0
    y[1, :] = y[0, :] * y[2, :]
    y[0, 0] = 2.0
    return y


def solves_with_a_value(xp: Any, c: Constants, x: Any) -> Any:
    return xp.linalg.solve(xp.eye(3) * 2.0 + c.M[:3, :], x)


# name: (program of (xp, constants, x), start of constants)
PROGRAMS: dict[str, tuple[Program, Callable[[Constants], Any]]] = {
    "sin": (lambda xp, c, x: xp.sin(x), lambda c: c.normal(2, 3)),
    "cos tanh exp": (lambda xp, c, x: xp.cos(xp.tanh(x)) + xp.exp(x), lambda c: c.normal(3)),
    "log sqrt log1p": (
        lambda xp, c, x: xp.log(x) + xp.sqrt(x) + xp.log1p(x),
        lambda c: c.positive(3),
    ),
    "abs": (lambda xp, c, x: abs(x) - x + xp.abs(2.0 * x), lambda c: c.normal(3)),
    "maximum": (lambda xp, c, x: xp.maximum(x, c(0.1)) * x, lambda c: c.normal(3)),
    "minimum": (lambda xp, c, x: xp.minimum(x, x**2), lambda c: c.normal(3)),
    "multiply broadcast": (lambda xp, c, x: x * c.M, lambda c: c.normal(3)),
    "multiply broadcast ones": (lambda xp, c, x: x * c.M, lambda c: c.normal(4, 1)),
    "multiply scalar": (lambda xp, c, x: x * c.M, lambda c: c.normal()),
    "multiply both": (lambda xp, c, x: x * x[:1, :], lambda c: c.normal(4, 3)),
    "add subtract": (lambda xp, c, x: 1.0 + x - c.M + (2.0 - x), lambda c: c.normal(3)),
    "divide": (lambda xp, c, x: c.M / x + x / c.M + 1.0 / x, lambda c: c.positive(4, 3)),
    "pow": (lambda xp, c, x: x**2 + x**3, lambda c: c.normal(3)),
    "pow of both": (lambda xp, c, x: x**2.5 + 2.0**x + x**x, lambda c: c.positive(3)),
    "negative positive": (lambda xp, c, x: -x + (+x) * x, lambda c: c.normal(3)),
    "where": (lambda xp, c, x: xp.where(c.M > 0, x, 2.0 * x), lambda c: c.normal(3)),
    "sum": (lambda xp, c, x: xp.sum(x), lambda c: c.normal(2, 3)),
    "sum axis": (lambda xp, c, x: xp.sum(x, axis=1), lambda c: c.normal(2, 3, 4)),
    "sum axes kept": (
        lambda xp, c, x: xp.sum(x, axis=(0, -1), keepdims=True),
        lambda c: c.normal(2, 3, 4),
    ),
    "mean": (lambda xp, c, x: xp.mean(x, axis=0), lambda c: c.normal(2, 3)),
    "reshape": (lambda xp, c, x: xp.reshape(x, (3, -1)), lambda c: c.normal(2, 6)),
    "permute": (lambda xp, c, x: xp.permute_dims(x, (2, 0, 1)), lambda c: c.normal(2, 3, 4)),
    "broadcast_to": (lambda xp, c, x: xp.broadcast_to(x, (2, 4, 3)), lambda c: c.normal(4, 1)),
    "slice": (lambda xp, c, x: x[1:, ::2], lambda c: c.normal(3, 4)),
    "slice backwards": (lambda xp, c, x: x[::-1, 2:0:-1], lambda c: c.normal(3, 4)),
    "integer": (lambda xp, c, x: x[1, ...], lambda c: c.normal(3, 4)),
    "ellipsis": (lambda xp, c, x: x[..., -1], lambda c: c.normal(3, 4)),
    "new axis": (lambda xp, c, x: x[:, None, :], lambda c: c.normal(3, 4)),
    "gather": (lambda xp, c, x: x[c([0, 2, 2]), 1:], lambda c: c.normal(3, 4)),
    "gather pairs": (lambda xp, c, x: x[c([0, 2, 2]), c([1, 1, 1])], lambda c: c.normal(3, 4)),
    "mask": (lambda xp, c, x: x[c.M[:3, :] > 0], lambda c: c.normal(3, 3)),
    "take": (lambda xp, c, x: xp.take(x, c([2, 0, 0]), axis=0), lambda c: c.normal(3, 4)),
    "take_along_axis": (
        lambda xp, c, x: xp.take_along_axis(x, c([[2, 0, 0, 1]]), axis=0),
        lambda c: c.normal(3, 4),
    ),
    "concat": (
        lambda xp, c, x: xp.concat([x[:1, :], c.M, x * x], axis=0),
        lambda c: c.normal(4, 3),
    ),
    "stack": (lambda xp, c, x: xp.stack([x, x * x, c.M], axis=1), lambda c: c.normal(4, 3)),
    "roll": (lambda xp, c, x: xp.roll(x, 1, axis=0), lambda c: c.normal(4, 3)),
    "cumulative_sum": (lambda xp, c, x: xp.cumulative_sum(x, axis=0), lambda c: c.normal(4, 3)),
    "tril triu": (lambda xp, c, x: xp.tril(x) * xp.triu(x, k=-1), lambda c: c.normal(3, 3)),
    "assign": (assign, lambda c: c.normal(3, 3)),
    "matmul mm": (lambda xp, c, x: (c.M @ x) @ x.mT, lambda c: c.normal(3, 4)),
    "matmul mv": (lambda xp, c, x: c.M @ x, lambda c: c.normal(3)),
    "matmul Mv": (lambda xp, c, x: x @ c.V, lambda c: c.normal(4, 3)),
    "matmul vm": (lambda xp, c, x: x @ c.M.mT, lambda c: c.normal(3)),
    "matmul vM": (lambda xp, c, x: c.V @ x, lambda c: c.normal(3, 4)),
    "matmul vv": (lambda xp, c, x: xp.matmul(x, x), lambda c: c.normal(3)),
    "matmul stack": (lambda xp, c, x: c.S @ x, lambda c: c.normal(3, 2)),
    "matmul left of stack": (lambda xp, c, x: x @ c.S.mT, lambda c: c.normal(4, 3)),
    "matmul two stacks": (lambda xp, c, x: c.S @ x, lambda c: c.normal(2, 1, 3, 2)),
    "matmul stack vector": (lambda xp, c, x: x @ c.V, lambda c: c.S),
    "matmul vector stack": (lambda xp, c, x: x @ c.S.mT, lambda c: c.normal(3)),
    "inv": (lambda xp, c, x: xp.linalg.inv(x), lambda c: c.P),
    "inv stack": (lambda xp, c, x: xp.linalg.inv(x), lambda c: c.PP),
    "solve": (lambda xp, c, x: xp.linalg.solve(x, c.M.mT), lambda c: c.P),
    "solve vector": (
        lambda xp, c, x: xp.linalg.solve(x @ x, x[0, :] * c.V),
        lambda c: c.P,
    ),
    "solve right-hand side": (solves_with_a_value, lambda c: c.normal(3)),
    "solve stack": (lambda xp, c, x: xp.linalg.solve(x, c.M.mT), lambda c: c.PP),
    "cholesky": (lambda xp, c, x: xp.linalg.cholesky(x @ x.mT), lambda c: c.P),
    "cholesky stack": (lambda xp, c, x: xp.linalg.cholesky(x @ x.mT), lambda c: c.PP),
    "slogdet": (lambda xp, c, x: xp.linalg.slogdet(x)[1], lambda c: c.P),
    "det": (lambda xp, c, x: ud.linalg.det(x), lambda c: c.P),
    "lu_factor": (lambda xp, c, x: ud.linalg.lu_factor(x)[0], lambda c: c.PP),
    "lu_solve": (
        lambda xp, c, x: ud.linalg.lu_solve(ud.linalg.lu_factor(x), c.M.mT, 1),
        lambda c: c.P,
    ),
    "solve_triangular": (
        lambda xp, c, x: ud.linalg.solve_triangular(x, c.V, trans=1, lower=True),
        lambda c: c.P,
    ),
    "solve_triangular unit": (
        lambda xp, c, x: ud.linalg.solve_triangular(x, c.M.mT, unit_diagonal=True),
        lambda c: c.P,
    ),
    "expm": (lambda xp, c, x: ud.linalg.expm(x), lambda c: c.normal(2, 2, 2)),
    "solve_sylvester": (
        lambda xp, c, x: ud.linalg.solve_sylvester(x, c.P, c.M.mT @ c.M),
        lambda c: c.P,
    ),
    "solve_continuous_lyapunov": (
        lambda xp, c, x: ud.linalg.solve_continuous_lyapunov(x, c.M.mT @ c.M),
        lambda c: c.P,
    ),
    "solve_discrete_lyapunov": (
        lambda xp, c, x: ud.linalg.solve_discrete_lyapunov(x * 0.05, c.M.mT @ c.M),
        lambda c: c.P,
    ),
}


BEYOND_THE_STANDARD = {"gather"}
CASES = [
    (library, name)
    for library in LIBRARIES
    for name in PROGRAMS
    if library == "numpy" or name not in BEYOND_THE_STANDARD
]


@dataclass(frozen=True)
class Case:
    """A program on one library, where it starts, and its Jacobian by differences."""

    constants: Constants
    f: Callable[[Any], Any]
    x: Any
    jacobian: np.ndarray

    @property
    def lead(self) -> int:
        """How many axes the value has."""
        return self.jacobian.ndim - self.x.ndim


@cache
def case(library: str, name: str) -> Case:
    program, start = PROGRAMS[name]
    constants = Constants(library)
    x = constants.plain.asarray(start(constants), copy=True)

    def f(x: Any) -> Any:
        return program(constants.xp, constants, x)

    return Case(constants, f, x, differences(constants, f, x))


def differences(c: Constants, f: Callable[[Any], Any], x: Any, h: float = 1e-4) -> np.ndarray:
    """The Jacobian, of shape y.shape + x.shape, by central differences of fourth order."""
    x = np.asarray(x)

    def at(x: np.ndarray) -> np.ndarray:
        return np.array(f(c(x)))  # not a view of x: programs may return their argument

    columns = []
    for k in range(x.size):
        d = np.zeros(x.size)
        d[k] = h
        d = d.reshape(x.shape)
        near, far = at(x + d) - at(x - d), at(x + 2 * d) - at(x - 2 * d)
        columns.append((8 * near - far) / (12 * h))
    return np.stack(columns, axis=-1).reshape(columns[0].shape + x.shape)


def assert_near(found: Any, wanted: np.ndarray, tolerance: float = 1e-8) -> None:
    """Equal to differences: the shapes exactly, the numbers to their accuracy."""
    found = np.asarray(found)

    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * (1 + np.abs(wanted).max()))
