"""What JAX hands over: arrays that may not be promoted, numbers for arrays, arrays of no device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402  (after the check that JAX is there)
from jax import lax  # noqa: E402
from jax_closeness import assert_close  # noqa: E402
from jax_stacks import FEW, MORE  # noqa: E402

import unidiff as ud  # noqa: E402

Array = Any
Function = Callable[..., Any]

A = jnp.asarray([[2.0, 0.3, -0.1], [0.4, 1.8, 0.2], [-0.3, 0.1, 2.2]])


@contextmanager
def strict() -> Iterator[None]:
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        yield


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FEW, *MORE])
def test_rules_may_promote_where_their_users_may_not(name: str) -> None:
    f, xs = (FEW | MORE)[name]

    def total(*xs: Array) -> Array:
        return sum(jnp.sum(y * y) for y in jax.tree.leaves(f(*xs)))

    gradient = jax.grad(total, tuple(range(len(xs))))
    with strict():
        found = jax.jit(lambda *xs: jax.jvp(gradient, xs, xs))(*xs)
    assert_close(found, jax.jit(lambda *xs: jax.jvp(gradient, xs, xs))(*xs))


NUMBER_IN: dict[str, Function] = {
    "jit": jax.jit,
    "vmap": jax.vmap,
    "checkpoint": jax.checkpoint,
    "linearize": lambda f: lambda x: jax.linearize(f, x)[0],
    "scan": lambda f: lambda x: lax.scan(lambda c, _: (f(c), None), x, None, 1)[0],
}


@pytest.mark.parametrize("transform", NUMBER_IN)
def test_a_number_among_the_arguments_passes_transforms(transform: str) -> None:
    x = jnp.asarray([0.5, 2.0])
    f = NUMBER_IN[transform](lambda x: ud.special.xlogy(3.0, x))

    y, dy = jax.jvp(f, (x,), (jnp.ones(2),))

    assert_close(y, 3 * jnp.log(x))
    assert_close(dy, 3 / x)


FREE: dict[str, Function] = {
    "pinv": ud.linalg.pinv,
    "lu_solve": lambda a: ud.linalg.lu_solve(ud.linalg.lu_factor(a), a),
    "eigh": lambda a: ud.linalg.eigh(a)[1],
    "logsumexp": ud.special.logsumexp,
}


@pytest.mark.parametrize("name", FREE)
def test_no_result_is_bound_to_a_device_unasked(name: str) -> None:
    y, L = ud.linearize(FREE[name], A)

    assert not y.committed
    assert not L(A).committed
    assert not L.T(y).committed
