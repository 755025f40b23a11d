"""The transpose of a map that knows how to pull: its members follow."""

from __future__ import annotations

from typing import Any

from ._map import LinearMap


class TransposeOf(LinearMap):
    """w ↦ of.pull(w)"""

    __slots__ = ()
    of: LinearMap

    def __call__(self, w: Any) -> Any:
        return self.of.pull(w)

    def pull(self, dx: Any) -> Any:
        return self.of(dx)

    @property
    def T(self) -> LinearMap:
        return self.of

    @property
    def inv(self) -> LinearMap:
        return self.of.inv.T

    @property
    def c_linear(self) -> bool:
        return self.of.c_linear

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        return self.of.pick(outputs, inputs).T

    def __repr__(self) -> str:
        return f"({self.of}).T"
