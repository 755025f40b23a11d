"""Constants and plain values."""

from __future__ import annotations

from .._backend import SCALARS, Array, Traced, backend_of
from ._function import Tree, backend_of_trees, flatten, unflatten


def stop_gradient(x: Tree) -> Tree:
    """
    Return `x` as a constant: its derivative is zero, for every transform around.

    Parameters
    ----------
    x : array, or tree of arrays

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.grad(lambda x: x * ud.stop_gradient(x))(3.0)
    array(3.)
    """
    of = backend_of_trees(x)
    leaves, structure = flatten(of, x)
    return unflatten(of, structure, [_constant(leaf) for leaf in leaves])


def _constant(x: Array) -> Array:
    return x if type(x) in SCALARS else backend_of(x).stop_gradient(x)


def value_of(x: Array) -> Array:
    """
    Return the plain array under all the transforms of the tape: to look at, to print, to branch on.

    Arrays of JAX and PyTorch come back as they are, without their derivative.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> def f(x):
    ...     print(ud.value_of(x))
    ...     return x * x
    >>> ud.grad(f)(3.0)
    3.0
    array(6.)
    """
    while isinstance(x, Traced):
        x = x.value  # type: ignore[attr-defined]
    return x if type(x) in SCALARS else backend_of(x).stop_gradient(x)
