"""Values of sums of exponentials along the last axis, in operations of the standard alone.

All is measured from the largest exponent, so that nothing overflows.
"""

from __future__ import annotations

from math import inf
from typing import Any

from .._backend import Array, Namespace, kind_of


def _real(xp: Namespace, x: Array) -> Array:
    return xp.real(x) if kind_of(x) == "complex" else x


def _largest(xp: Namespace, x: Array) -> Array:
    """max x, keeping the axis"""
    return xp.max(_real(xp, x), axis=-1, keepdims=True)


def _finite(xp: Namespace, m: Array) -> Array:
    return xp.where(xp.isfinite(m), m, 0.0)


def log_sum(xp: Namespace, x: Array) -> Array:
    """log Σ eˣ, where the largest terms are set apart: the others then count, however small"""
    if not x.shape[-1]:
        return xp.sum(x, axis=-1) - inf
    if kind_of(x) == "complex":
        m = _finite(xp, _largest(xp, x))
        return _log(xp, xp.sum(xp.exp(x - m), axis=-1)) + m[..., 0]
    m = _largest(xp, x)
    top = x == m
    count = xp.clip(xp.sum(xp.astype(top, x.dtype), axis=-1), 1.0, None)
    rest = xp.sum(xp.where(top, 0.0, _above(xp, x, m)), axis=-1)
    return m[..., 0] + (xp.log(count) + xp.log1p(rest / count))


def _log(xp: Namespace, s: Array) -> Array:
    """log s, of 0 without a warning"""
    none = s == 0
    return xp.where(none, -inf, xp.log(xp.where(none, 1.0, s)))


def shares(xp: Namespace, x: Array) -> Array:
    """eˣ / Σ eˣ, and 0 where that is 0/0"""
    if not x.shape[-1]:
        return xp.zeros_like(x)
    if kind_of(x) == "complex":
        terms = xp.exp(x - _finite(xp, _largest(xp, x)))
        return _over(xp, terms, xp.sum(terms, axis=-1, keepdims=True))
    m = _largest(xp, x)
    terms = _above(xp, x, m)
    return xp.where(m == -inf, 0.0, terms / xp.sum(terms, axis=-1, keepdims=True))


def _over(xp: Namespace, terms: Array, s: Array) -> Array:
    """terms / s, and 0 where a term is"""
    none = terms == 0
    return xp.where(none, 0.0, terms / xp.where(none, 1.0, s))


def softmax(xp: Namespace, x: Array) -> Array:
    """eˣ / Σ eˣ"""
    if not x.shape[-1]:
        return xp.zeros_like(x)
    terms = xp.exp(x - _largest(xp, x))
    return terms / xp.sum(terms, axis=-1, keepdims=True)


def log_softmax(xp: Namespace, x: Array) -> Array:
    """x − log Σ eˣ"""
    if not x.shape[-1]:
        return xp.zeros_like(x)
    x = x - _finite(xp, _largest(xp, x))
    return x - log_sum(xp, x)[..., None]


def weighted_log_sum(xp: Namespace, a: Array, b: Array) -> Any:
    """log |Σ b eᵃ|, and the sign of the sum; what has weight 0 adds nothing, nor does nan"""
    if not a.shape[-1]:
        return _real(xp, log_sum(xp, a)), xp.sum(a, axis=-1)
    m, terms = _weighted(xp, a, b)
    s = xp.sum(b * terms, axis=-1)
    return _log(xp, xp.abs(s)) + m[..., 0], xp.sign(s)


def _weighted(xp: Namespace, a: Array, b: Array) -> tuple[Array, Array]:
    """Return the largest of a that has a weight, and exp(a − that), 0 where a has none."""
    a = xp.where(b == 0, -inf, a)
    m = _largest(xp, a)
    m = _finite(xp, m) if kind_of(a) == "complex" else xp.where(m == -inf, 0.0, m)
    return m, _above(xp, a, m)


def _above(xp: Namespace, a: Array, m: Array) -> Array:
    """exp(a − m), and 1 where they are the same, even ∞"""
    top = a == m
    return xp.exp(xp.where(top, 0.0, a) - xp.where(top, 0.0, m))


def quotients(xp: Namespace, a: Array, b: Array) -> Array:
    """eᵃ / Σ b eᵃ, also where b = 0"""
    if not a.shape[-1]:
        return xp.zeros_like(a)
    m, terms = _weighted(xp, a, b)
    return _over(xp, _above(xp, a, m), xp.sum(b * terms, axis=-1, keepdims=True))
