"""Sorting: the values, where they went, and where others would go."""

from __future__ import annotations

from typing import Any

from .._backend import Array, kind_of
from ..tape._level import untraced
from ._indexing import along
from ._record import plain


def argsort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """Return the indices that sort x along `axis`."""
    refuse_complex("argsort", x)
    xp, bare = plain(x)
    return xp.argsort(bare, axis=axis, descending=descending, stable=stable)


def sort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """Return x sorted along `axis`: its places in the order of argsort."""
    refuse_complex("sort", x)
    order = argsort(x, axis=axis, descending=descending, stable=stable)
    xp, bare = plain(x)
    return along(x, order, axis, xp.take_along_axis(bare, order, axis=axis))


def searchsorted(
    x1: Array, x2: Any, /, *, side: str = "left", sorter: Array | None = None
) -> Array:
    """Return where x2 would go in the sorted x1: integers, which do not move."""
    sorted_numbers, numbers = untraced(x1), untraced(x2)
    return plain(sorted_numbers)[0].searchsorted(sorted_numbers, numbers, side=side, sorter=sorter)


def refuse_complex(name: str, x: Array) -> None:
    """Raise an exception for complex numbers, which have no order."""
    if kind_of(x) == "complex":
        msg = f"{name}: complex numbers have no order, got {x.dtype}; take xp.abs or xp.real first"
        raise TypeError(msg)


FUNCTIONS = {f.__name__: f for f in (argsort, searchsorted, sort)}
