"""NumPy's namespace, less what its wrappers cost on small arrays."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

SMALL = 4096


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return the sum, without the microsecond of NumPy's wrapper."""
    add: Any = np.add
    return add.reduce(x, axis=axis, dtype=dtype, keepdims=keepdims)


def broadcast_to(x: Any, /, shape: Any) -> Any:
    """Return x broadcast; a small array is filled, in a quarter of the time that a view takes."""
    if type(shape) is int or prod(shape) > SMALL or x.ndim > len(shape):
        return np.broadcast_to(x, shape)
    out = np.empty(shape, dtype=x.dtype)
    out[...] = x
    return out


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    """Return x laid out anew, without NumPy's wrapper."""
    return np.asarray(x).reshape(shape) if copy is None else np.reshape(x, shape, copy=copy)


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Return the order of x, the descending one too, which NumPy lacks."""
    if not descending:
        return np.argsort(x, axis=axis, stable=stable)
    backwards = np.argsort(np.flip(x, axis=axis), axis=axis, stable=stable)
    return x.shape[axis] - 1 - np.flip(backwards, axis=axis)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Return x sorted, descending too, which NumPy lacks."""
    y = np.sort(x, axis=axis, stable=stable)
    return np.flip(y, axis=axis) if descending else y


class _Namespace:
    """NumPy, but for the functions above."""

    def __init__(self) -> None:
        self.__dict__.update(vars(np))
        self.__dict__.update(sum=sum, broadcast_to=broadcast_to, reshape=reshape)
        self.__dict__.update(argsort=argsort, sort=sort)
        self.__name__ = "numpy"

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def __repr__(self) -> str:
        return "<namespace numpy>"


plain: Any = _Namespace()
