"""Discrete Fourier transforms: of complex numbers, and of real ones to the half that counts."""

from __future__ import annotations

from math import log, prod

from .._backend import Array, Namespace, device_of
from ._kinds import linear_map, static
from ._map import LinearMap
from ._shape import ShapeMap

OPPOSITE = {"backward": "forward", "ortho": "ortho", "forward": "backward"}
"""The norm of the transform the other way that has the same factor."""


@linear_map
class Fourier(ShapeMap):
    """dx ↦ Σ dx_j exp(∓2πi jk/n) along negative axes: a symmetric matrix, its own transpose"""

    axes: tuple[int, ...] = static()
    norm: str = static()
    inverse: bool = static(default=False)

    def apply(self, xp: Namespace, dx: Array) -> Array:
        if len(self.axes) == 1:
            one = xp.fft.ifft if self.inverse else xp.fft.fft
            return one(dx, axis=self.axes[0], norm=self.norm)
        several = xp.fft.ifftn if self.inverse else xp.fft.fftn
        return several(dx, axes=self.axes, norm=self.norm)

    @property
    def T(self) -> LinearMap:
        return self

    @property
    def inv(self) -> LinearMap:
        return Fourier(self.axes, self.norm, not self.inverse)

    def log_volume(self, like: Array) -> Array:
        if self.norm == "ortho":
            return 0.0
        n = prod(like.shape[axis] for axis in self.axes)
        found = 0.5 * prod(like.shape) * log(n)
        return found if self.inverse == (self.norm == "forward") else -found


class OfHalfSpectrum(ShapeMap):
    """A map between n real numbers and the first half of their spectrum: R-linear."""

    __slots__ = ()

    @property
    def c_linear(self) -> bool:
        return False


@linear_map
class RealFourier(OfHalfSpectrum):
    """dx, real, n along an axis ↦ the first n//2 + 1 of its transform, which tell the others"""

    n: int = static()
    axis: int = static()
    norm: str = static()
    transposed: bool = static(default=False)

    def apply(self, xp: Namespace, dx: Array) -> Array:
        if not self.transposed:
            return xp.fft.rfft(dx, n=self.n, axis=self.axis, norm=self.norm)
        shared = weighted(xp, xp.conj(dx), self.n, self.axis, 0.5)
        return xp.fft.irfft(shared, n=self.n, axis=self.axis, norm=OPPOSITE[self.norm])

    @property
    def T(self) -> LinearMap:
        return RealFourier(self.n, self.axis, self.norm, not self.transposed)

    @property
    def left_inverse(self) -> LinearMap:
        return self.inv if self.transposed else FromHalfSpectrum(self.n, self.axis, self.norm)


@linear_map
class FromHalfSpectrum(OfHalfSpectrum):
    """dx, n//2 + 1 along an axis ↦ n real numbers: what dx and its mirror image transform back to

    The imaginary parts of the first number, and of the last for even n, are not read.
    """

    n: int = static()
    axis: int = static()
    norm: str = static()
    transposed: bool = static(default=False)

    def apply(self, xp: Namespace, dx: Array) -> Array:
        if not self.transposed:
            return xp.fft.irfft(dx, n=self.n, axis=self.axis, norm=self.norm)
        half = xp.fft.rfft(dx, n=self.n, axis=self.axis, norm=OPPOSITE[self.norm])
        return weighted(xp, xp.conj(half), self.n, self.axis, 2.0)

    @property
    def T(self) -> LinearMap:
        return FromHalfSpectrum(self.n, self.axis, self.norm, not self.transposed)


def weighted(xp: Namespace, dx: Array, n: int, axis: int, weight: float) -> Array:
    """Return dx times `weight` where a number of the half spectrum stands for its mirror image."""
    count = n // 2 + 1
    alone = [k == 0 or 2 * k == n for k in range(count)]
    real = xp.real(dx[..., :0]).dtype
    weights = xp.asarray([1.0 if k else weight for k in alone], dtype=real, device=device_of(dx))
    return dx * xp.reshape(weights, (count,) + (1,) * (-1 - axis))
