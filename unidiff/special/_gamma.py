"""The gamma function's logarithm, and its derivatives."""

from __future__ import annotations

from operator import index
from typing import Any

from .._backend import Array, Namespace
from .._primitive import elementwise, primitive, times
from ..linear import LinearMap, linear_map, static
from . import _gamma_kernels as _kernels
from ._arguments import floating, of_any, refuse_complex


@primitive("()->()", name="polygamma")
def of_polygamma(xp: Namespace, x: Array, *, n: int) -> Array:
    """y = ψ⁽ⁿ⁾(x), n ≥ 1"""
    return _kernels.polygamma(xp, floating(x), n=n)


of_polygamma.singular = True


@of_polygamma.derivative
def _(xp: Namespace, _y: Array, x: Array, *, n: int) -> LinearMap:
    """dy = ψ⁽ⁿ⁺¹⁾(x) dx"""
    return TimesPolygamma(x, n + 1)


@linear_map
class TimesPolygamma(LinearMap):
    """dx ↦ ψ⁽ⁿ⁾(x) dx, where 0·∞ is 0; the function is computed when the map is applied"""

    x: Array
    n: int = static()

    def __call__(self, dx: Array) -> Array:
        return times(dx, of_polygamma(self.x, n=self.n))

    @property
    def T(self) -> LinearMap:
        return self


of_digamma = elementwise(
    "digamma",
    lambda xp, _y, x: of_polygamma(x, n=1),
    value=of_any(_kernels.digamma),
    singular=True,
)
of_gammaln = elementwise(
    "gammaln", lambda xp, _y, x: of_digamma(x), value=of_any(_kernels.gammaln), singular=True
)


def gammaln(x: Array, /) -> Array:
    """
    Return the logarithm of the gamma function's modulus: y = log |Γ(x)|.

    Parameters
    ----------
    x : array
        Real; y is ∞ at 0, −1, −2, ...

    Returns
    -------
    y : array, shape of x

    Raises
    ------
    TypeError
        If x is complex.

    Notes
    -----
    dy = ψ(x) dx, with the digamma function ψ.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.special.gammaln(np.array([1.0, 5.0]))
    array([0.        , 3.17805383])
    """
    refuse_complex("gammaln", x)
    return of_gammaln(x)


def digamma(x: Array, /) -> Array:
    """
    Return the digamma function: y = ψ(x), the derivative of log Γ.

    Parameters
    ----------
    x : array
        Real; y is not finite at 0, −1, −2, ...

    Returns
    -------
    y : array, shape of x

    Raises
    ------
    TypeError
        If x is complex.

    Notes
    -----
    dy = ψ′(x) dx, the first polygamma function.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.special.digamma(np.array([1.0, 2.0]))
    array([-0.57721566,  0.42278434])
    """
    refuse_complex("digamma", x)
    return of_digamma(x)


psi = digamma


def polygamma(n: Any, x: Array, /) -> Array:
    """
    Return a polygamma function: y = ψ⁽ⁿ⁾(x), the n-th derivative of the digamma function.

    Parameters
    ----------
    n : int
        Not negative, and one for the whole array.
    x : array
        Real.

    Returns
    -------
    y : array, shape of x

    Raises
    ------
    TypeError
        If x is complex, or n is not an integer.
    ValueError
        If n is negative.

    Notes
    -----
    dy = ψ⁽ⁿ⁺¹⁾(x) dx

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.special.polygamma(1, np.array([1.0, 2.0]))
    array([1.64493407, 0.64493407])
    """
    refuse_complex("polygamma", x)
    try:
        order = index(n)
    except TypeError:
        msg = f"polygamma: `n` must be one integer for the whole array, got {n!r}"
        raise TypeError(msg) from None
    if order < 0:
        msg = f"polygamma: `n` must not be negative, got {order}"
        raise ValueError(msg)
    return of_polygamma(x, n=order) if order else of_digamma(x)
