"""The determinant, with derivatives that hold at singular matrices too.

d det a = tr(adj a · da), and the adjugate is made of the singular value decomposition
a = u s vᴴ by products, never by a division:  adj a = det(u) det(vᴴ) · v adj(s) uᴴ, where
adj(s)_ii is the product of the other singular values (Stewart, Linear Algebra and its Applications
283 (1998) 151). So is the derivative of the adjugate, by products of all but two of them.
"""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace, array_namespace, device_of
from .._primitive import primitive
from ..linear import LinearMap, from_functions, linear_map, row, trace, zero
from ..matrix._kernels import adjoint
from ._inverses import inv


@primitive("(m,m)->()")
def det(xp: Namespace, x: Array) -> Array:
    """
    Return the determinant of square matrices.

    Parameters
    ----------
    x : array, shape (..., m, m)
        Real or complex floating. Its first two derivatives are right at singular matrices too;
        from the third on, they are not finite there.

    Returns
    -------
    y : array, shape (...)

    Raises
    ------
    ValueError
        If the matrices are not square.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.grad(ud.linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]]))
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    return xp.linalg.det(x)


@det.derivative
def _(xp: Namespace, _y: Array, x: Array) -> LinearMap:
    """dy = tr(adj x · dx)"""
    return TraceAdjugate(x)


@linear_map
class TraceAdjugate(LinearMap):
    """dx ↦ tr(adj a · dx)"""

    a: Array

    def __call__(self, dx: Array) -> Array:
        xp = array_namespace(self.a, dx)
        return xp.sum(xp.matrix_transpose(adjugate(self.a)) * dx, axis=(-2, -1))

    @property
    def T(self) -> LinearMap:
        return TimesAdjugate(self.a)


@linear_map
class TimesAdjugate(LinearMap):
    """dx ↦ dx (adj a)ᵀ, of numbers"""

    a: Array

    def __call__(self, dx: Array) -> Array:
        xp = array_namespace(self.a, dx)
        return dx[..., None, None] * xp.matrix_transpose(adjugate(self.a))

    @property
    def T(self) -> LinearMap:
        return TraceAdjugate(self.a)


@primitive("(m,m)->(m,m)", saves=("u", "s", "vh"))
def adjugate(xp: Namespace, a: Array) -> Any:
    """y = adj a, the transposed matrix of cofactors"""
    u, s, vh = xp.linalg.svd(a)
    s = xp.astype(s, a.dtype)
    others = _products_of_others(xp, s)
    y = adjoint(xp, vh) @ (others[..., :, None] * adjoint(xp, u))
    return _phase(xp, u, vh)[..., None, None] * y, u, s, vh


@adjugate.derivative
def _(xp: Namespace, _y: Array, a: Array, *, u: Array, s: Array, vh: Array) -> LinearMap:
    """dy = the derivative of the adjugate along da"""
    return AdjugateFrechet(a, u, s, vh)


@linear_map
class AdjugateFrechet(LinearMap):
    """da ↦ the derivative of the adjugate of a along da, with a = u s vh"""

    a: Array
    u: Array
    s: Array
    vh: Array

    def __call__(self, da: Array) -> Array:
        return adjugate_frechet(self.a, self.u, self.s, self.vh, da)

    @property
    def T(self) -> LinearMap:
        return TransposedAdjugateFrechet(self.a, self.u, self.s, self.vh)


@linear_map
class TransposedAdjugateFrechet(LinearMap):
    """w ↦ the same at aᵀ = v̄ s uᵀ, of wᵀ, transposed: for tr(w dy) is symmetric in w and da"""

    a: Array
    u: Array
    s: Array
    vh: Array

    def __call__(self, w: Array) -> Array:
        t = array_namespace(w).matrix_transpose
        return t(AdjugateFrechet(self.a, self.u, self.s, self.vh)(t(w)))

    @property
    def T(self) -> LinearMap:
        return AdjugateFrechet(self.a, self.u, self.s, self.vh)


@primitive("(m,m),(m,m),(m),(m,m),(m,m)->(m,m)")
def adjugate_frechet(xp: Namespace, a: Array, u: Array, s: Array, vh: Array, da: Array) -> Array:
    """With e = uᴴ da v: off the diagonal −p_ij e_ij, on it Σ_j p_ij e_jj, between v and uᴴ"""
    e = adjoint(xp, u) @ da @ adjoint(xp, vh)
    p = _products_of_other_pairs(xp, s)
    on_diagonal = xp.sum(p * xp.linalg.diagonal(e)[..., None, :], axis=-1)
    eye = xp.eye(s.shape[-1], dtype=e.dtype, device=device_of(e))
    inner = on_diagonal[..., None] * eye - p * e
    y = adjoint(xp, vh) @ inner @ adjoint(xp, u)
    return _phase(xp, u, vh)[..., None, None] * y


@adjugate_frechet.derivative
def _(xp: Namespace, _y: Array, a: Array, u: Array, s: Array, vh: Array, da: Array) -> LinearMap:
    """By da it is itself; by a the polarized form that holds at regular matrices alone"""
    by_a = from_functions(_second, a, da, domain=a, batched=True)
    return row(by_a, zero, zero, zero, AdjugateFrechet(a, u, s, vh))


def _second(f: Array, a: Array, e: Array) -> Array:
    """The second derivative of the adjugate along e and f, by x = a⁻¹: not finite where none is."""
    x = inv(a)
    d = det(a)[..., None, None]
    xe, xf = x @ e, x @ f
    te, tf, tef = (trace(m.shape[-1])(m)[..., None, None] for m in (xe, xf, xe @ xf))
    both = xe @ xf @ x + xf @ xe @ x
    return d * ((te * tf - tef) * x - te * (xf @ x) - tf * (xe @ x) + both)


def _phase(xp: Namespace, u: Array, vh: Array) -> Array:
    """det u · det vh, of modulus 1"""
    return xp.linalg.det(u) * xp.linalg.det(vh)


def _products_of_others(xp: Namespace, s: Array) -> Array:
    """Return, for each i, the product of the s_j with j ≠ i: without a division."""
    n = s.shape[-1]
    own = xp.eye(n, dtype=xp.bool, device=device_of(s))
    return xp.prod(xp.where(own, xp.ones_like(s[..., None, :]), s[..., None, :]), axis=-1)


def _products_of_other_pairs(xp: Namespace, s: Array) -> Array:
    """Return, for each i ≠ j, the product of the s_k with k neither; 0 on the diagonal."""
    n = s.shape[-1]
    own = xp.eye(n, dtype=xp.bool, device=device_of(s))
    left_out = own[:, None, :] | own[None, :, :]
    one = xp.ones_like(s[..., None, None, :])
    products = xp.prod(xp.where(left_out, one, s[..., None, None, :]), axis=-1)
    return xp.where(own, xp.zeros_like(products), products)
