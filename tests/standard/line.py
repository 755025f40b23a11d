"""A line of the table: how a function of the standard is called, on what, and what it lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan
from operator import attrgetter
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

REAL = ("float64", "float32")
COMPLEX = ("complex128", "complex64")
FLOATS = REAL + COMPLEX
INTEGERS = ("int64", "int8", "uint8")
NUMBERS = FLOATS + INTEGERS
OTHERS = (*INTEGERS, "bool")
"""What may stand beside a floating operand, where the library lets them mix."""

SPECIAL = np.asarray([0.0, -0.0, 1.0, -1.0, inf, -inf, nan, 1e300])
SMOOTH = ("float64", "complex128")


class Pick:
    """
    Draws what a line asks for.

    Where it is smooth, all is in double precision, nothing is empty, and no number is special, nor
    zero: derivatives are compared there. Else anything goes, now and then what is to be refused.
    """

    def __init__(self, draw: Any, smooth: bool = False) -> None:
        self.draw, self.smooth = draw, smooth

    def of(self, *options: Any) -> Any:
        """Return one of the options."""
        return self.draw(st.sampled_from(options))

    def integer(self, low: int, high: int) -> int:
        """Return an integer of this range, both ends included."""
        return self.draw(st.integers(low, high))

    def rarely(self) -> bool:
        """Return whether to try what may be refused."""
        return not self.smooth and self.integer(0, 9) == 7

    def dtype(self, allowed: tuple[str, ...]) -> str:
        """Return one of the dtypes."""
        kept = tuple(d for d in allowed if d in SMOOTH) if self.smooth else allowed
        return self.of(*(kept or allowed))

    def size(self, least: int = 0) -> int:
        """Return the length of an axis."""
        return self.integer(2, 3) if self.smooth else self.integer(least, 3)

    def shape(self, least: int = 0, most: int = 3, side: int = 0) -> tuple[int, ...]:
        """Return a shape of so many axes."""
        side = 2 if self.smooth else side
        return self.draw(array_shapes(min_dims=least, max_dims=most, min_side=side, max_side=3))

    def shapes(self, count: int) -> tuple[tuple[int, ...], ...]:
        """Return shapes that broadcast; rarely, some that do not."""
        if self.rarely():
            return tuple(self.shape() for _ in range(count))
        side = 1 if self.smooth else 0
        drawn = mutually_broadcastable_shapes(
            num_shapes=count, max_dims=3, min_side=side, max_side=3
        )
        return self.draw(drawn).input_shapes

    def axis(self, ndim: int) -> int:
        """Return an axis, from the front or the back; rarely, one that is not there."""
        if not ndim or self.rarely():
            return self.of(max(ndim, 1), -max(ndim, 1) - 1)  # NumPy takes 0 and −1 of no axes
        return self.integer(-ndim, ndim - 1)

    def axes(self, ndim: int) -> Any:
        """Return no axis, one, or several."""
        if self.integer(0, 2) == 0:
            return None
        if ndim and self.integer(0, 1):
            order = self.draw(st.permutations(range(ndim)))[: self.integer(1, ndim)]
            return tuple(k - ndim if self.integer(0, 1) else k for k in order)
        return self.axis(ndim)

    def array(self, kind: Any, shape: Any, dtype: str, wild: bool = True) -> Any:
        """Return numbers of a kind, some of them, where all goes, special."""
        rng = np.random.default_rng(self.integer(0, 999))
        if dtype == "bool":
            return np.asarray((rng.random(shape) < 0.5) | self.smooth)
        if dtype in INTEGERS:
            low = 1 if self.smooth else 0 if dtype == "uint8" else -3
            return np.asarray(rng.integers(low, 4, size=shape)).astype(dtype)
        x = np.asarray(kind(rng, tuple(shape), dtype))
        if wild and not self.smooth and self.integer(0, 2) == 0:
            chosen = rng.choice(SPECIAL, size=shape)
            with np.errstate(over="ignore"):
                x = np.where(rng.random(shape) < 0.4, chosen.astype(dtype), x)
        return np.asarray(x, dtype)

    def number(self, kind: Any, dtype: str) -> Any:
        """Return a Python number of this kind."""
        if dtype == "bool" or dtype in INTEGERS:
            return self.of(True, 2, 3, -1)
        real = float(self.array(kind, (), "float64", wild=False))
        return complex(real, 0.25) if dtype in COMPLEX else real

    def how(self, **options: Any) -> dict[str, Any]:
        """Return keywords: each is left out, or one of its options."""
        found = {}
        for key, xs in options.items():
            kept = [x for x in xs if not (self.smooth and x in SINGLE)]
            if kept and self.integer(0, 1):
                found[key] = self.of(*kept)
        return found


@dataclass(frozen=True)
class Dtype:
    """A dtype by its name: each library has its own."""

    name: str


DTYPES = tuple(map(Dtype, REAL))
SINGLE = (Dtype("float32"), Dtype("complex64"))

Sample = Callable[[Pick], tuple[tuple[Any, ...], dict[str, Any]]]


@dataclass(frozen=True)
class Line:
    """
    How a function is called, on what, and why it has no derivative, if it has none.

    Attributes
    ----------
    sample : callable
        Of a Pick: the arguments, as arrays of NumPy's, and the keywords.
    why : str
        Why there is no derivative.
    call : callable, optional
        Of the namespace and the arguments; by default the namespace's function of the line's name.
    first : bool
        Whether the first argument must be traced: what changes an array, or belongs to it.
    refused : bool
        Whether a traced array is refused, for the derivative would be lost.
    near : str
        Why our value may differ by a few units in the last place from the library's.
    wider : str
        What we take, and the library refuses.
    flat : str
        When the result is plain, for it does not move, though the function has a derivative.
    smooth : callable, optional
        Of the namespace and the result: what has a derivative of it, where not all has.
    """

    sample: Sample
    why: str = ""
    call: Any = None
    first: bool = False
    refused: bool = False
    near: str = ""
    wider: str = ""
    flat: str = ""
    smooth: Any = None

    def run(self, name: str, xp: Any, args: Any, how: Any) -> Any:
        """Call the function of that name of the namespace."""
        if self.call is not None:
            return self.call(xp, *args, **how)
        return attrgetter(name)(xp)(*args, **how)


def of(why: str, sample: Sample, call: Any = None, **rest: Any) -> Line:
    """Return the line of what has no derivative, and why."""
    return Line(sample, why, call, **rest)
