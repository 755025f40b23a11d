"""To SciPy's linear operators, and from them."""

from __future__ import annotations

from typing import Any

from .._backend import Array, array_namespace
from ._kinds import linear_map, static
from ._map import LinearMap


def to_scipy(f: LinearMap) -> Any:
    """
    Return the map, of one NumPy array to one, as a `scipy.sparse.linalg.LinearOperator`.

    Parameters
    ----------
    f : LinearMap
        Closed: `L.on(x)`, or the derivative that `linearize` returns. C-linear.

    Returns
    -------
    operator : LinearOperator, shape (y.size, x.size)
        `matvec` applies L to numbers in C-order, `rmatvec` applies L.H.

    Examples
    --------
    >>> import numpy as np
    >>> from unidiff.maps import left, to_scipy
    >>> to_scipy(left(np.ones((2, 3))).on(np.zeros((3, 2)))).shape
    (4, 6)
    """
    from scipy.sparse.linalg import LinearOperator  # only who asks for SciPy waits for it

    x, y = getattr(f, "domain", None), getattr(f, "codomain", None)
    if x is None or y is None:
        msg = f"to_scipy wants a closed map, {f} is open in its domain; say it first: L.on(x)"
        raise ValueError(msg)
    if hasattr(x, "parts") or hasattr(y, "parts"):
        msg = f"to_scipy wants a map of one array to one, got {x} to {y}; pick them: L.pick(0, 0)"
        raise ValueError(msg)
    if not f.c_linear and (x.complex or y.complex):
        msg = f"to_scipy: {f} is only R-linear, a LinearOperator is C-linear; use L.matrix()"
        raise ValueError(msg)
    adjoint = f.H

    def flat(apply: Any, v: Array, shape: Any) -> Array:
        return apply(v.reshape(shape)).reshape(-1)

    return LinearOperator(
        (y.size, x.size),
        matvec=lambda v: flat(f, v, x.shape),
        rmatvec=lambda v: flat(adjoint, v, y.shape),
        dtype=y.dtype,
    )


@linear_map
class FromScipy(LinearMap):
    """dx ↦ the operator, or its transpose, applied to each vector"""

    operator: Any = static()
    transposed: bool = static(default=False)

    def __call__(self, dx: Array) -> Array:
        xp = array_namespace(dx)
        columns = xp.matrix_transpose(xp.reshape(dx, (-1, dx.shape[-1])))
        if self.transposed:
            columns = xp.conj(self.operator.rmatmat(xp.conj(columns)))
        else:
            columns = self.operator.matmat(columns)
        return xp.reshape(xp.matrix_transpose(columns), (*dx.shape[:-1], columns.shape[0]))

    @property
    def T(self) -> LinearMap:
        return FromScipy(self.operator, not self.transposed)

    def __repr__(self) -> str:
        m, n = self.operator.shape
        return f"({m}×{n} operator).T" if self.transposed else f"({m}×{n} operator)"


def from_scipy(operator: Any, *, domain: Array) -> LinearMap:
    """
    Return a `scipy.sparse.linalg.LinearOperator`, or a sparse matrix, as a map of NumPy vectors.

    Parameters
    ----------
    operator : LinearOperator or sparse array, shape (m, n)
        Its `rmatvec` is the adjoint; the transpose is made of it.
    domain : array, shape (n,)
        An array of the dtype of dx.

    Returns
    -------
    map : LinearMap
    """
    from scipy.sparse.linalg import aslinearoperator

    wanted = aslinearoperator(operator)
    if tuple(domain.shape) != (wanted.shape[1],):
        msg = f"from_scipy: `domain` must have shape ({wanted.shape[1]},), got {domain.shape}"
        raise ValueError(msg)
    return FromScipy(wanted)
