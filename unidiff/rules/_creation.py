"""Arrays made of traced numbers: nested lists of them, filled and evenly spaced arrays."""

from __future__ import annotations

from typing import Any

from array_api_compat import to_device

from .._backend import SCALARS, Array, Namespace, Traced, array_namespace, backend_of
from ..tape._level import untraced


def asarray(
    obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
) -> Array:
    """Return an array of traced numbers or arrays, in nested lists; a traced array as it is."""
    x: Any = obj if isinstance(obj, Traced) else _joined(obj, first_traced(obj))
    xp = array_namespace(x)
    if dtype is not None and x.dtype != dtype:
        if copy is False:
            msg = f"asarray: copy=False, but {x.dtype} becomes {dtype} by a copy"
            raise ValueError(msg)
        x = xp.astype(x, dtype)
    if device is not None:
        x = to_device(x, device)
    return x.copied() if copy and x is obj else x


def first_traced(x: Any) -> Any:
    """Return a traced array in nested lists, None if there is none."""
    if isinstance(x, Traced):
        return x
    if type(x) in (list, tuple):
        return next((found for y in x if (found := first_traced(y)) is not None), None)
    return None


def _joined(x: Any, like: Array) -> Array:
    """Return nested lists as an array: the innermost become the library's own."""
    xp, plain = array_namespace(like), untraced(like)
    if isinstance(x, Traced) or (hasattr(x, "shape") and hasattr(x, "dtype")):
        return x
    if type(x) in SCALARS:
        return xp.asarray(x, dtype=_dtype_of(x, like), device=getattr(plain, "device", None))
    if type(x) not in (list, tuple):
        msg = f"asarray: wanted numbers, arrays, and nested lists of them; got {type(x).__name__}"
        raise TypeError(msg)
    return xp.stack([_joined(y, like) for y in x])


def _dtype_of(x: Any, like: Array) -> Any:
    """Return the dtype of a number among arrays: theirs, if it can hold it."""
    kept = not (
        type(x) is complex and not array_namespace(like).isdtype(like.dtype, "complex floating")
    )
    return like.dtype if kept else None


def full(
    shape: int | tuple[int, ...], fill_value: Array, *, dtype: Any = None, device: Any = None
) -> Array:
    """Return an array of that shape, of one traced number."""
    xp: Namespace = array_namespace(fill_value)
    value = fill_value if dtype is None else xp.astype(fill_value, dtype)
    new = (shape,) if isinstance(shape, int) else tuple(shape)
    return xp.broadcast_to(value, new).copied()  # on plain arrays it is no view


def full_like(x: Array, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Array:
    """Return an array of the shape and dtype of x, of one number."""
    dtype = x.dtype if dtype is None else dtype
    if isinstance(fill_value, Traced):
        return full(tuple(x.shape), fill_value, dtype=dtype)
    plain = untraced(x)
    return backend_of(plain).plain.full_like(plain, fill_value, dtype=dtype, device=device)


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Array:
    """Return evenly spaced numbers between two, of which one at least is traced."""
    like: Any = start if isinstance(start, Traced) else stop
    xp = array_namespace(like)
    place = {
        "dtype": xp.result_type(start, stop),
        "device": getattr(untraced(like), "device", None),
    }
    steps = xp.linspace(0.0, 1.0, num, endpoint=endpoint, **place)
    steps = xp.reshape(steps, (-1, *(1,) * max(getattr(x, "ndim", 0) for x in (start, stop))))
    y = start * (1 - steps) + stop * steps
    return y if dtype is None else xp.astype(y, dtype)


FUNCTIONS = {"asarray": asarray, "full": full, "full_like": full_like, "linspace": linspace}
