"""Functions of stacks of matrices, with the stacks: of a length that eight devices share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

import unidiff as ud

Array = Any
Function = Callable[..., Any]
linalg = ud.linalg
N, STACK = 4, 16


def normal(seed: int, *shape: int) -> Array:
    return jax.random.normal(jax.random.key(seed), shape)


X = 0.4 * normal(0, N, N) + 3 * jnp.eye(N)
XS, BS = X + 0.1 * normal(1, STACK, N, N), normal(2, STACK, N, 2)
SPD = XS @ XS.mT

FEW: dict[str, tuple[Function, tuple[Array, ...]]] = {
    "inv": (linalg.inv, (XS,)),
    "solve": (linalg.solve, (XS, BS)),
    "expm": (linalg.expm, (XS / 4,)),
}
MORE: dict[str, tuple[Function, tuple[Array, ...]]] = {
    "det": (linalg.det, (XS,)),
    "slogdet": (linalg.slogdet, (XS,)),
    "cholesky": (linalg.cholesky, (SPD,)),
    "solve_triangular": (linalg.solve_triangular, (XS, BS)),
    "lu_factor": (lambda a: linalg.lu_factor(a)[0], (XS,)),
    "eigvalsh": (linalg.eigvalsh, (SPD,)),
    "eigh": (linalg.eigh, (SPD,)),
    "svdvals": (linalg.svdvals, (XS,)),
    "svd": (linalg.svd, (XS,)),
    "qr": (linalg.qr, (XS,)),
    "pinv": (linalg.pinv, (XS,)),
    "solve_sylvester": (linalg.solve_sylvester, (XS, XS, XS)),
    "solve_discrete_lyapunov": (linalg.solve_discrete_lyapunov, (XS / 8, SPD)),
    "matmul": (linalg.matmul, (XS, BS)),
    "matrix_norm": (linalg.matrix_norm, (XS,)),
    "logsumexp": (lambda x: ud.special.logsumexp(x, axis=-1), (XS,)),
    "erf": (ud.special.erf, (XS,)),
}
