"""Complex conjugation, and maps seen through it: the adjoint is the conjugated transpose."""

from __future__ import annotations

from typing import Any

from .._backend import Array
from . import _dense
from ._kinds import linear_map
from ._map import LinearMap, identity, zero


@linear_map
class Conjugate(LinearMap):
    """dx ↦ conj dx: R-linear, and its own transpose under Re Σ"""

    def __call__(self, dx: Array) -> Array:
        return _dense.conjugated(dx)

    @property
    def T(self) -> LinearMap:
        return self

    @property
    def inv(self) -> LinearMap:
        return self

    @property
    def c_linear(self) -> bool:
        return False

    def log_volume(self, like: Array) -> Array:
        return 0.0


@linear_map
class Conjugated(LinearMap):
    """dx ↦ conj(f(conj dx))"""

    of: LinearMap

    def __call__(self, dx: Array) -> Array:
        return _dense.conjugated(self.of(_dense.conjugated(dx)))

    @property
    def T(self) -> LinearMap:
        return conjugated(self.of.T)

    @property
    def H(self) -> LinearMap:
        return self.of.T

    @property
    def inv(self) -> LinearMap:
        return conjugated(self.of.inv)

    @property
    def left_inverse(self) -> LinearMap:
        return conjugated(self.of.left_inverse)

    @property
    def wiring(self) -> bool:
        return self.of.wiring

    def _parts(self) -> tuple[LinearMap, ...]:
        return (self.of,)

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        return conjugated(self.of.pick(inputs, outputs))

    def log_volume(self, like: Array) -> Array:
        return self.of.log_volume(like)

    def __repr__(self) -> str:
        return f"conj({self.of})"


def conjugated(f: LinearMap) -> LinearMap:
    """Return conj ∘ f ∘ conj: a map without complex numbers of its own as it is."""
    return f if f is zero or f is identity or isinstance(f, Conjugate) else Conjugated(f)
