"""Views: a write shows in every array that shares the numbers on plain arrays.

A traced array is never changed, a write binds its handle to a new one. A slice, an array laid out
anew or with its axes permuted is a view: it knows, weakly, the handle whose numbers it shows, and
by which map. So what is written to the view is written there, and the other views are made anew.
"""

from __future__ import annotations

import weakref
from typing import Any

from .._backend import Array, plain_namespace
from ..linear import LinearMap
from ..linear._joins import Replace
from ..linear._shape import Reshape
from ._level import untraced

READ_ONLY = "read-only"


class Base(weakref.ref):  # type: ignore[type-arg]
    """What a view holds of the handle whose numbers it shows: the map; and, weakly, the view."""

    __slots__ = ("map", "view")
    map: LinearMap
    view: Any


def mark_view(view: Any, of: Any, by: LinearMap) -> None:
    """Note that `view` shows numbers of `of`, or of what that is a view of."""
    above = of.base
    if isinstance(by, Reshape) and not _share(untraced(view), untraced(of)):
        return
    if by.views == READ_ONLY or above is READ_ONLY:
        view.base = READ_ONLY
        return
    root = None if above is None else above()
    base = Base(of if root is None else root)
    base.map = by if root is None else by @ above.map
    base.view = weakref.ref(view)
    view.base = base


def _share(y: Array, x: Array) -> bool:
    """Return whether an array laid out anew is a view: a copy has no owner, or one of its own."""
    if not hasattr(y, "base"):  # then nothing tells, and in C-order it is one
        return True
    return y.base is not None and (y.base is x or y.base is x.base)


def write(x: Any, y: Any) -> None:
    """
    Bind the handle x to the array y, and all that share its numbers to what they show now.

    Raises
    ------
    TypeError
        If y is traced in the other direction.
    ValueError
        If plain arrays of this kind cannot be written to.
    """
    check_writable(x)
    if type(y) is not type(x):
        msg = "x[index] = v: v is traced forward and x backward, or the reverse; use xp.where"
        raise TypeError(msg)
    root = None if x.base is None else x.base()
    if root is None:
        root = x
    else:
        root.bind(_with_part(root, x.base.map, y))
    x.bind(y)
    for ref in weakref.getweakrefs(root):
        view = ref.view() if type(ref) is Base else None
        if view is not None and view is not x:
            view.bind(ref.map(root))


def check_writable(x: Any) -> None:
    """Raise an exception if x is a view that repeats numbers, or is computed like one."""
    if x.base is READ_ONLY:
        msg = f"x[...] = v: {x!r} is read-only; write to a copy, xp.asarray(x, copy=True)"
        raise ValueError(msg)


def _with_part(root: Array, part: LinearMap, y: Array) -> Array:
    """Return the array with y for what the map takes from it."""
    plain = untraced(y)
    hole = part.T(plain_namespace(plain).ones_like(plain))
    return Replace(hole == 0, part.T)((root, y))
