"""Norms made of singular values: their sum, the largest, the smallest.

Of x = Σ s u vᴴ the norm is the mean, or the sum, of some of the s, and its derivative is the same
of the u vᴴ: a partial isometry p up to a factor, whatever vectors a repeated value has. The
derivative of p is products and solves with x and p alone, so that it has derivatives itself.
"""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace, array_namespace, kind_of
from .._primitive import primitive
from ..linear import LinearMap, linear_map, real_part, reshape, row, static, zero
from ..linear._conjugation import conjugated
from ..linear._dense import conjugated as conj
from ..linear._elementwise import RealLinear
from ..matrix._kernels import adjoint, eye_like
from ._equations import solve_sylvester
from ._inverses import solve
from ._products import Dot

EQUAL = 8
"""Singular values are equal, or zero, within so many times √max(m, n) eps of the largest: LAPACK's
values of repeated ones, and of matrices of lower rank, are that close."""


@primitive("(m,n)->()", saves=("u", "s", "vh"), name="matrix_norm")
def singular_norm(xp: Namespace, x: Array, *, ord: Any) -> Any:
    """y = Σ s, or the largest or smallest s"""
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    if not s.shape[-1] and ord == -2:
        msg = f"matrix_norm: matrices of shape {tuple(x.shape[-2:])} have no least singular value"
        raise ValueError(msg)
    reduced = xp.sum if ord == "nuc" or not s.shape[-1] else xp.max if ord == 2 else xp.min
    return reduced(s, axis=-1), u, s, vh


@singular_norm.derivative
def _(xp: Namespace, _y: Array, x: Array, *, ord: Any, u: Array, s: Array, vh: Array) -> LinearMap:
    """dy = Re Σ conj(d) dx"""
    m, n = x.shape[-2:]
    d = singular_direction(x, u, s, vh, ord=ord)
    flat = xp.reshape(d, (*d.shape[:-2], m * n))
    entries = reshape((m, n), (m * n,))
    if kind_of(x) == "real":
        return Dot(flat) @ entries
    return real_part @ Dot(conj(flat)) @ entries


@primitive("(m,n),(m,k),(k),(k,n)->(m,n)", name="singular_direction")
def singular_direction(
    xp: Namespace, x: Array, u: Array, s: Array, vh: Array, *, ord: Any
) -> Array:
    """y = Σ u vᴴ of the singular values in question, the mean where the norm is one of them"""
    weights = _weights(xp, x, s, ord)
    return (u * xp.astype(weights, u.dtype)[..., None, :]) @ vh


def _weights(xp: Namespace, x: Array, s: Array, ord: Any) -> Array:
    """1 for the singular values in question, shared out evenly among equal ones; 0 for zeros"""
    if not s.shape[-1]:
        return s
    largest = xp.max(s, axis=-1, keepdims=True)
    slack = EQUAL * max(x.shape[-2:]) ** 0.5 * float(xp.finfo(s.dtype).eps) * largest
    live = s > slack
    if ord == "nuc":
        return xp.astype(live, s.dtype)
    extreme = s >= largest - slack if ord == 2 else s <= xp.min(s, axis=-1, keepdims=True) + slack
    ties = xp.astype(extreme, s.dtype)
    weights = ties / xp.sum(ties, axis=-1, keepdims=True)
    return xp.where(live, weights, xp.zeros_like(weights))


@singular_direction.derivative
def _(xp: Namespace, y: Array, x: Array, _u: Array, s: Array, _vh: Array, *, ord: Any) -> LinearMap:
    """By the vectors it is opaque: what they were made of is x"""
    tangent = PolarTangent(x, y, s) if ord == "nuc" else ExtremeTangent(x, y, s, ord)
    return row(tangent, zero, zero, zero)


class SymmetricTangent(RealLinear):
    """The derivative of a gradient is its own adjoint; of wide matrices, that of the tall ones."""

    __slots__ = ()
    x: Array
    y: Array

    def __call__(self, dx: Array) -> Array:
        if 0 in self.x.shape[-2:]:
            return dx
        if self.x.shape[-2] >= self.x.shape[-1]:
            return self.of_tall(array_namespace(self.x, self.y, dx), self.x, self.y, dx)
        x, y, dx = (adjoint(array_namespace(z), z) for z in (self.x, self.y, dx))
        xp = array_namespace(x, y, dx)
        return adjoint(xp, self.of_tall(xp, x, y, dx))

    def of_tall(self, xp: Namespace, x: Array, y: Array, dx: Array) -> Array:
        """Return the same for an x of at least as many rows as columns."""
        raise NotImplementedError

    @property
    def T(self) -> LinearMap:
        return conjugated(self)


@linear_map
class PolarTangent(SymmetricTangent):
    """
    dx ↦ dp, where x = p h with h positive definite where p moves anything

    Inside, the skew part: p ω, where h ω + ω h = pᴴ dx − dxᴴ p; across, dx h⁻¹ and p h⁻¹ pᴴ dx.
    """

    x: Array
    y: Array
    s: Array

    def of_tall(self, xp: Namespace, x: Array, y: Array, dx: Array) -> Array:
        p, ph = y, adjoint(xp, y)
        r = ph @ p
        largest = xp.max(self.s, axis=-1)[..., None, None]
        size = xp.where(largest > 0, largest, xp.ones_like(largest))
        h = ph @ (x / size) + (eye_like(xp, r) - r)
        inside = ph @ dx @ r
        skew = solve_sylvester(h, h, inside - adjoint(xp, inside))
        left_over = adjoint(xp, solve(h, adjoint(xp, dx - p @ (ph @ dx))))
        return (p @ (skew + solve(h, ph @ (dx - dx @ r))) + left_over @ r) / size


@linear_map
class ExtremeTangent(SymmetricTangent):
    """
    dx ↦ dp / t, where p = Σ u vᴴ of the t largest, or smallest, singular values σ

    With b = x/σ − p, what is left of x: inside, the skew part (p pᴴ dx pᴴ p − p dxᴴ p) / 2σ;
    across, (p pᴴ dx + p dxᴴ b) (1 − bᴴb)⁻¹ / σ behind p, and its mirror image before it.
    """

    x: Array
    y: Array
    s: Array
    ord: int = static()

    def of_tall(self, xp: Namespace, x: Array, y: Array, dx: Array) -> Array:
        weights = _weights(xp, x, self.s, self.ord)
        ties = xp.sum(xp.astype(weights > 0, weights.dtype), axis=-1)[..., None, None]
        dead = ties == 0
        ties = xp.where(dead, xp.ones_like(ties), ties)
        sigma = xp.sum(xp.real(conj(y) * x), axis=(-2, -1))
        sigma = xp.where(dead, xp.ones_like(ties), sigma[..., None, None])
        p = y * ties
        b = xp.where(dead, xp.zeros_like(x), x / sigma - p)
        ph, bh, dxh = (adjoint(xp, z) for z in (p, b, dx))
        across = eye_like(xp, bh @ b) - bh @ b
        before, behind = p @ (ph @ dx), (dx @ ph) @ p
        both = (before @ ph) @ p
        right_of_p = before - both + p @ (dxh @ b)
        left_of_p = behind - both + b @ (dxh @ p)
        inside = 0.5 * (both - p @ (dxh @ p))
        to_the_right = adjoint(xp, solve(across, adjoint(xp, right_of_p)))
        to_the_left = left_of_p + b @ solve(across, bh @ left_of_p)
        return (inside + to_the_right + to_the_left) / (sigma * ties)
