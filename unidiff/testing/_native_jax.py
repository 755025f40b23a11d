"""JAX's own transforms of a rule, and what its kernels factor."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from .._backend import Array
from .._primitive import Primitive
from ._case import Case, Refused, ours
from ._native import NAMES, Sample, closely
from ._report import Findings

KERNELS = re.compile(
    r"\w*(?:getrf|potrf|geqrf|gesdd|gesvd|syevd|heevd|geev|gees|gehrd)\w*|stablehlo\.cholesky"
)


def transforms(case: Case, rng: Any) -> Findings:
    """Yield what jit and vmap of jvp, vjp and grad of jit give: two programs, for they compile."""
    sample = Sample(case, rng)
    of_one, of_batch = tuple(sample.arguments()), tuple(sample.batches())
    _refuse_untraceable(case, of_batch[0])
    f, jitted = case.function, jax.jit(case.function)

    def program(xs: Any, dxs: Any, ws: Any) -> tuple[Any, ...]:
        def scalar(*xs: Array) -> Array:
            return sum(jnp.sum(jnp.real(y * w)) for y, w in zip(jitted(*xs), ws, strict=True))

        ys, dys = jax.jvp(f, xs, dxs)
        gradient = jax.grad(scalar, tuple(range(len(xs))))(*xs)
        return ys, dys, jax.vjp(f, *xs)[1](ws), gradient

    runs = (
        ("jit", program, of_one, sample.wanted),
        ("vmap", jax.vmap(program), of_batch, sample.stacked),
    )
    for how, staged, args, wanted in runs:
        *found, gradient = jax.jit(staged)(*args)
        yield from closely(case, how, _numbers(case, found), wanted)
        pulled = _numbers(case, [gradient], NAMES[2:])
        yield from closely(case, f"{how} of grad", pulled, wanted[2:])


def _numbers(case: Case, found: Any, names: Sequence[str] = NAMES) -> list[tuple[str, Any]]:
    pairs = zip(names, found, strict=True)
    return [(name, [ours(v, case.of) for v in vs]) for name, vs in pairs]


def _refuse_untraceable(case: Case, batch: tuple[Array, ...]) -> None:
    """Raise Refused if the function, not made of one rule, is none of jit's and vmap's."""
    if isinstance(case.f, Primitive):
        return
    try:
        jax.eval_shape(jax.vmap(case.function), *batch)
    except Exception as error:
        msg = f"JAX's jit and vmap do not take the function: {type(error).__name__}: {error}"
        raise Refused(msg.split("\n")[0]) from error


def factored(case: Case, ws: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Return what is factored in JAX's pullback, and in L.T(w)."""
    given = tuple(map(case.theirs, ws))
    _, pull = jax.vjp(case.function, *case.xs)
    return _factored(pull, given), _factored(lambda ws: case.map.T(ws), given)


def _factored(f: Callable[..., Any], ws: tuple[Array, ...]) -> list[str]:
    """Return the names of the factorizations in the program that JAX makes of a function."""
    return KERNELS.findall(jax.jit(f).lower(ws).as_text())
