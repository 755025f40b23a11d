"""Solves with a triangle of a matrix."""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace, array_namespace
from .._primitive import primitive
from ..linear import LinearMap, identity, linear_map, matrix_transpose, row, static, triangle
from ..linear._dense import conjugated
from ..matrix import _kernels, right
from ..matrix._maps import sum_all
from ._inverses import of_columns


@primitive("(m,m),(m,k)->(m,k)", name="solve_triangular")
def solve_triangular_matrix(
    xp: Namespace,
    a: Array,
    b: Array,
    *,
    lower: bool = False,
    transposed: bool = False,
    unit_diagonal: bool = False,
) -> Array:
    """a y = b, or aᵀ y = b, with the lower or upper triangle of a"""
    how = {"lower": lower, "transposed": transposed, "unit_diagonal": unit_diagonal}
    return _kernels.solve_triangular(xp, a, b, **how)


@solve_triangular_matrix.derivative
def _(
    xp: Namespace,
    y: Array,
    a: Array,
    _b: Array,
    *,
    lower: bool,
    transposed: bool,
    unit_diagonal: bool,
) -> LinearMap:
    """dy = a⁻¹ (db − da y), of the triangle of da that is read"""
    by_y = right(y) @ matrix_transpose if transposed else right(y)
    read = read_triangle(lower, unit_diagonal)
    return TriangularSolve(a, lower, transposed, unit_diagonal) @ row(-by_y @ read, identity)


class _WithTriangle(LinearMap):
    """
    What the map of a triangle and its inverse have in common.

    Attributes
    ----------
    a : array, shape (..., m, m)
    lower : bool
        Whether the lower triangle is read, else the upper one.
    transposed : bool
    unit_diagonal : bool
        Whether the diagonal is taken for ones.
    """

    __slots__ = ()
    a: Array
    lower: bool
    transposed: bool
    unit_diagonal: bool

    def _like(self, kind: Any, transposed: bool) -> LinearMap:
        found: LinearMap = kind(self.a, self.lower, transposed, self.unit_diagonal)
        return found

    @property
    def T(self) -> LinearMap:
        return self._like(type(self), not self.transposed)

    def _volume(self, like: Array) -> Array:
        """Return log |det| of the product with the triangle."""
        if self.unit_diagonal:
            return 0.0
        xp = array_namespace(self.a)
        sizes = xp.sum(xp.log(xp.abs(xp.linalg.diagonal(self.a))), axis=-1)
        return like.shape[-1] * sum_all(sizes, like.shape[:-2])


@linear_map
class TriangularSolve(_WithTriangle):
    """dx ↦ a⁻¹ dx, or a⁻ᵀ dx, with a triangle of a"""

    a: Array
    lower: bool = static()
    transposed: bool = static(default=False)
    unit_diagonal: bool = static(default=False)

    def __call__(self, dx: Array) -> Array:
        return solve_triangular_matrix(
            self.a,
            dx,
            lower=self.lower,
            transposed=self.transposed,
            unit_diagonal=self.unit_diagonal,
        )

    @property
    def inv(self) -> LinearMap:
        return self._like(TriangularProduct, self.transposed)

    def log_volume(self, like: Array) -> Array:
        return -self._volume(like)


@linear_map
class TriangularProduct(_WithTriangle):
    """dx ↦ a dx, or aᵀ dx, with a triangle of a"""

    a: Array
    lower: bool = static()
    transposed: bool = static(default=False)
    unit_diagonal: bool = static(default=False)

    def __call__(self, dx: Array) -> Array:
        m = read_triangle(self.lower, self.unit_diagonal)(self.a)
        y = (array_namespace(m).matrix_transpose(m) if self.transposed else m) @ dx
        return y + dx if self.unit_diagonal else y

    @property
    def inv(self) -> LinearMap:
        return self._like(TriangularSolve, self.transposed)

    def log_volume(self, like: Array) -> Array:
        return self._volume(like)


def read_triangle(lower: bool, unit_diagonal: bool) -> LinearMap:
    """Return the map to the triangle that is read, without a diagonal that is taken for ones."""
    strictly = int(unit_diagonal)
    return triangle(-strictly if lower else strictly, upper=not lower)


def solve_triangular(
    a: Array,
    b: Array,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> Array:
    """
    Solve a y = b with a triangle of a; the other triangle is not read, nor does it get a gradient.

    Parameters
    ----------
    a : array, shape (..., m, m)
        Real or complex floating.
    b : array, shape (..., m, k) or (m,)
        Right-hand sides: stacks broadcast; an array of one axis is one vector.
    trans : {0, 1, 2, 'N', 'T', 'C'}, optional
        Which system: a y = b, aᵀ y = b, aᴴ y = b.
    lower : bool, optional
        Whether the lower triangle is read, else the upper one.
    unit_diagonal : bool, optional
        Whether the diagonal is taken for ones, and not read.

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
    >>> ud.linalg.solve_triangular(np.array([[2.0, 0.0], [1.0, 1.0]]), np.ones(2), lower=True)
    array([0.5, 0.5])
    """
    if trans not in (0, 1, 2, "N", "T", "C"):
        msg = f"solve_triangular: `trans` must be 0 or 'N', 1 or 'T', 2 or 'C'; got {trans!r}"
        raise ValueError(msg)
    if trans in (2, "C"):
        a = conjugated(a)
    how = {"lower": lower, "transposed": trans not in (0, "N"), "unit_diagonal": unit_diagonal}
    return of_columns(solve_triangular_matrix, a, b, **how)
