"""JAX's kernels of what a spectrum may leave undetermined: nan, for nothing branches on values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from unidiff.linalg._gaps import Sign, quotients_or_nan
from unidiff.linalg._orthogonal import independent_or_nan

Array = Any


def over_gaps(w: Array, m: Array, *, of: str, sign: Sign) -> Array:
    """Divide m by the gaps of w; nan where there is none."""
    return quotients_or_nan(jnp, w, m, sign)


def independent(r: Array) -> Array:
    """Return the triangle r, with nan on the diagonal of columns that depend on those before."""
    return independent_or_nan(jnp, r)


kernels: dict[str, Callable[..., Array]] = {"over_gaps": over_gaps, "independent": independent}
