"""The library's own transforms, where it has any: they must give what the map gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ._case import Case, Numbers, Refused, largest
from ._report import Finding, Findings, near

Named = tuple[str, Sequence[Numbers]]
"""What was computed, and what came out."""


def native(case: Case, rng: Any) -> Findings:
    """jit, vmap, grad or compile, as the library has them, give what the map gives"""
    if case.of.name == "jax":
        from ._native_jax import transforms
    elif case.of.name == "torch":
        from ._native_torch import transforms
    else:
        msg = f"not of this backend: {case.of.name} has no transforms of its own"
        raise Refused(msg)
    yield from transforms(case, rng)


def closely(case: Case, how: str, found: Sequence[Named], wanted: Sequence[Any]) -> Findings:
    """Yield the findings that results of a transform are those of the map."""
    for (name, got), due in zip(found, wanted, strict=True):
        for j, (a, b) in enumerate(zip(got, due, strict=True)):
            what = f"{name} by {how}, against the map"
            yield near(what, a, b, case.roundoff, largest(b), output=j)
            yield Finding(f"dtype of {name} by {how}", str(a.dtype), str(b.dtype), output=j)


class Sample:
    """A function at two points, with tangents and cotangents, and what the maps make of them."""

    def __init__(self, case: Case, rng: Any) -> None:
        self.cases = case, case.second_point(rng)
        self.tangents = [c.tangents(rng) for c in self.cases]
        self.cotangents = [c.cotangents(rng) for c in self.cases]

    @property
    def wanted(self) -> tuple[list[Numbers], list[Numbers], list[Numbers]]:
        """The value, L(dx) and L.T(w) at the first point."""
        return self._at(0)

    @property
    def stacked(self) -> tuple[list[Numbers], list[Numbers], list[Numbers]]:
        """The same at both, along a new first axis."""
        import numpy as np

        both = zip(self._at(0), self._at(1), strict=True)
        first, second, third = ([*map(np.stack, zip(a, b, strict=True))] for a, b in both)
        return first, second, third

    def _at(self, k: int) -> tuple[list[Numbers], list[Numbers], list[Numbers]]:
        case = self.cases[k]
        return case.values, case.push(self.tangents[k]), case.pull(self.cotangents[k])

    def arguments(self) -> Iterator[tuple[Any, ...]]:
        """Yield what a program of (xs, dxs, ws) takes at the first point."""
        case = self.cases[0]
        for vs in (case.points, self.tangents[0], self.cotangents[0]):
            yield tuple(map(case.theirs, vs))

    def batches(self) -> Iterator[tuple[Any, ...]]:
        """Yield the same at both, along a new first axis."""
        import numpy as np

        case, points = self.cases[0], [c.points for c in self.cases]
        for pair in (points, self.tangents, self.cotangents):
            yield tuple(case.theirs(np.stack(vs)) for vs in zip(*pair, strict=True))


NAMES = ("the value", "L(dx)", "L.T(w)")
