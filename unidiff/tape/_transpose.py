"""The transpose of a function that is linear but does not say so: recorded once, pulled back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._backend import Array, backend_of
from .._errors import RuleError
from ..linear import ArraySpace
from ..linear._dense import real_dtype
from ._engine import record
from ._level import untraced
from ._sweep import pull, push

_linear: set[Any] = set()  # a cache: the functions that were seen to be linear


def linear_transpose(f: Callable[[Array], Array], like: ArraySpace, w: Array) -> Array:
    """
    Return the transpose of the linear `f` at `w`, by recording f at zero and pulling w back.

    The first time that a function comes by it is refused if it is not linear.
    """
    level, inputs, (y,), outputs, _ = record(lambda x: ([f(x)], []), [like.zeros()])
    function = getattr(getattr(f, "__self__", f), "function", f)
    if function not in _linear:
        _refuse_nonlinear(f, function, like, level, inputs, outputs)
        _linear.add(function)
    (found,) = pull(level.namespace, inputs, outputs, [w])
    if found is None:
        xp = level.namespace
        batch = tuple(w.shape[: len(w.shape) - len(y.shape)])
        return xp.zeros(batch + like.shape, dtype=like.dtype, device=like.device)
    return found


def _refuse_nonlinear(
    f: Callable[[Array], Array], function: Any, like: ArraySpace, level: Any, inputs: Any, ys: Any
) -> None:
    """Compare f at a point with its derivative at zero, which of a linear map is the map."""
    xp = like.xp
    angles = xp.arange(1, like.size + 1, dtype=real_dtype(like), device=like.device)
    point = xp.reshape(xp.cos(angles), like.shape)
    if like.complex:
        point = point * (1 + 2j)
    with backend_of(point).sweeping():
        y = untraced(f(point))
        (dy,) = map(untraced, push(level.namespace, inputs, ys, [point]))
        gap = xp.abs(y) if dy is None else xp.abs(y - dy)
        size = xp.abs(y) if dy is None else xp.abs(y) + xp.abs(dy)
        nonlinear = xp.any(gap > xp.finfo(gap.dtype).eps ** 0.5 * xp.max(size)) if y.size else False
    if nonlinear:
        name = getattr(function, "__name__", repr(function))
        msg = (
            f"from_functions: {name} is not linear in its first argument: at a point of "
            f"{like}, it is not its own derivative at zero, so it has no transpose"
        )
        raise RuleError(msg)
