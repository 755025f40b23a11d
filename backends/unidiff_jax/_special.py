"""
JAX's kernels of special functions, but for those that the reference computes with more digits.

Those are `log_ndtr`, whose right tail JAX loses, `polygamma`, which it has of positive numbers, and
`xlogy`, of which JAX 0.6 has 0 for 0 log nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from jax.scipy import special

Array = Any


def ndtr(x: Array) -> Array:
    """Return ½ erfc(−x/√2): JAX's own takes no integers."""
    return 0.5 * special.erfc(x * -math.sqrt(0.5))


kernels: dict[str, Callable[..., Any]] = {
    "erf": special.erf,
    "erfc": special.erfc,
    "ndtr": ndtr,
    "expit": special.expit,
    "logit": special.logit,
    "gammaln": special.gammaln,
    "digamma": special.digamma,
}
