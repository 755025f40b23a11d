"""Fourier transforms: cut or filled with zeros to a length, then transformed, by linear maps."""

from __future__ import annotations

from collections.abc import Sequence

from .._backend import Array, kind_of
from ..linear import conjugate, roll, to_complex
from ..linear._fft import OPPOSITE, Fourier, FromHalfSpectrum, RealFourier
from ..linear._index import Pad, Part
from ..linear._shape import negative_axes

Sizes = Sequence[int] | None
Axes = Sequence[int] | None


def fft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Array:
    """Return the Fourier transform along `axis`, of n numbers."""
    return _transformed(x, _one(n), (axis,), norm, inverse=False)


def ifft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Array:
    """Return the inverse Fourier transform along `axis`, of n numbers."""
    return _transformed(x, _one(n), (axis,), norm, inverse=True)


def fftn(x: Array, /, *, s: Sizes = None, axes: Axes = None, norm: str = "backward") -> Array:
    """Return the Fourier transform along several axes."""
    return _transformed(x, s, axes, norm, inverse=False)


def ifftn(x: Array, /, *, s: Sizes = None, axes: Axes = None, norm: str = "backward") -> Array:
    """Return the inverse Fourier transform along several axes."""
    return _transformed(x, s, axes, norm, inverse=True)


def rfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Array:
    """Return the first half of the Fourier transform of real numbers."""
    return rfftn(x, s=_one(n), axes=(axis,), norm=norm)


def irfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Array:
    """Return the n real numbers of which x is the first half of the Fourier transform."""
    return irfftn(x, s=_one(n), axes=(axis,), norm=norm)


def rfftn(x: Array, /, *, s: Sizes = None, axes: Axes = None, norm: str = "backward") -> Array:
    """Return the Fourier transform of real numbers, the first half of it along the last axis."""
    _refuse_complex(x)
    sizes, at = _sizes_and_axes(x, s, axes)
    norm = _norm(norm)
    if not at:
        msg = "a transform of real numbers wants at least one axis"
        raise ValueError(msg)
    for size, axis in zip(sizes, at, strict=True):
        x = _resized(x, size, axis)
    y = RealFourier(sizes[-1], at[-1], norm)(x)
    return Fourier(at[:-1], norm)(y) if at[:-1] else y


def irfftn(x: Array, /, *, s: Sizes = None, axes: Axes = None, norm: str = "backward") -> Array:
    """Return the real numbers of which x is the Fourier transform, by its first half."""
    x = _complex(x)
    sizes, at = _sizes_and_axes(x, s, axes)
    norm = _norm(norm)
    if not at:
        msg = "a transform to real numbers wants at least one axis"
        raise ValueError(msg)
    n = 2 * (sizes[-1] - 1) if s is None else sizes[-1]
    _refuse_nothing(n)
    for size, axis in zip((*sizes[:-1], n // 2 + 1), at, strict=True):
        x = _resized(x, size, axis)
    x = Fourier(at[:-1], norm, inverse=True)(x) if at[:-1] else x
    return FromHalfSpectrum(n, at[-1], norm)(x)


def hfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Array:
    """Return the n real numbers that a Hermitian signal, of which x is one half, transforms to."""
    return irfft(conjugate(_complex(x)), n=n, axis=axis, norm=OPPOSITE[_norm(norm)])


def ihfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Array:
    """Return the first half of the inverse transform of real numbers."""
    return conjugate(rfft(x, n=n, axis=axis, norm=OPPOSITE[_norm(norm)]))


def fftshift(x: Array, /, *, axes: int | Axes = None) -> Array:
    """Return x with the zero frequency moved to the middle."""
    for axis in negative_axes(axes, x.ndim):
        x = roll(x.shape[axis] // 2, axis)(x)
    return x


def ifftshift(x: Array, /, *, axes: int | Axes = None) -> Array:
    """Return x with the zero frequency moved back to the front."""
    for axis in negative_axes(axes, x.ndim):
        x = roll(-(x.shape[axis] // 2), axis)(x)
    return x


def _transformed(x: Array, s: Sizes, axes: Axes, norm: str, inverse: bool) -> Array:
    x, norm = _complex(x), _norm(norm)
    sizes, at = _sizes_and_axes(x, s, axes)
    for size, axis in zip(sizes, at, strict=True):
        x = _resized(x, size, axis)
    return Fourier(at, norm, inverse)(x) if at else x


def _complex(x: Array) -> Array:
    return x if kind_of(x) == "complex" else to_complex(x)


def _refuse_complex(x: Array) -> None:
    if kind_of(x) == "complex":
        msg = f"a transform of real numbers got {x.dtype}; take fft, or real(x) first"
        raise TypeError(msg)


def _refuse_nothing(n: int) -> None:
    if n < 1:
        msg = f"a Fourier transform is of 1 number at least, got {n}"
        raise ValueError(msg)


def _one(n: int | None) -> Sizes:
    if n is None:
        return None
    _refuse_nothing(n)
    return (n,)


def _norm(norm: str | None) -> str:
    """Return the norm by its name; None is NumPy's for "backward"."""
    norm = "backward" if norm is None else norm
    if norm not in OPPOSITE:
        msg = f"norm must be one of {', '.join(OPPOSITE)}; got {norm!r}"
        raise ValueError(msg)
    return norm


def _sizes_and_axes(x: Array, s: Sizes, axes: Axes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the axes counted from the end, in the order given, and the length of each."""
    if axes is None:
        axes = range(-(x.ndim if s is None else len(s)), 0)
    negative_axes(axes, x.ndim)  # for its errors
    at = tuple(a if a < 0 else a - x.ndim for a in axes)
    if s is not None and len(s) != len(at):
        msg = f"s has {len(s)} lengths for {len(at)} axes"
        raise ValueError(msg)
    sizes = [-1] * len(at) if s is None else s
    return tuple(int(x.shape[a] if n == -1 else n) for n, a in zip(sizes, at, strict=True)), at


def _resized(x: Array, n: int, axis: int) -> Array:
    """Return x cut to the length n, or filled with zeros."""
    size = x.shape[axis]
    _refuse_nothing(n)
    if n == size:
        return x
    return Part(0, n, size, axis)(x) if n < size else Pad(0, size, n, axis)(x)


FUNCTIONS = {
    f.__name__: f
    for f in (
        fft,
        ifft,
        fftn,
        ifftn,
        rfft,
        irfft,
        rfftn,
        irfftn,
        hfft,
        ihfft,
        fftshift,
        ifftshift,
    )
}
