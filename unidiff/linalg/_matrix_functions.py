"""Functions of matrices.

The Fréchet derivative of f at a is read off f of a block matrix, f([[a, da], [0, a]]), whose upper
right block it is (Higham 2008, Theorem 3.6); its transpose is the derivative at aᵀ.
"""

from __future__ import annotations

from .._backend import Array, Namespace, array_namespace
from .._primitive import primitive
from ..linear import LinearMap, linear_map
from . import _kernels


@primitive("(m,m)->(m,m)")
def expm(xp: Namespace, A: Array) -> Array:
    """
    Return the exponential of square matrices.

    Parameters
    ----------
    A : array, shape (..., m, m)
        Real or complex floating.

    Returns
    -------
    y : array, shape (..., m, m)

    Raises
    ------
    ValueError
        If the matrices are not square.

    References
    ----------
    N. Higham, Functions of Matrices (2008), chapter 10, and Theorem 3.6 for the derivative.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.expm(np.array([[0.0, 1.0], [0.0, 0.0]]))
    array([[1., 1.],
           [0., 1.]])
    """
    return _kernels.expm(xp, A)


@linear_map
class ExpmFrechet(LinearMap):
    """da ↦ the upper right block of exp [[a, da], [0, a]]"""

    a: Array

    def __call__(self, da: Array) -> Array:
        xp, n = array_namespace(self.a, da), self.a.shape[-1]
        a = xp.broadcast_to(self.a, (*da.shape[:-2], n, n))
        above = xp.concat([a, da], axis=-1)
        below = xp.concat([xp.zeros_like(a), a], axis=-1)
        return expm(xp.concat([above, below], axis=-2))[..., :n, n:]

    @property
    def T(self) -> LinearMap:
        return ExpmFrechet(array_namespace(self.a).matrix_transpose(self.a))


@expm.derivative
def _(xp: Namespace, _y: Array, A: Array) -> LinearMap:
    return ExpmFrechet(A)
