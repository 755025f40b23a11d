"""The diagonal, the trace and the transpose of matrices: each is the function itself."""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace, Shape, array_namespace
from ..linear import LinearMap, linear_map, static
from ..linear import matrix_transpose as exchange
from ..linear._index import Embed
from ..linear._shape import ShapeMap, leading


@linear_map
class Diagonal(ShapeMap):
    """dx ↦ a diagonal of matrices of `shape`, `offset` places to the right of the main one"""

    shape: Shape = static()
    offset: int = static()
    wiring = True
    views = "read-only"

    def apply(self, xp: Namespace, dx: Array) -> Array:
        return xp.linalg.diagonal(dx, offset=self.offset)

    @property
    def T(self) -> LinearMap:
        return OnDiagonal(self.shape, self.offset)


@linear_map
class OnDiagonal(ShapeMap):
    """dx ↦ zeros, matrices of `shape`, but for dx on a diagonal"""

    shape: Shape = static()
    offset: int = static()

    def apply(self, xp: Namespace, dx: Array) -> Array:
        (m, n), count = self.shape, dx.shape[-1]
        start = self.offset if self.offset >= 0 else -self.offset * n
        places = (start, start + (count - 1) * (n + 1) + 1, n + 1) if count else (0, 0, 1)
        flat = Embed((m * n,), (places,)).apply(xp, dx)
        return xp.reshape(flat, leading(dx, (count,)) + self.shape)

    @property
    def T(self) -> LinearMap:
        return Diagonal(self.shape, self.offset)

    @property
    def left_inverse(self) -> LinearMap:
        return self.T


def diagonal(x: Array, /, *, offset: int = 0) -> Array:
    """
    Return a diagonal of matrices.

    Parameters
    ----------
    x : array, shape (..., m, n)
    offset : int, optional
        How many places the diagonal is to the right of the main one.

    Returns
    -------
    y : array, shape (..., k)

    Raises
    ------
    ValueError
        If x has no two axes.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 4.])
    """
    return Diagonal(matrix_shape("diagonal", x), int(offset))(x)


def trace(x: Array, /, *, offset: int = 0, dtype: Any = None) -> Array:
    """
    Return the sum over a diagonal of matrices.

    Parameters
    ----------
    x : array, shape (..., m, n)
    offset : int, optional
        How many places the diagonal is to the right of the main one.
    dtype : dtype, optional
        Of the sum; else that of x, or for integers as for `sum`.

    Returns
    -------
    y : array, shape (...)

    Raises
    ------
    ValueError
        If x has no two axes.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.grad(ud.linalg.trace)(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 0.],
           [0., 1.]])
    """
    y = diagonal(x, offset=offset)
    return array_namespace(y).sum(y, axis=-1, dtype=dtype)


def matrix_transpose(x: Array, /) -> Array:
    """
    Return matrices with their rows and columns exchanged. Nothing is conjugated.

    Parameters
    ----------
    x : array, shape (..., m, n)

    Returns
    -------
    y : array, shape (..., n, m)

    Raises
    ------
    ValueError
        If x has no two axes.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.matrix_transpose(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 3.],
           [2., 4.]])
    """
    matrix_shape("matrix_transpose", x)
    return exchange(x)


def matrix_shape(name: str, x: Array) -> Shape:
    """Return the shape of matrices, m and n; refuse what has no two axes."""
    shape = tuple(getattr(x, "shape", ()))
    if len(shape) < 2:
        msg = f"{name}: wanted matrices, shape (..., m, n); got shape {shape}"
        raise ValueError(msg)
    return shape[-2:]
