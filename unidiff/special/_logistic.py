"""The logistic function and its inverse, and x log y."""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace
from .._primitive import Elementwise, elementwise
from ..linear import space_of
from . import _kernels
from ._arguments import of_any, refuse_complex

of_expit: Elementwise = elementwise(
    "expit", lambda xp, y, x: y * of_expit(-x), value=of_any(_kernels.expit)
)
of_logit = elementwise(
    "logit", lambda xp, _y, x: 1.0 / (x * (1.0 - x)), value=of_any(_kernels.logit), singular=True
)


def _log(xp: Namespace, _y: Array, _a: Any, b: Any) -> Array:
    """log b"""
    return xp.log(_array(xp, b, _y))


def _quotient(xp: Namespace, _y: Array, a: Any, b: Any) -> Array:
    """a/b, and 0 at 0/0"""
    a, b = _array(xp, a, _y), _array(xp, b, _y)
    return a / xp.where((a == 0) & (b == 0), xp.inf, b)


def _array(xp: Namespace, x: Any, like: Array) -> Array:
    """Return a number as an array like `like`, of which the space may be all that is kept."""
    if hasattr(x, "dtype"):
        return x
    return xp.asarray(x, dtype=like.dtype, device=space_of(like).device)


of_xlogy = elementwise("xlogy", _log, _quotient, value=of_any(_kernels.xlogy), singular=True)


def expit(x: Array, /) -> Array:
    """
    Return the logistic function: y = 1 / (1 + exp(−x)).

    Parameters
    ----------
    x : array
        Real.

    Returns
    -------
    y : array, shape of x

    Raises
    ------
    TypeError
        If x is complex.

    Notes
    -----
    dy = y(x) y(−x) dx, which keeps its digits in both tails.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.grad(lambda x: np.sum(ud.special.expit(x)))(np.array([0.0, 100.0]))
    array([2.50000000e-01, 3.72007598e-44])
    """
    refuse_complex("expit", x)
    return of_expit(x)


def logit(x: Array, /) -> Array:
    """
    Return the inverse of the logistic function: y = log(x / (1 − x)).

    Parameters
    ----------
    x : array
        Real; y is −∞ at 0, ∞ at 1, and nan outside.

    Returns
    -------
    y : array, shape of x

    Raises
    ------
    TypeError
        If x is complex.

    Notes
    -----
    dy = 1 / (x (1 − x)) dx

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.special.logit(np.array([0.5, 0.75]))
    array([0.        , 1.09861229])
    """
    refuse_complex("logit", x)
    return of_logit(x)


def xlogy(x: Array, y: Array, /) -> Array:
    """
    Return x log y, which is 0 at x = 0.

    Parameters
    ----------
    x, y : array
        Real or complex. They broadcast.

    Returns
    -------
    z : array

    Notes
    -----
    dz = log y dx + (x/y) dy, where 0/0 is 0.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> p = np.array([0.0, 0.5])
    >>> ud.special.xlogy(p, p)
    array([ 0.        , -0.34657359])
    """
    return of_xlogy(x, y)
