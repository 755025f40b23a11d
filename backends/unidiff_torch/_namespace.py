"""PyTorch's array-API namespace, and the same with unidiff's linear algebra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from array_api_compat import torch as compat
from array_api_compat.torch import linalg as compat_linalg

import unidiff

Array = Any


# array_api_compat's forms of these call what torch.vmap, or batched gradients, have no rule for.


def concat(arrays: Sequence[Array], /, *, axis: int | None = 0) -> Array:
    """Return the arrays joined along an axis."""
    if axis is None:
        return torch.cat([x.reshape(-1) for x in arrays])
    return torch.cat(list(arrays), dim=axis)


def broadcast_to(x: Array, /, shape: Sequence[int]) -> Array:
    """Return x broadcast."""
    return x.expand(tuple(shape))


def broadcast_arrays(*arrays: Array) -> list[Array]:
    """Return the arrays, all of the shape they broadcast to."""
    shape = torch.broadcast_shapes(*(x.shape for x in arrays))
    return [x.expand(shape) for x in arrays]


def matrix_transpose(x: Array, /) -> Array:
    """Return x with its last two axes exchanged."""
    return x.mT


def moveaxis(x: Array, source: Any, destination: Any, /) -> Array:
    """Return x with axes at other places."""
    return torch.movedim(x, source, destination)


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """Return the arrays that x is made of along an axis."""
    return torch.unbind(x, dim=axis)


def sign(x: Array, /) -> Array:
    """Return x / |x|, 0 at 0, and nan at nan."""
    return torch.sgn(x) if x.is_complex() else torch.where(x != x, x, torch.sign(x))


def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """Return Σ conj(x1) x2 along an axis."""
    return (x1.conj() * x2).sum(dim=axis)


def diagonal(x: Array, /, *, offset: int = 0) -> Array:
    """Return the diagonals of matrices."""
    return torch.diagonal(x, offset, -2, -1)


class Namespace:
    """A namespace with some names replaced; the others fall through."""

    def __init__(self, name: str, under: Any, **replaced: Any) -> None:
        self.__name__ = name
        self._under = under
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._under, name)

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._under), *self.__dict__})

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


def _ours(name: str, under: Any) -> Namespace | None:
    """Return `torch.<name>` with what unidiff has of it, None where it has nothing."""
    module = getattr(unidiff, name, None)
    if module is None:
        return None
    return Namespace(
        f"unidiff.{name}", under, **{key: getattr(module, key) for key in module.__all__}
    )


_corrected: dict[str, Any] = {
    "concat": concat,
    "broadcast_to": broadcast_to,
    "broadcast_arrays": broadcast_arrays,
    "matrix_transpose": matrix_transpose,
    "moveaxis": moveaxis,
    "unstack": unstack,
    "sign": sign,
    "vecdot": vecdot,
}
_linalg = Namespace(
    "torch.linalg",
    compat_linalg,
    diagonal=diagonal,
    matrix_transpose=matrix_transpose,
    vecdot=vecdot,
)
_modules = {
    name: module
    for name, under in (("linalg", _linalg), ("special", torch.special))
    if (module := _ours(name, under)) is not None
}

plain: Any = Namespace("torch", compat, **_corrected, linalg=_linalg)
xp: Any = Namespace("unidiff over torch", plain, **{**_corrected, "linalg": _linalg, **_modules})
