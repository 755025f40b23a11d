"""Division by the gaps of a spectrum: where vectors are determined, and where they are not.

Vectors of a repeated eigenvalue may be any basis of their space, so they have no derivative. Where
one is asked for, a namespace that computes at once raises an exception; one that traces gives nan.
"""

from __future__ import annotations

from math import nan
from typing import Literal

from .._backend import Array, Namespace, device_of, kind_of
from .._errors import DegeneracyError
from .._primitive import primitive
from ..linear import LinearMap, diag, linear_map, row, spread, static, to_complex

CLOSE = 16
"""Values are equal within so many times eps ‖w‖: LAPACK's values of repeated ones are so close."""

Sign = Literal[-1, 0, 1]


@linear_map
class OverGaps(LinearMap):
    """
    m ↦ m_ij / (w_j + sign w_i), where the columns j of m belong to vectors

    and 0 for i = j, of differences, and of sums if m is real. It takes no heed of how much of m is
    zero: that may come from a value of zero, or of one, times a quotient that is not there.
    """

    w: Array
    of: str = static()
    sign: Sign = static(default=-1)

    def __call__(self, m: Array) -> Array:
        return over_gaps(self.w, m, of=self.of, sign=self.sign)

    @property
    def T(self) -> LinearMap:
        return self


@primitive("(n),(m,n)->(m,n)")
def over_gaps(xp: Namespace, w: Array, m: Array, *, of: str, sign: Sign = -1) -> Array:
    """y_ij = m_ij / (w_j + sign w_i)"""
    y, missing = quotients(xp, w, m, sign)
    if bool(xp.any(missing)):
        raise _undetermined(xp, w, missing, of, sign)
    return y


@over_gaps.derivative
def _(xp: Namespace, y: Array, w: Array, _m: Array, *, of: str, sign: Sign) -> LinearMap:
    """dy_ij = (dm_ij − y_ij (dw_j + sign dw_i)) / (w_j + sign w_i)"""
    rows, n = y.shape[-2:]
    gaps = spread((rows, n), -2)
    if sign:
        other = spread((n, n), -1)
        gaps = gaps + other if sign > 0 else gaps - other
    if kind_of(y) == "complex":
        gaps = to_complex @ gaps
    L = OverGaps(w, of, sign)
    return row(-L @ diag(y) @ gaps, L)


def quotients(xp: Namespace, w: Array, m: Array, sign: Sign) -> tuple[Array, Array]:
    """Return the quotients, and where there is none, with 0 for it."""
    gaps = xp.broadcast_to(w[..., None, :], (*w.shape[:-1], *m.shape[-2:]))
    if sign:
        gaps = gaps + sign * w[..., :, None]
    left_out = xp.zeros(m.shape[-2:], dtype=xp.bool, device=device_of(m))
    if sign < 0 or (sign > 0 and kind_of(m) != "complex"):
        left_out = xp.eye(w.shape[-1], dtype=xp.bool, device=device_of(m))
    missing = ~left_out & (xp.abs(gaps) <= _negligible(xp, w)[..., None, None])
    none = left_out | missing
    y = m / xp.where(none, xp.ones_like(gaps), gaps)
    return xp.where(none, xp.zeros_like(y), y), missing


def quotients_or_nan(xp: Namespace, w: Array, m: Array, sign: Sign) -> Array:
    """Return the quotients, nan where there is none: what is not looked at cannot raise."""
    y, missing = quotients(xp, w, m, sign)
    return xp.where(missing, xp.full_like(y, nan), y)


def _negligible(xp: Namespace, w: Array) -> Array:
    """What is zero, next to these values."""
    if not w.shape[-1]:
        return xp.zeros(w.shape[:-1], dtype=w.dtype, device=device_of(w))
    return CLOSE * float(xp.finfo(w.dtype).eps) * xp.max(xp.abs(w), axis=-1)


def first(xp: Namespace, missing: Array) -> tuple[int, ...]:
    """Return the index of the first place that is True."""
    k = int(xp.argmax(xp.astype(xp.reshape(missing, (-1,)), xp.int8)))
    index = []
    for size in reversed(missing.shape):
        k, i = divmod(k, size)
        index.append(i)
    return tuple(reversed(index))


def of_stack(place: tuple[int, ...]) -> str:
    """Return which matrix of a stack it is, in words."""
    return f" (of matrix {place if len(place) > 1 else place[0]} of the stack)" if place else ""


def _undetermined(xp: Namespace, w: Array, missing: Array, of: str, sign: Sign) -> DegeneracyError:
    """Return the exception that names the values."""
    *stack, i, j = first(xp, missing)
    values = w[(*stack, ...)]
    limit = f"{float(_negligible(xp, values)):.1e}, {CLOSE} eps times the largest"
    if sign < 0:
        i, j = min(i, j), max(i, j)
        found = f"{of}s {i} and {j} are equal to within {limit}: "
        found += f"{float(values[i])!r} and {float(values[j])!r}"
    else:
        found = f"{of} {j} is zero to within {limit}: {float(values[j])!r}"
    msg = (
        f"{found}{of_stack(tuple(stack))}; so the vectors are not determined, and have no "
        "derivative. What is exact here does without them: eigvalsh, svdvals, pinv, matrix_norm, "
        "expm, products and solves"
    )
    return DegeneracyError(msg)
