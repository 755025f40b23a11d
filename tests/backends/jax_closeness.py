"""When two trees of JAX's arrays are equal but for rounding."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np


def assert_close(got: Any, want: Any, rounding: float = 1e4) -> None:
    """Compare leaf by leaf: shape, dtype, and numbers within `rounding` units of the largest."""
    found, wanted = jax.tree.leaves(got), jax.tree.leaves(want)
    assert [(x.shape, x.dtype) for x in found] == [(x.shape, x.dtype) for x in wanted]
    for x, y in zip(map(np.asarray, found), map(np.asarray, wanted), strict=True):
        if y.dtype.kind in "fc":
            scale = np.max(np.abs(y), initial=0.0)
            eps = np.finfo(y.dtype).eps
            np.testing.assert_allclose(x, y, rtol=0, atol=rounding * eps * max(scale, eps))
        else:
            np.testing.assert_array_equal(x, y)
