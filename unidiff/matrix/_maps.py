"""Products with a matrix and solves with one, from the left and from the right.

One factorization is shared by the value and by all four directions of the derivative:

    lu, pivots = factor(a)                    opaque: no derivative of their own
    y = factored_solve(a, lu, pivots, b)      it differentiates through a, it computes with lu
    y = factored_inverse(a, lu, pivots)       so does this

The first factor is the packed LU of a with its rows in some order; what `pivots` mean is the
backend's own affair, so these kernels are replaced together.
"""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace, Shape, array_namespace, device_of, kind_of
from .._primitive import primitive
from ..linear import (
    LinearMap,
    identity,
    linear_map,
    matrix_transpose,
    real_part,
    reshape,
    row,
    static,
    trace,
    zero,
)
from ..linear._dense import Factors
from ..linear._map import not_invertible
from . import _kernels


@linear_map
class Left(LinearMap):
    """dx ↦ m dx"""

    m: Array

    def __call__(self, dx: Array) -> Array:
        return self.m @ dx

    def pull(self, w: Array) -> Array:
        m = self.m
        return m.mT @ w if m.ndim > 1 else m[:, None] * w[..., None, :]

    @property
    def T(self) -> LinearMap:
        return Left(self.m.mT) if self.m.ndim > 1 else OuterLeft(self.m)

    @property
    def inv(self) -> LinearMap:
        _refuse_oblong(self, self.m)
        return left_solve(self.m)

    def log_volume(self, like: Array) -> Array:
        return -self.inv.log_volume(like)

    def kronecker(self) -> Factors:
        return None, self.m, None, None


@linear_map
class Right(LinearMap):
    """dx ↦ dx m"""

    m: Array

    def __call__(self, dx: Array) -> Array:
        return dx @ self.m

    def pull(self, w: Array) -> Array:
        m = self.m
        return w @ m.mT if m.ndim > 1 else w[..., None] * m

    @property
    def T(self) -> LinearMap:
        return Right(self.m.mT) if self.m.ndim > 1 else OuterRight(self.m)

    @property
    def inv(self) -> LinearMap:
        _refuse_oblong(self, self.m)
        return right_solve(self.m)

    def log_volume(self, like: Array) -> Array:
        return -self.inv.log_volume(like)

    def kronecker(self) -> Factors:
        return None, None, self.m, None


@linear_map
class OuterLeft(LinearMap):
    """dx ↦ v ⊗ dx, the vector v along a new axis before the last"""

    v: Array

    def __call__(self, dx: Array) -> Array:
        return self.v[:, None] * dx[..., None, :]

    @property
    def T(self) -> LinearMap:
        return Left(self.v)


@linear_map
class OuterRight(LinearMap):
    """dx ↦ dx ⊗ v, the vector v along a new last axis"""

    v: Array

    def __call__(self, dx: Array) -> Array:
        return dx[..., None] * self.v

    @property
    def T(self) -> LinearMap:
        return Right(self.v)


def left(m: Array) -> LinearMap:
    """Return the map dx ↦ m dx."""
    return Left(m)


def right(m: Array) -> LinearMap:
    """Return the map dx ↦ dx m; of vectors, the rows of dx."""
    return Right(m)


def congruence(m: Array) -> LinearMap:
    """Return the map dx ↦ m dx mᵀ."""
    return Left(m) @ Right(array_namespace(m).matrix_transpose(m))


def dense(m: Array, domain: Shape, codomain: Shape) -> LinearMap:
    """Return the matrix m as a map from arrays of shape `domain` to those of shape `codomain`."""
    columns, rows = m.shape[1], m.shape[0]
    by_rows = Right(array_namespace(m).matrix_transpose(m))
    return reshape((rows,), codomain) @ by_rows @ reshape(domain, (columns,))


def left_solve(m: Array, *factors: Array, transposed: bool = False) -> LinearMap:
    """Return the map dx ↦ m⁻¹ dx, or m⁻ᵀ dx; without its factors, m is factored here."""
    lu, pivots = factors or factor(m)
    return LeftSolve(m, lu, pivots, transposed)


def right_solve(m: Array, *factors: Array, transposed: bool = False) -> LinearMap:
    """Return the map dx ↦ dx m⁻¹, or dx m⁻ᵀ; without its factors, m is factored here."""
    lu, pivots = factors or factor(m)
    return RightSolve(m, lu, pivots, transposed)


def _refuse_oblong(f: LinearMap, m: Array) -> None:
    if m.ndim < 2 or m.shape[-1] != m.shape[-2]:
        raise not_invertible(f, "its matrix is not square")


# -- the primitives, and the maps that apply themselves through them -------------------------------


@primitive("(m,m)->(m,m),(m)")
def factor(xp: Namespace, a: Array) -> Any:
    """Return the factors of a, for `factored_solve` alone."""
    return _kernels.lu_factor(xp, a)


@factor.derivative
def _(xp: Namespace, _y: Any, _a: Array) -> LinearMap:
    """Opaque: what uses the factors differentiates through a."""
    return zero


@primitive("(m,m),(m,m),(m),(m,k)->(m,k)")
def factored_solve(
    xp: Namespace, a: Array, lu: Array, pivots: Array, b: Array, *, transposed: bool = False
) -> Array:
    """a y = b, or aᵀ y = b, with the factors of a"""
    return _kernels.lu_solve(xp, lu, pivots, b, transposed=transposed)


@factored_solve.derivative
def _(
    xp: Namespace,
    y: Array,
    a: Array,
    lu: Array,
    pivots: Array,
    _b: Array,
    *,
    transposed: bool,
) -> LinearMap:
    """dy = a⁻¹ (db − da y)"""
    by_y = right(y) @ matrix_transpose if transposed else right(y)
    return LeftSolve(a, lu, pivots, transposed) @ row(-by_y, zero, zero, identity)


@primitive("(m,m),(m,m),(m)->(m,m)")
def factored_inverse(xp: Namespace, a: Array, lu: Array, pivots: Array) -> Array:
    """y = a⁻¹, with the factors of a"""
    eye = xp.eye(a.shape[-1], dtype=lu.dtype, device=device_of(lu))
    return _kernels.lu_solve(xp, lu, pivots, eye, transposed=False)


@factored_inverse.derivative
def _(xp: Namespace, y: Array, _a: Array, _lu: Array, _pivots: Array) -> LinearMap:
    """dy = −y da y"""
    return row(-left(y) @ right(y), zero, zero)


@linear_map
class LeftSolve(LinearMap):
    """dx ↦ m⁻¹ dx, or m⁻ᵀ dx, with the factors of m"""

    m: Array
    lu: Array
    pivots: Array
    transposed: bool = static(default=False)

    def __call__(self, dx: Array) -> Array:
        return factored_solve(self.m, self.lu, self.pivots, dx, transposed=self.transposed)

    @property
    def T(self) -> LinearMap:
        return LeftSolve(self.m, self.lu, self.pivots, not self.transposed)

    @property
    def inv(self) -> LinearMap:
        return Left(_mT(self.m) if self.transposed else self.m)

    def log_volume(self, like: Array) -> Array:
        per_column = logabsdet(self.m, self.lu, self.pivots)
        return -like.shape[-1] * sum_all(per_column, like.shape[:-2])


@linear_map
class RightSolve(LinearMap):
    """dx ↦ dx m⁻¹, or dx m⁻ᵀ, of rows, with the factors of m"""

    m: Array
    lu: Array
    pivots: Array
    transposed: bool = static(default=False)

    def __call__(self, dx: Array) -> Array:
        rows = dx[None, :] if len(dx.shape) == 1 else dx
        columns = array_namespace(rows).matrix_transpose(rows)
        y = factored_solve(self.m, self.lu, self.pivots, columns, transposed=not self.transposed)
        y = array_namespace(y).matrix_transpose(y)
        return y[0, :] if len(dx.shape) == 1 else y

    @property
    def T(self) -> LinearMap:
        return RightSolve(self.m, self.lu, self.pivots, not self.transposed)

    @property
    def inv(self) -> LinearMap:
        return right(_mT(self.m) if self.transposed else self.m)

    def log_volume(self, like: Array) -> Array:
        rows = 1 if len(like.shape) == 1 else like.shape[-2]
        return -rows * sum_all(logabsdet(self.m, self.lu, self.pivots), like.shape[:-2])


@primitive("(m,m),(m,m),(m)->()")
def logabsdet(xp: Namespace, a: Array, lu: Array, pivots: Array) -> Array:
    """y = log |det a|, with the factors of a"""
    return xp.sum(xp.log(xp.abs(xp.linalg.diagonal(lu))), axis=-1)


@logabsdet.derivative
def _(xp: Namespace, _y: Array, a: Array, lu: Array, pivots: Array) -> LinearMap:
    """dy = Re tr(a⁻¹ da)"""
    real = real_part if kind_of(a) == "complex" else identity
    return real @ row(TraceSolve(a, lu, pivots), zero, zero)


@linear_map
class TraceSolve(LinearMap):
    """dx ↦ tr(m⁻¹ dx), with the factors of m"""

    m: Array
    lu: Array
    pivots: Array

    def __call__(self, dx: Array) -> Array:
        y = factored_solve(self.m, self.lu, self.pivots, dx)
        return trace(y.shape[-1])(y)

    @property
    def T(self) -> LinearMap:
        return SpreadInverse(self.m, self.lu, self.pivots)


@linear_map
class SpreadInverse(LinearMap):
    """dx ↦ dx m⁻ᵀ, of numbers, with the factors of m"""

    m: Array
    lu: Array
    pivots: Array

    def __call__(self, dx: Array) -> Array:
        return dx[..., None, None] * factored_inverse(self.m, self.lu, self.pivots).mT

    @property
    def T(self) -> LinearMap:
        return TraceSolve(self.m, self.lu, self.pivots)


def sum_all(x: Array, lead: tuple[int, ...]) -> Array:
    """Return Σ x, of numbers that are one for each place of `lead`, or the same for all."""
    xp = array_namespace(x)
    return xp.sum(xp.broadcast_to(x, lead)) if lead else x


def _mT(m: Array) -> Array:
    return array_namespace(m).matrix_transpose(m)
