"""Indices, shapes and reductions, by the tape over torch's and JAX's arrays as over NumPy's."""

from __future__ import annotations

import array_api_compat
import array_api_compat.numpy as compat_numpy
import array_api_compat.torch as compat_torch
import jax.numpy as jnp
import numpy as np
import pytest

import unidiff as ud
from unidiff.tape import TapeEngine, traced

PLAIN = {"torch": compat_torch, "jax": jnp}
engine = TapeEngine()
COMPAT = tuple(map(int, array_api_compat.__version__.split(".")[:2]))
X = np.arange(12.0).reshape(3, 4) + np.array([0.5, -1.0, 2.0, 3.0])

INDICES = {
    "rows": lambda xp, plain, x: x[plain.asarray([2, 0, -1]), 1:],
    "apart": lambda xp, plain, x: x[plain.asarray([2, 0]), None, plain.asarray([1, 1])],
    "mask": lambda xp, plain, x: x[x > 3],
    "mask of rows": lambda xp, plain, x: x[plain.asarray([True, False, True]), None],
    "take": lambda xp, plain, x: xp.take(x, plain.asarray([2, 0, 1]), axis=1),
    "along": lambda xp, plain, x: xp.take_along_axis(x, plain.asarray([[0, 2, 2]]), axis=1),
    "set": lambda xp, plain, x: xp.at_set(x, (slice(None), 1), x[:, 0]),
    "set again": lambda xp, plain, x: xp.at_set(x, plain.asarray([1, 2, 0]), x * x),
    "set where": lambda xp, plain, x: xp.at_set(x, x > 3, 2 * x[0, 0]),
    "set to a list": lambda xp, plain, x: xp.at_set(x, 0, [1.0, 2.0, 3.0, 4.0]),
}
OTHERS = {
    "astype": lambda xp, plain, x: xp.astype(x, plain.complex128),
    "astype integers": lambda xp, plain, x: x * xp.astype(x, plain.int64),
    "concat": lambda xp, plain, x: xp.concat([x, plain.ones((1, 4), dtype=x.dtype)]),
    "cumulative_prod": lambda xp, plain, x: xp.cumulative_prod(x, axis=0, include_initial=True),
    "cumulative_sum": lambda xp, plain, x: xp.cumulative_sum(x, axis=0, include_initial=True),
    "diff": lambda xp, plain, x: xp.diff(x, n=2),
    "flip": lambda xp, plain, x: xp.flip(x, axis=0),
    "max": lambda xp, plain, x: xp.max(x, axis=0),
    "mean": lambda xp, plain, x: xp.mean(x, axis=0, keepdims=True),
    "meshgrid": lambda xp, plain, x: xp.meshgrid(x[0, :], x[:, 1])[1],
    "moveaxis": lambda xp, plain, x: xp.moveaxis(x, 0, -1),
    "prod": lambda xp, plain, x: xp.prod(x, axis=0),
    "repeat": lambda xp, plain, x: xp.repeat(x, 2, axis=0),
    "repeat each": lambda xp, plain, x: xp.repeat(x, plain.asarray([1, 0, 2]), axis=0),
    "reshape": lambda xp, plain, x: xp.reshape(x, (-1,), copy=True),
    "roll": lambda xp, plain, x: xp.roll(x, (1, 2), axis=(0, 1)),
    "sort": lambda xp, plain, x: xp.sort(x, axis=0, descending=True),
    "stack": lambda xp, plain, x: xp.stack([x, x * x], axis=-1),
    "std": lambda xp, plain, x: xp.std(x),
    "sum": lambda xp, plain, x: xp.sum(x, axis=0, dtype=plain.float32),
    "tile": lambda xp, plain, x: xp.tile(x, (2, 1, 2)),
    "tril": lambda xp, plain, x: xp.tril(x, k=-1),
    "unstack": lambda xp, plain, x: xp.unstack(x, axis=1)[1],
    "var": lambda xp, plain, x: xp.var(x, axis=0, correction=1),
}


def both_ways(plain, f):
    """The value, the tangent and the cotangent that the tape finds over a library."""
    xp, x = traced(plain), plain.asarray(X)
    g = lambda x: ([f(xp, plain, x)], [])  # noqa: E731
    (y,), (dy,), _ = engine.jvp(g, [x], [plain.sin(x)])
    (z,), pull, _ = engine.vjp(g, [x])
    (w,) = pull([plain.ones_like(z)])
    return [np.asarray(found) for found in (y, dy, w)]


@pytest.mark.parametrize(
    ("name", "library"),
    [(name, "torch") for name in INDICES | OTHERS] + [(name, "jax") for name in INDICES],
)
def test_it_is_as_over_numpy(name, library):
    if (name, library) == ("reshape", "torch") and COMPAT < (1, 16):
        pytest.skip("array-api-compat before 1.16 has no reshape(copy=True) of tensors")
    ud.backend(library)
    f = (INDICES | OTHERS)[name]

    for found, wanted in zip(both_ways(PLAIN[library], f), both_ways(compat_numpy, f), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
        assert found.shape == wanted.shape
        assert found.dtype == wanted.dtype
