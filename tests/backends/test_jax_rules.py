"""Every rule on JAX, against JAX's own derivatives of the same function."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402  (after the check that JAX is there)
import numpy as np  # noqa: E402
import user_rules  # noqa: E402
from jax import lax  # noqa: E402
from jax_closeness import assert_close  # noqa: E402

import unidiff as ud  # noqa: E402
from unidiff.linalg import matmul  # noqa: E402
from unidiff.rules._elementwise import exp, multiply  # noqa: E402

Array = Any
Function = Callable[..., Any]

N = 3


def normal(seed: int, *shape: int) -> Array:
    return jax.random.normal(jax.random.key(seed), shape)


A = 0.3 * normal(0, N, N) + 2 * jnp.eye(N)
AS = A + 0.1 * normal(1, 4, N, N)
B, BS, C = normal(2, N, 2), normal(3, 4, N, 2), A + 0.3j * normal(4, N, N)
D, Q = 0.3 * normal(5, 2, 2) + 2 * jnp.eye(2), normal(6, N, N)
INDEX = jnp.asarray([[0, 2, 2], [1, 1, 0], [2, 0, 0]])


def solve_stacks(a: Array, b: Array) -> Array:
    lead = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (jnp.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (a, b))
    return jnp.linalg.solve(a, b)


def sylvester(a: Array, b: Array, q: Array) -> Array:
    system = jnp.kron(a, jnp.eye(b.shape[0])) + jnp.kron(jnp.eye(a.shape[0]), b.T)
    return jnp.linalg.solve(system, q.reshape(-1)).reshape(q.shape)


def stein(a: Array, q: Array) -> Array:
    system = jnp.eye(q.size) - jnp.kron(a, a.conj())
    return jnp.linalg.solve(system, q.reshape(-1)).reshape(q.shape)


def cholesky(a: Array) -> Array:
    return jnp.linalg.cholesky((a + a.mT.conj()) / 2, symmetrize_input=False)


def exponential(a: Array) -> Array:
    """Σ aᵏ / k!"""

    def add(sums: tuple[Array, Array], k: Array) -> tuple[tuple[Array, Array], None]:
        total, term = sums[0], sums[1] @ a / k
        return (total + term, term), None

    one = jnp.eye(N, dtype=a.dtype)
    return lax.scan(add, (one, one), jnp.arange(1.0, 36.0))[0][0]


def power(a: Array) -> Array:
    return 2.0 * a @ a @ a


def lower(solve: Function) -> Function:
    return lambda a, b: solve(a, b, lower=True)


def lu_of(factor: Function) -> Function:
    return lambda a: factor(a)[0]


def cubed(f: Any) -> Function:
    return lambda a: f(a, k=3, scale=2.0)


class Case(NamedTuple):
    """Our function, JAX's, and where."""

    ours: Function
    theirs: Function
    at: tuple[Array, ...]


CASES: dict[str, Case] = {
    "exp": Case(exp, jnp.exp, (A,)),
    "multiply, broadcast": Case(multiply, jnp.multiply, (A, B[:, :1])),
    "matmul": Case(matmul, jnp.matmul, (A, B)),
    "matmul of a stack and a matrix": Case(matmul, jnp.matmul, (AS, B)),
    "matmul of real and complex": Case(matmul, jnp.matmul, (A, C)),
    "inv": Case(ud.linalg.inv, jnp.linalg.inv, (A,)),
    "inv of a stack": Case(ud.linalg.inv, jnp.linalg.inv, (AS,)),
    "inv, complex": Case(ud.linalg.inv, jnp.linalg.inv, (C,)),
    "inv, float32": Case(ud.linalg.inv, jnp.linalg.inv, (A.astype(jnp.float32),)),
    "det": Case(ud.linalg.det, jnp.linalg.det, (A,)),
    "det, complex": Case(ud.linalg.det, jnp.linalg.det, (C,)),
    "solve": Case(ud.linalg.solve, jnp.linalg.solve, (A, B)),
    "solve of a vector": Case(ud.linalg.solve, jnp.linalg.solve, (A, B[:, 0])),
    "solve, stack and one": Case(ud.linalg.solve, solve_stacks, (AS, B)),
    "solve, one and stack": Case(ud.linalg.solve, solve_stacks, (A, BS)),
    "solve, crossed stacks": Case(
        ud.linalg.solve, solve_stacks, (AS[:2, None, :2, :2], BS[None, :2, :2])
    ),
    "solve, complex": Case(ud.linalg.solve, jnp.linalg.solve, (C, B + 0j)),
    "solve_triangular": Case(
        lower(ud.linalg.solve_triangular), lower(jax.scipy.linalg.solve_triangular), (A, B)
    ),
    "slogdet": Case(ud.linalg.slogdet, jnp.linalg.slogdet, (A,)),
    "slogdet, complex": Case(ud.linalg.slogdet, jnp.linalg.slogdet, (C,)),
    "cholesky": Case(ud.linalg.cholesky, cholesky, (A @ A.T,)),
    "cholesky, complex": Case(ud.linalg.cholesky, cholesky, (C @ C.mT.conj(),)),
    "lu_factor": Case(lu_of(ud.linalg.lu_factor), lu_of(jax.scipy.linalg.lu_factor), (A,)),
    "expm": Case(ud.linalg.expm, exponential, (A,)),
    "expm, complex": Case(ud.linalg.expm, exponential, (C,)),
    "solve_sylvester": Case(ud.linalg.solve_sylvester, sylvester, (A, D, B)),
    "solve_continuous_lyapunov": Case(
        ud.linalg.solve_continuous_lyapunov, lambda a, q: sylvester(a, a.mT, q), (A, Q)
    ),
    "solve_discrete_lyapunov": Case(ud.linalg.solve_discrete_lyapunov, stein, (A / 4, Q)),
    "a map of functions": Case(cubed(user_rules.power), power, (A,)),
    "a map of functions, its transpose derived": Case(cubed(user_rules.power_derived), power, (A,)),
    "two outputs": Case(user_rules.squares, lambda a: (a @ a, a * a), (A,)),
    "an integer argument": Case(
        user_rules.take, lambda x, index: jnp.take_along_axis(x, index, -1), (A, INDEX)
    ),
    "abs": Case(user_rules.absolute, jnp.abs, (A,)),
    "abs, complex": Case(user_rules.absolute, jnp.abs, (C,)),
}


def moving(at: tuple[Array, ...]) -> tuple[int, ...]:
    return tuple(k for k, x in enumerate(at) if jnp.issubdtype(x.dtype, jnp.inexact))


def has_matrices(case: str) -> bool:
    """Whether a case has Jacobians and Hessians: real, and not so large that it takes long."""
    at = CASES[case].at
    return not any(jnp.iscomplexobj(x) for x in at) and sum(x.size for x in at) <= 24


def loss(f: Function) -> Function:
    def scalar(*xs: Array) -> Array:
        return sum(jnp.sum(jnp.sin(y).real) for y in jax.tree.leaves(f(*xs)))

    return scalar


def tangents(at: tuple[Array, ...]) -> tuple[Array, ...]:
    def along(x: Array) -> Array:
        if jnp.issubdtype(x.dtype, jnp.inexact):
            return jnp.cos(x)
        return np.zeros(x.shape, jax.dtypes.float0)

    return tuple(map(along, at))


Derivative = Callable[[Function, tuple[Array, ...]], Any]

FIRST: dict[str, Derivative] = {
    "value": lambda f, at: f(*at),
    "jvp": lambda f, at: jax.jvp(f, at, tangents(at))[1],
    "grad": lambda f, at: jax.grad(loss(f), moving(at))(*at),
}
JACOBIANS = {"jacfwd": jax.jacfwd, "jacrev": jax.jacrev}
MATRICES: dict[str, Derivative] = {
    name: lambda f, at, take=take: take(f, moving(at))(*at) for name, take in JACOBIANS.items()
}
HESSIANS: dict[str, Derivative] = {
    f"{second} of {first}": lambda f, at, outer=outer, inner=inner: outer(
        inner(loss(f), moving(at)), moving(at)
    )(*at)
    for second, outer in JACOBIANS.items()
    for first, inner in JACOBIANS.items()
}


@cache
def ours(case: str) -> dict[str, Any]:
    """All derivatives of our function, in one compiled program."""
    wanted = FIRST | MATRICES | HESSIANS if has_matrices(case) else FIRST
    return _compiled(wanted, CASES[case].ours, CASES[case].at)


@cache
def theirs(case: str) -> dict[str, Any]:
    """JAX's of its own, one of each order."""
    second = {"second order": HESSIANS["jacfwd of jacrev"]}
    matrices = {"jacobian": MATRICES["jacfwd"]} | second
    wanted = FIRST | matrices if has_matrices(case) else FIRST
    return _compiled(wanted, CASES[case].theirs, CASES[case].at)


def _compiled(wanted: dict[str, Derivative], f: Function, at: tuple[Array, ...]) -> dict[str, Any]:
    def all_of_them(*at: Array) -> dict[str, Any]:
        return {name: derivative(f, at) for name, derivative in wanted.items()}

    return jax.jit(all_of_them)(*at)


@pytest.mark.filterwarnings("ignore:Casting complex")  # by the transpose of JAX 0.6's own matmul
@pytest.mark.parametrize("what", FIRST)
@pytest.mark.parametrize("case", CASES)
def test_first_order(case: str, what: str) -> None:
    assert_close(ours(case)[what], theirs(case)[what])


@pytest.mark.parametrize("how", MATRICES)
@pytest.mark.parametrize("case", [name for name in CASES if has_matrices(name)])
def test_jacobian(case: str, how: str) -> None:
    assert_close(ours(case)[how], theirs(case)["jacobian"])


@pytest.mark.parametrize("how", HESSIANS)
@pytest.mark.parametrize("case", [name for name in CASES if has_matrices(name)])
def test_second_order(case: str, how: str) -> None:
    assert_close(ours(case)[how], theirs(case)["second order"])


WITHOUT_JIT = (
    "multiply, broadcast",
    "inv of a stack",
    "solve, complex",
    "slogdet",
    "cholesky",
    "solve_sylvester",
    "a map of functions, its transpose derived",
    "two outputs",
    "an integer argument",
)


@pytest.mark.parametrize("case", WITHOUT_JIT)
def test_the_value_and_the_gradient_need_no_jit(case: str) -> None:
    f, _, at = CASES[case]

    assert_close(f(*at), theirs(case)["value"])
    assert_close(jax.grad(loss(f), moving(at))(*at), theirs(case)["grad"])


# -- vmap -----------------------------------------------------------------------------------------

OF_ONE_MATRIX = (
    "exp",
    "inv",
    "slogdet",
    "cholesky",
    "a map of functions",
    "a map of functions, its transpose derived",
)
POSITIVE = AS @ AS.mT / 4

BATCHES: dict[str, Callable[[Function], Any]] = {
    "vmap of grad": lambda f: jax.vmap(jax.grad(loss(f)))(POSITIVE),
    "grad of vmap": lambda f: jax.grad(lambda a: jnp.sum(jax.vmap(loss(f))(a)))(POSITIVE),
    "vmap of hessian": lambda f: jax.vmap(jax.hessian(loss(f)))(POSITIVE),
    "vmap of jacfwd": lambda f: jax.vmap(jax.jacfwd(f))(POSITIVE),
    "grad of vmap of another axis": lambda f: jax.grad(
        lambda a: jnp.sum(jax.vmap(loss(f), in_axes=2)(a))
    )(jnp.moveaxis(POSITIVE, 0, 2)),
}


@cache
def batches(f: Function) -> dict[str, Any]:
    return jax.jit(lambda: {name: batch(f) for name, batch in BATCHES.items()})()


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("case", OF_ONE_MATRIX)
def test_derivatives_of_a_batch(case: str, batch: str) -> None:
    assert_close(batches(CASES[case].ours)[batch], batches(CASES[case].theirs)[batch])
