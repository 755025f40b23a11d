"""What the special functions take: real floating numbers; integers as SciPy takes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from .._backend import Array, Namespace, array_namespace, kind_of


def refuse_complex(name: str, *arrays: Any) -> None:
    """
    Refuse complex arguments.

    Raises
    ------
    TypeError
        If one of them is complex.
    """
    for x in arrays:
        if type(x) is complex or (hasattr(x, "dtype") and kind_of(x) == "complex"):
            got = getattr(x, "dtype", "complex")
            msg = f"{name} is of real numbers here, got {got}; take real or imaginary parts first"
            raise TypeError(msg)


def floating(x: Any) -> Array:
    """Return x, integers and booleans as the library's floating numbers of its own choice."""
    if not hasattr(x, "dtype") or kind_of(x):
        return x
    xp = array_namespace(x)
    return xp.astype(x, xp.asarray(1.0).dtype)


def of_any(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """Return the reference kernel, of integers and booleans too."""

    @wraps(kernel)
    def value(xp: Namespace, *arrays: Any, **static: Any) -> Array:
        return kernel(xp, *map(floating, arrays), **static)

    return value
