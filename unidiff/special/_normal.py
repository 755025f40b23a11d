"""Error functions, and the normal distribution."""

from __future__ import annotations

from math import pi, sqrt

from .._backend import Array, Namespace
from .._primitive import elementwise
from . import _kernels
from ._arguments import of_any, refuse_complex

SLOPE = 2.0 / sqrt(pi)  # of erf at 0
HEIGHT = 1.0 / sqrt(2.0 * pi)  # of the normal density at 0

of_erf = elementwise("erf", lambda xp, _y, x: SLOPE * xp.exp(-x * x), value=of_any(_kernels.erf))
of_erfc = elementwise(
    "erfc", lambda xp, _y, x: -SLOPE * xp.exp(-x * x), value=of_any(_kernels.erfc)
)
of_ndtr = elementwise(
    "ndtr", lambda xp, _y, x: HEIGHT * xp.exp(-0.5 * x * x), value=of_any(_kernels.ndtr)
)

TAIL = -30.0
_TAIL = (25625910.0, -1435330.0, 89782.0, -6354.0, 518.0, -50.0, 6.0, -1.0, 1.0)


def _of_mills(xp: Namespace, y: Array, x: Array) -> Array:
    """−y (y + x); in the tail, where that cancels, its asymptotic series in 1/x²"""
    in_tail = x < TAIL
    inverse = 1.0 / xp.where(in_tail, x, TAIL)
    series = _kernels.polynomial(inverse * inverse, _TAIL)
    return -xp.where(in_tail, series, y * (y + x))


mills = elementwise("mills", _of_mills, value=of_any(_kernels.mills))
of_log_ndtr = elementwise("log_ndtr", lambda xp, _y, x: mills(x), value=of_any(_kernels.log_ndtr))


def erf(x: Array, /) -> Array:
    """
    Return the error function: y = (2/√π) ∫₀ˣ exp(−t²) dt.

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
    dy = (2/√π) exp(−x²) dx

    References
    ----------
    W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969)
    631, where the library has none of its own.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.special.erf(np.array([0.0, 1.0]))
    array([0.        , 0.84270079])
    """
    refuse_complex("erf", x)
    return of_erf(x)


def erfc(x: Array, /) -> Array:
    """
    Return the complement of the error function, y = 1 − erf x, without its cancellation.

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
    dy = −(2/√π) exp(−x²) dx

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.special.erfc(np.array([0.0, 10.0]))
    array([1.00000000e+00, 2.08848758e-45])
    """
    refuse_complex("erfc", x)
    return of_erfc(x)


def ndtr(x: Array, /) -> Array:
    """
    Return the distribution function of the standard normal: y = ½ erfc(−x/√2).

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
    dy = exp(−x²/2) / √(2π) dx

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.grad(ud.special.ndtr)(np.asarray(0.0))
    array(0.39894228)
    """
    refuse_complex("ndtr", x)
    return of_ndtr(x)


def log_ndtr(x: Array, /) -> Array:
    """
    Return the logarithm of the standard normal's distribution function.

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
    dy = φ(x) / Φ(x) dx, where φ is the density and Φ the distribution function. Far in the left
    tail, where both underflow, the quotient is computed as one function.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.value_and_grad(ud.special.log_ndtr)(np.asarray(-100.0))
    (array(-5005.52420869), array(100.009998))
    """
    refuse_complex("log_ndtr", x)
    return of_log_ndtr(x)
