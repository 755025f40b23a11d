"""PyTorch's kernels of special functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import special

from unidiff.special import _kernels as reference

from ._namespace import plain as xp

Array = Any


def ndtr(x: Array) -> Array:
    """Return ½ erfc(−x/√2): torch's own is 0 in the left tail."""
    return 0.5 * special.erfc(x * -math.sqrt(0.5))


def xlogy(x: Array, y: Array) -> Array:
    """Return x log y: torch's own is of real numbers."""
    if x.is_complex() or y.is_complex():
        return reference.xlogy(xp, x, y)
    return special.xlogy(x, y)


def mills(x: Array) -> Array:
    """Return φ(x) / Φ(x)."""
    return math.sqrt(2.0 / math.pi) / special.erfcx(x * -math.sqrt(0.5))


def polygamma(x: Array, *, n: int) -> Array:
    """Return ψ⁽ⁿ⁾(x): torch's own ψ′ has ten digits only, and its ζ is nan at ∞."""
    order = torch.full_like(x, n + 1.0, dtype=torch.result_type(x, 1.0))
    y = (-1.0) ** (n + 1) * math.factorial(n) * special.zeta(order, x)
    return torch.where(x == math.inf, 0.0, y)


kernels: dict[str, Callable[..., Any]] = {
    "erf": special.erf,
    "erfc": special.erfc,
    "ndtr": ndtr,
    "log_ndtr": special.log_ndtr,
    "mills": mills,
    "expit": special.expit,
    "logit": special.logit,
    "xlogy": xlogy,
    "gammaln": special.gammaln,
    "digamma": special.digamma,
    "polygamma": polygamma,
}
