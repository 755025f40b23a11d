"""What the inverses of recorded programs share: maps from a tuple of tangents to a tuple."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._backend import Array
from ..linear import LinearMap, column, identity, pick, zero
from ..linear._blocks import place
from ..linear._transpose import TransposeOf
from ..tape._graph import Graph


class GraphInverse(LinearMap):
    """
    The inverse of the derivative of a program. A kind says `__call__`, `pull` and `logabsdet`.

    Attributes
    ----------
    of : Graph
    """

    __slots__ = ("of",)
    of: Graph

    @property
    def T(self) -> LinearMap:
        return InverseTranspose(self)

    @property
    def inv(self) -> LinearMap:
        return self.of

    @property
    def c_linear(self) -> bool:
        return True

    def log_volume(self, like: Array) -> Array:
        return self.logabsdet()

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        counts = len(self.of.codomain.parts), len(self.of.domain.parts)
        return picked(self, *counts, inputs, outputs)

    def __repr__(self) -> str:
        return f"({self.of}).inv"


class InverseTranspose(TransposeOf):
    """The same backwards."""

    __slots__ = ("of",)
    of: GraphInverse

    def __init__(self, of: GraphInverse) -> None:
        self.of = of

    def log_volume(self, like: Array) -> Array:
        return self.of.logabsdet()


def picked(f: LinearMap, n_in: int, n_out: int, inputs: Any, outputs: Any) -> LinearMap:
    """Return a map of tuples for some of its inputs and outputs: an int picks one, bare."""
    if isinstance(inputs, int):
        f = f @ column(*(identity if k == inputs else zero for k in range(n_in)))
    elif inputs is not None:
        f = f @ column(*(_from(inputs, k) for k in range(n_in)))
    if isinstance(outputs, int):
        return pick(outputs, n_out) @ f
    return f if outputs is None else column(*(pick(j, n_out) for j in outputs)) @ f


def _from(chosen: Sequence[int], k: int) -> LinearMap:
    return place(identity, list(chosen).index(k), len(chosen)) if k in chosen else zero
