"""A linear function of one array: the library's own value, and the map, as one node a level."""

from __future__ import annotations

from typing import Any

from .._backend import Array, Namespace, Traced, plain_namespace
from ..linear import LinearMap, identity
from ..tape._level import untraced


def recorded(x: Array, f: LinearMap, y: Array) -> Array:
    """Return y, the value of the linear map f of x; f has no traced leaves."""
    if not isinstance(x, Traced):
        return y
    if f is identity:
        return x.copied()  # type: ignore[attr-defined]
    return x.through(f, recorded(x.value, f, y))  # type: ignore[attr-defined]


def plain(x: Array) -> tuple[Namespace, Array]:
    """Return the library's namespace, and the array under all the levels."""
    bare = untraced(x)
    return plain_namespace(bare), bare


def value(name: str, x: Array, *args: Any, **how: Any) -> Array:
    """Return the library's own function of the array under all the levels."""
    xp, bare = plain(x)
    return getattr(xp, name)(bare, *args, **how)
