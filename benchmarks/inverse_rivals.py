"""Other ways to J⁻¹ v and log |det J|: a dense or a coloured Jacobian by JAX, and GMRES."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from measure import short
from scipy.sparse import csc_array
from scipy.sparse.linalg import LinearOperator, gmres, splu

import unidiff as ud

Function = Callable[[Any], Any]
WORTH_IT = 0.5
"""Above this share of n colours, a coloured Jacobian is a dense one."""


def timed(f: Callable[[], Any]) -> tuple[Any, float]:
    """Return the value, and the microseconds it took."""
    start = time.perf_counter()
    found = f()
    return found, (time.perf_counter() - start) * 1e6


def _typical(f: Callable[..., Any], *args: Any) -> float:
    """Return the microseconds of a call that has been compiled: the median of three."""
    run = partial(finished, f, *args)
    run()
    return statistics.median(timed(run)[1] for _ in range(3))


def finished(run: Callable[..., Any], *args: Any) -> Any:
    """Return the value, computed to its end."""
    return jax.block_until_ready(run(*args))


def of_dense(f: Function, x: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """Return the Jacobian, and the microseconds of it with a solve, and with slogdet: jitted."""
    jacobian = jax.jit(jax.jacfwd(f))
    J = finished(jacobian, x)
    own = _typical(jacobian, x)
    solve = own + _typical(jax.jit(jnp.linalg.solve), J, v)
    return np.asarray(J), {
        "solve": solve,
        "slogdet": own + _typical(jax.jit(jnp.linalg.slogdet), J),
    }


def of_coloured(f: Function, x: np.ndarray, v: np.ndarray, J: np.ndarray, dx: np.ndarray) -> str:
    """
    Return the number of colours of the Jacobian, and the time of J⁻¹ v by it and SuperLU.

    Columns without a common row have one colour: one product with J gives them all (Curtis,
    Powell, Reid 1974). Pattern and colours are given to this rival for nothing, and the pattern is
    that of the numbers at this point, which is less than what the program can move.
    """
    pattern = J != 0
    colour = colours(pattern)
    count = int(colour.max()) + 1
    if count > WORTH_IT * x.size:
        return f"{count} colours: dense"
    seeds = jnp.asarray(np.eye(count)[colour].T)
    products = jax.jit(jax.vmap(lambda s: jax.jvp(f, (x,), (s,))[1]))
    columns, rows = np.nonzero(pattern.T)
    ends = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=x.size))])

    def solve() -> np.ndarray:
        numbers = np.asarray(products(seeds))[colour[columns], rows]
        return splu(csc_array((numbers, rows, ends), J.shape)).solve(v)

    np.testing.assert_allclose(solve(), dx, rtol=1e-6, atol=1e-8 * np.abs(dx).max())
    return f"{short(_typical(solve) / 1e3)} ms, {count} colours"


def colours(pattern: np.ndarray) -> np.ndarray:
    """Return a colour for each column, the least that no column with a common row has."""
    share = pattern.astype(np.float32)
    meets = (share.T @ share) > 0
    found = np.full(pattern.shape[1], -1)
    for j, row in enumerate(meets):
        taken = np.unique(found[row])
        taken = taken[taken >= 0]
        gaps = np.flatnonzero(taken != np.arange(taken.size))
        found[j] = gaps[0] if gaps.size else taken.size
    return found


def by_gmres(f: Function, x: np.ndarray, v: np.ndarray) -> str:
    """Return what GMRES on the whole Jacobian comes to in 200 steps, and its time."""
    _, L = ud.linearize(f, x)
    A: Any = LinearOperator((x.size, x.size), matvec=L, dtype=float)
    (dx, _), taken = timed(lambda: gmres(A, v, rtol=1e-10, restart=100, maxiter=2))
    error = np.linalg.norm(L(dx) - v) / np.linalg.norm(v)
    return f"{short(taken / 1e3)} ms, residual {error:.0e}"
