"""Integer powers of matrices, by squaring: each product has its rule, so the power needs none."""

from __future__ import annotations

from operator import index

from .._backend import Array, array_namespace, device_of
from ._inverses import inv
from ._products import matmul


def matrix_power(x: Array, n: int, /) -> Array:
    """
    Return an integer power of square matrices, by about 2 log₂ n products.

    Parameters
    ----------
    x : array, shape (..., m, m)
    n : int
        A negative power is that of the inverse; the zeroth is the identity.

    Returns
    -------
    y : array, shape (..., m, m)

    Raises
    ------
    ValueError
        If the matrices are not square.
    TypeError
        If n is not an integer.
    numpy.linalg.LinAlgError
        If n is negative and a matrix is singular, on NumPy.

    References
    ----------
    N. Higham, Functions of Matrices (2008), section 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.matrix_power(np.array([[1.0, 1.0], [0.0, 1.0]]), 10)
    array([[ 1., 10.],
           [ 0.,  1.]])
    """
    n, shape = index(n), tuple(getattr(x, "shape", ()))
    if len(shape) < 2 or shape[-1] != shape[-2]:
        msg = f"matrix_power: wanted square matrices, shape (..., m, m); got shape {shape}"
        raise ValueError(msg)
    xp = array_namespace(x)
    if n == 0:
        where = {"dtype": x.dtype, "device": device_of(x)}
        return xp.zeros(shape, **where) + xp.eye(shape[-1], **where)
    power, n = (inv(x), -n) if n < 0 else (x, n)
    found = None
    while True:
        if n % 2:
            found = power if found is None else matmul(found, power)
        n //= 2
        if not n:
            return found
        power = matmul(power, power)
