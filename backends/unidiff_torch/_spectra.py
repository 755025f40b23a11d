"""
PyTorch's kernels of what a spectrum may leave undetermined.

They raise an exception like the reference; where torch traces, and there are no numbers to look at,
they give nan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unidiff.linalg import _gaps, _orthogonal

from ._namespace import plain as xp
from ._torch import visible

Array = Any


def over_gaps(w: Array, m: Array, *, of: str, sign: _gaps.Sign) -> Array:
    """Divide m by the gaps of w."""
    if visible(w) and visible(m):
        return _gaps.over_gaps.value(xp, w, m, of=of, sign=sign)
    return _gaps.quotients_or_nan(xp, w, m, sign)


def independent(r: Array) -> Array:
    """Return the triangle r, a copy."""
    if visible(r):
        return _orthogonal.independent.value(xp, r)
    return _orthogonal.independent_or_nan(xp, r)


kernels: dict[str, Callable[..., Array]] = {"over_gaps": over_gaps, "independent": independent}
