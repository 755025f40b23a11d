"""Factorizations: Cholesky and LU. The inverse of their rule is the recomposition."""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace, array_namespace
from .._primitive import primitive
from ..linear import (
    LinearMap,
    column,
    conjugate,
    gather,
    linear_map,
    matrix_transpose,
    static,
    zero,
)
from ..linear._dense import conjugated
from ..linear._shape import ShapeMap
from ..matrix import _kernels, left, right
from ..matrix._kernels import adjoint, take_rows
from ._inverses import of_columns
from ._triangular import TriangularSolve, solve_triangular_matrix


@linear_map
class HermitianPart(LinearMap):
    """dx ↦ (dx + dxᴴ) / 2"""

    def __call__(self, dx: Array) -> Array:
        return 0.5 * (dx + adjoint(array_namespace(dx), dx))

    @property
    def T(self) -> LinearMap:
        return self

    @property
    def c_linear(self) -> bool:
        return False


@linear_map
class LowerHalf(ShapeMap):
    """dx ↦ its lower triangle, with half the diagonal"""

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return 0.5 * (xp.tril(dx) + xp.tril(dx, k=-1))

    @property
    def T(self) -> LinearMap:
        return self


@linear_map
class WithLeftInverse(LinearMap):
    """A composition that is invertible on its range as a whole only: the inverse beside it"""

    forward: LinearMap
    backward: LinearMap

    def __call__(self, dx: Array) -> Array:
        return self.forward(dx)

    def pull(self, w: Array) -> Array:
        return self.forward.pull(w)

    @property
    def T(self) -> LinearMap:
        return self.forward.T

    @property
    def left_inverse(self) -> LinearMap:
        return self.backward

    def _parts(self) -> tuple[LinearMap, ...]:
        return (self.forward,)

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        if inputs is None and outputs is None:
            return self
        return self.forward.pick(inputs, outputs)

    def __repr__(self) -> str:
        return repr(self.forward)


@primitive("(m,m)->(m,m)", name="cholesky")
def cholesky_lower(xp: Namespace, x: Array) -> Array:
    """y yᴴ = (x + xᴴ) / 2, with y lower triangular"""
    return xp.linalg.cholesky(0.5 * (x + adjoint(xp, x)))


@cholesky_lower.derivative
def _(xp: Namespace, y: Array, _x: Array) -> LinearMap:
    """dy = y Φ(y⁻¹ dx y⁻ᴴ), with Φ the lower triangle with half its diagonal (Murray 2016)"""
    solve = TriangularSolve(y, lower=True)
    solve_right = matrix_transpose @ TriangularSolve(conjugated(y), lower=True) @ matrix_transpose
    forward = left(y) @ LowerHalf() @ solve_right @ solve @ HermitianPart()
    recomposed = right(adjoint(xp, y)) + left(y) @ matrix_transpose @ conjugate
    return WithLeftInverse(forward, recomposed)


def cholesky(x: Array, /, *, upper: bool = False) -> Array:
    """
    Return the triangular factor y of a positive definite matrix, y yᴴ = x.

    Parameters
    ----------
    x : array, shape (..., m, m)
        Hermitian positive definite. Of another matrix the Hermitian part (x + xᴴ) / 2 is factored,
        so that gradients are Hermitian.
    upper : bool, optional
        Whether to return the upper factor yᴴ instead of the lower one.

    Returns
    -------
    y : array, shape (..., m, m)

    Raises
    ------
    ValueError
        If the matrices are not square.
    numpy.linalg.LinAlgError
        If a matrix is not positive definite, on NumPy; JAX and CuPy give nan.

    References
    ----------
    I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527 (2016), section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.cholesky(np.array([[4.0, 2.0], [2.0, 5.0]]))
    array([[2., 0.],
           [1., 2.]])
    """
    y = cholesky_lower(x)
    return adjoint(array_namespace(y), y) if upper else y


@linear_map
class FactorsTangent(LinearMap):
    """k ↦ l tril(k, −1) + triu(k) u, for the packed factors l and u"""

    lu: Array
    transposed: bool = static(default=False)

    def __call__(self, k: Array) -> Array:
        xp = array_namespace(self.lu, k)
        strict, u = xp.tril(self.lu, k=-1), xp.triu(self.lu)
        if self.transposed:
            return xp.tril(k + strict.mT @ k, k=-1) + xp.triu(k @ u.mT)
        below = xp.tril(k, k=-1)
        return below + strict @ below + xp.triu(k) @ u

    @property
    def T(self) -> LinearMap:
        return FactorsTangent(self.lu, not self.transposed)


@primitive("(m,m)->(m,m),(m)", name="lu_factor")
def lu_factor_pair(xp: Namespace, a: Array) -> Any:
    """The packed factors of a with its rows in pivoted order, and the pivots"""
    return _kernels.lu_factor(xp, a)


@lu_factor_pair.derivative
def _(xp: Namespace, y: Any, _a: Array) -> LinearMap:
    """k = l⁻¹ p da u⁻¹;  d(lu) = l tril(k, −1) + triu(k) u (de Hoog, Anderssen, Lukas 2011)"""
    lu, pivots = y
    by_l = TriangularSolve(lu, lower=True, unit_diagonal=True)
    by_u = TriangularSolve(lu, lower=False, transposed=True)
    order = _kernels.permutation(array_namespace(pivots), pivots)
    rows = gather(order if order.ndim == 1 else order[..., None, :], _a.shape[-1])
    permuted = matrix_transpose @ rows @ matrix_transpose
    k = matrix_transpose @ by_u @ matrix_transpose @ by_l @ permuted
    return column(FactorsTangent(lu) @ k, zero)


def lu_factor(a: Array) -> tuple[Array, Array]:
    """
    Return the factors of square matrices with partial pivoting, as SciPy's `lu_factor` packs them.

    Parameters
    ----------
    a : array, shape (..., m, m)
        Real or complex floating.

    Returns
    -------
    lu : array, shape (..., m, m)
        U in the upper triangle, L without its diagonal of ones in the lower.
    piv : integer array, shape (..., m)
        Row i was exchanged with row piv[i]. Locally constant.

    Raises
    ------
    ValueError
        If the matrices are not square.

    References
    ----------
    F. de Hoog, R. Anderssen, M. Lukas, Differentiation of matrix functionals using triangular
    factorization, Mathematics of Computation 80 (2011) 1585.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> lu, piv = ud.linalg.lu_factor(np.array([[1.0, 2.0], [4.0, 2.0]]))
    >>> lu
    array([[4.  , 2.  ],
           [0.25, 1.5 ]])
    """
    return tuple(lu_factor_pair(a))


def lu_solve(lu_and_piv: tuple[Array, Array], b: Array, trans: int = 0) -> Array:
    """
    Solve a y = b with the factors of a that `lu_factor` returned.

    Parameters
    ----------
    lu_and_piv : tuple of arrays
        As `lu_factor` returns them; derivatives pass through lu.
    b : array, shape (..., m, k) or (m,)
        Right-hand sides: stacks broadcast; an array of one axis is one vector.
    trans : {0, 1, 2}, optional
        Which system: a y = b, aᵀ y = b, aᴴ y = b.

    Returns
    -------
    y : array, shape (..., m, k) or (..., m)

    Raises
    ------
    ValueError
        If the shapes do not fit, or `trans` is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.lu_solve(ud.linalg.lu_factor(np.diag([2.0, 4.0])), np.ones(2))
    array([0.5 , 0.25])
    """
    lu, pivots = lu_and_piv
    if trans not in (0, 1, 2):
        msg = f"lu_solve: `trans` must be 0, 1 or 2; got {trans!r}"
        raise ValueError(msg)
    if trans == 2:
        lu = conjugated(lu)
    return of_columns(_lu_solve, lu, b, pivots=pivots, transposed=trans != 0)


def _lu_solve(lu: Array, b: Array, *, pivots: Array, transposed: bool) -> Array:
    order = _kernels.permutation(array_namespace(pivots), pivots)
    how: dict[str, Any] = {"transposed": transposed}
    if not transposed:
        b = take_rows(array_namespace(b), b, order)
        y = solve_triangular_matrix(lu, b, lower=True, unit_diagonal=True, **how)
        return solve_triangular_matrix(lu, y, **how)
    y = solve_triangular_matrix(lu, b, **how)
    y = solve_triangular_matrix(lu, y, lower=True, unit_diagonal=True, **how)
    back = array_namespace(order).argsort(order, axis=-1)
    return take_rows(array_namespace(y), y, back)
