"""The space that a map starts from or leads to: what is known of an array but its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from .._backend import (
    SCALARS,
    Array,
    Namespace,
    Shape,
    Traced,
    array_namespace,
    backend,
    backend_of,
)


@dataclass(frozen=True, slots=True)
class ArraySpace:
    """Arrays of one shape, dtype, backend and device."""

    shape: Shape
    dtype: Any
    backend: str
    device: Any

    @property
    def ndim(self) -> int:
        """How many axes an array has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers an array has, a complex one counted once."""
        return prod(self.shape)

    @property
    def xp(self) -> Namespace:
        """The namespace of maps of untraced arrays."""
        return backend(self.backend).namespace

    @property
    def complex(self) -> bool:
        """Whether the numbers are complex."""
        return bool(self.xp.isdtype(self.dtype, "complex floating"))

    def zeros(self) -> Array:
        """Return the zero of the space."""
        return self.xp.zeros(self.shape, dtype=self.dtype, device=self.device)

    def basis(self) -> Array:
        """Return the unit arrays, one after another along a new first axis, in C-order."""
        xp = self.xp
        eye = xp.eye(self.size, dtype=self.dtype, device=self.device)
        return xp.reshape(eye, (self.size, *self.shape))

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        msg = (
            f"{self} stands for an array whose numbers were let go, since a rule says, by a "
            "parameter that begins with an underscore, that it does not read them"
        )
        raise TypeError(msg)

    def __repr__(self) -> str:
        return f"{self.backend} {self.dtype} {self.shape}"


@dataclass(frozen=True, slots=True)
class ProductSpace:
    """Tuples of arrays."""

    parts: tuple[ArraySpace, ...]

    def zeros(self) -> tuple[Array, ...]:
        """Return the zero of the space."""
        return tuple(part.zeros() for part in self.parts)

    def pick(self, which: Any) -> Space:
        """Return one part (an int), or the product of some."""
        if isinstance(which, int):
            return self.parts[which]
        return ProductSpace(tuple(self.parts[k] for k in which))

    def __repr__(self) -> str:
        return f"({', '.join(map(repr, self.parts))})"


Space = Any  # ArraySpace | ProductSpace


def space_of(x: Any) -> Space:
    """Return the space of an array, of a tuple of arrays; a space is its own."""
    if isinstance(x, ArraySpace | ProductSpace):
        return x
    if isinstance(x, tuple):
        return ProductSpace(tuple(map(space_of, x)))
    if x is None:
        msg = "the space of a structural zero is not known; give the map an output that moves"
        raise ValueError(msg)
    while isinstance(x, Traced):
        x = x.value  # type: ignore[attr-defined]
    if type(x) in SCALARS:
        x = array_namespace(x).asarray(x)
    of = backend_of(x)
    return ArraySpace(tuple(x.shape), x.dtype, of.name, of.device_of(x))
