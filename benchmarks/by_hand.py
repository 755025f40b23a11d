"""Rules as a JAX user writes them by hand: what ours are measured against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.linalg import expm_frechet, lu_factor, lu_solve, solve_sylvester, solve_triangular


@jax.custom_jvp
def inv(a: Any) -> Any:
    """y = a⁻¹"""
    return jnp.linalg.inv(a)


@inv.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (a,), (da,) = primals, tangents
    y = inv(a)
    return y, -(y @ da) @ y


@jax.custom_jvp
def solve(a: Any, b: Any) -> Any:
    """a y = b: one factorization for value and derivative"""
    return lu_solve(lu_factor(a), b)


@solve.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (a, b), (da, db) = primals, tangents
    factors = lu_factor(a)
    y = lu_solve(factors, b)
    return y, lu_solve(factors, db - da @ y)


@jax.custom_jvp
def cholesky(a: Any) -> Any:
    """y yᵀ = a"""
    return jnp.linalg.cholesky(a)


@cholesky.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (a,), (da,) = primals, tangents
    y = cholesky(a)
    half = solve_triangular(y, (da + da.T) / 2, lower=True)
    inner = solve_triangular(y, half.T, lower=True).T
    return y, y @ (jnp.tril(inner) - jnp.diag(jnp.diag(inner)) / 2)


@jax.custom_jvp
def expm(a: Any) -> Any:
    """y = exp a"""
    return jax.scipy.linalg.expm(a)


@expm.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (a,), (da,) = primals, tangents
    return expm_frechet(a, da)


def sylvester(a: Any, b: Any, q: Any) -> Any:
    """a y + y b = q, as a linear system: JAX has no derivative of the Schur decomposition"""
    return jax.lax.custom_linear_solve(
        lambda y: a @ y + y @ b,
        q,
        lambda _, q: solve_sylvester(a, b, q),
        lambda _, w: solve_sylvester(a.T, b.T, w),
    )


OWN: dict[str, Callable[..., Any]] = {
    "inv": jnp.linalg.inv,
    "solve": jnp.linalg.solve,
    "cholesky": jnp.linalg.cholesky,
    "expm": jax.scipy.linalg.expm,
}
"""JAX's own functions; its `solve_sylvester` has no derivative."""
BY_HAND: dict[str, Callable[..., Any]] = {
    "inv": inv,
    "solve": solve,
    "cholesky": cholesky,
    "expm": expm,
    "sylvester": sylvester,
}
