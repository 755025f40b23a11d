"""The QR decomposition.

With e = dx r⁻¹, of the leading columns of x and r where x is wide,

    dq = q t + (1 − q qᴴ) e,    dr = qᴴ dx − t r,

and t is the skew matrix whose lower triangle is that of qᴴ e: it keeps r triangular, and the phases
of its diagonal as they are. The columns of q beyond those of a tall x turn as little as they can.
"""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

from .._backend import Array, Namespace, array_namespace, device_of
from .._errors import DegeneracyError
from .._primitive import primitive
from ..linear import (
    LinearMap,
    column,
    embed,
    identity,
    linear_map,
    row,
    slice_,
    static,
    triangle,
    zero,
)
from ..matrix import left, right
from ..matrix._kernels import adjoint
from ._factorizations import LowerHalf, WithLeftInverse
from ._gaps import CLOSE, first, of_stack
from ._spectra import ADJOINT
from ._triangular import TriangularSolve


class QRResult(NamedTuple):
    """x = Q R, with orthonormal columns of Q and an upper triangle R"""

    Q: Array
    R: Array


@primitive("(m,n)->(m,k),(k,n)", name="qr")
def qr_pair(xp: Namespace, x: Array, *, mode: str = "reduced") -> Any:
    """q r = x"""
    return tuple(xp.linalg.qr(x, mode=mode))


@qr_pair.derivative
def _(xp: Namespace, y: Any, _x: Array, *, mode: str) -> LinearMap:
    """The inverse of  dx = dq r + q dr"""
    q, r = y
    (m, k), n = q.shape[-2:], r.shape[-1]
    rank = min(m, n)
    qh, leading = left(adjoint(xp, q)), slice_((m, n), (slice(None), slice(0, rank)))
    widened = embed((k, k), (slice(None), slice(0, rank)))
    turn = (identity - ADJOINT) @ LowerHalf() @ widened @ qh
    of_q = left(q) @ turn if k == m else left(q) @ turn + (identity - left(q) @ qh)
    of_r = triangle(upper=True) @ row(-right(r) @ turn, qh)
    parts = column(OverTriangle(r[..., :rank, :rank]) @ leading, identity)
    return WithLeftInverse(column(row(of_q, zero), of_r) @ parts, row(right(r), left(q)))


@linear_map
class OverTriangle(LinearMap):
    """dx ↦ dx r⁻¹, or dx r⁻ᵀ, with an upper triangle r whose columns are independent"""

    r: Array
    transposed: bool = static(default=False)

    def __call__(self, dx: Array) -> Array:
        r = independent(self.r)
        solve = TriangularSolve(r, lower=False, transposed=not self.transposed)
        y = solve(array_namespace(dx).matrix_transpose(dx))
        return array_namespace(y).matrix_transpose(y)

    @property
    def T(self) -> LinearMap:
        return OverTriangle(self.r, not self.transposed)


@primitive("(m,m)->(m,m)", name="independent")
def independent(xp: Namespace, r: Array) -> Array:
    """y = r, an upper triangle: unless one of its columns depends on those before it"""
    missing = dependent(xp, r)
    if bool(xp.any(missing)):
        *stack, j = first(xp, missing)
        msg = (
            f"column {j} of the matrix{of_stack(tuple(stack))} depends on those before it, to "
            f"within {CLOSE} eps: so column {j} of Q is not determined, and has no derivative. "
            "Exact here are svdvals, and pinv, with the projector x @ pinv(x)"
        )
        raise DegeneracyError(msg)
    return r


@independent.derivative
def _(xp: Namespace, _y: Array, _r: Array) -> LinearMap:
    return identity


def dependent(xp: Namespace, r: Array) -> Array:
    """Return which columns of an upper triangle depend on those before them."""
    size = xp.abs(r)
    eps = float(xp.finfo(r.dtype).eps)
    return xp.linalg.diagonal(size) <= CLOSE * eps * xp.sum(size, axis=-2)


def independent_or_nan(xp: Namespace, r: Array) -> Array:
    """Return r, with nan on the diagonal of dependent columns: what is not seen cannot raise."""
    own = xp.eye(r.shape[-1], dtype=xp.bool, device=device_of(r))
    return xp.where(own & dependent(xp, r)[..., None, :], xp.full_like(r, nan), r)


def qr(x: Array, /, *, mode: str = "reduced") -> QRResult:
    """
    Return the QR decomposition of matrices: x = Q R.

    Parameters
    ----------
    x : array, shape (..., m, n)
        Real or complex floating.
    mode : {'reduced', 'complete'}, optional
        Whether Q has k = min(m, n) columns, or m.

    Returns
    -------
    Q : array, shape (..., m, k) or (..., m, m)
        With orthonormal columns. Those beyond the columns of a tall x are one of many bases of the
        null space of xᴴ; their derivative turns this basis as little as it can, and is right for
        every function that does not depend on which it is, such as the projector.
    R : array, shape (..., k, n) or (..., m, n)
        Upper triangular. The phases of its diagonal, of real matrices signs, are the library's
        choice, and the derivative leaves them.

    Raises
    ------
    ValueError
        If `mode` is none of these.
    DegeneracyError
        When the derivative is computed where one of the first k columns of x depends on those
        before it. On CuPy, under JAX, and where PyTorch traces, the derivative is nan instead.

    References
    ----------
    S. Walter, L. Lehmann, Algorithmic differentiation of linear algebra functions with application
    in optimum experimental design, arXiv:1001.1654 (2010); for wide matrices D. Roberts,
    L. Roberts, QR and LQ decomposition matrix backpropagation algorithms for square, wide, and
    deep matrices, arXiv:2009.10071 (2020).

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.qr(np.array([[0.0, 2.0], [-1.0, 3.0]])).R
    array([[-1.,  3.],
           [ 0.,  2.]])
    """
    if mode not in ("reduced", "complete"):
        msg = f"qr: `mode` must be 'reduced' or 'complete'; got {mode!r}"
        raise ValueError(msg)
    return QRResult(*qr_pair(x, mode=mode))
