"""A function at a point, on one backend, seen from NumPy: its value, and its linear map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from .._backend import Array, Backend, kind_of
from .._primitive import Primitive
from ..linear import LinearMap
from ..transform import linearize

Numbers = Any  # numpy.ndarray
Layout = Callable[[Array], Array]
WIDE = {"f": "float64", "c": "complex128"}
NARROW = {"f": "float32", "c": "complex64"}


class Refused(Exception):  # noqa: N818  (not an error: the reason of a skip)
    """The backend, or the value, does not take such arrays."""


class Case:
    """
    A function of arrays at a point.

    Attributes
    ----------
    f : callable
        A primitive, whose rule is looked at itself, or any function, which is linearized.
    of : Backend
    numbers : tuple
        The arguments; arrays are NumPy's. Floating ones move, all others are constants.
    signature : str or None
        NumPy's for generalized ufuncs, if stacks broadcast.
    rtol : float or None
        What to allow against differences, relative; by default what the dtype lets expect.
    order : int
        Up to which order derivatives are checked.
    layout : callable or None
        How every array is laid out in memory; else as the backend likes.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        of: Backend,
        numbers: Sequence[Any],
        static: dict[str, Any],
        signature: str | None = None,
        rtol: float | None = None,
        order: int = 2,
        layout: Layout | None = None,
    ) -> None:
        self.f, self.of, self.numbers, self.signature = f, of, tuple(numbers), signature
        self.static = f.defaults | static if isinstance(f, Primitive) else static
        self.given_rtol, self.order, self.layout = rtol, order, layout
        self.args = tuple(self.theirs(x) if hasattr(x, "dtype") else x for x in numbers)
        self.moving = tuple(k for k, x in enumerate(numbers) if is_floating(x))
        if not self.moving:
            msg = "check_rule: no argument is a real or complex floating array; give it one"
            raise TypeError(msg)

    def theirs(self, x: Numbers) -> Array:
        """Return an array of the backend's with these numbers."""
        import numpy as np

        found = self.of.plain.asarray(np.array(x))
        if ours(found, self.of).dtype != x.dtype:
            msg = (
                f"{self.of.name} holds {x.dtype} as {found.dtype}: switch on its double "
                "precision before its first use (JAX_ENABLE_X64=true)"
            )
            raise Refused(msg)
        return self.layout(found) if self.layout else found

    def changed(self, **how: Any) -> Case:
        """Return the function with other `numbers`, `static` keywords, or `layout`."""
        same = {
            "numbers": self.numbers,
            "static": self.static,
            "signature": self.signature,
            "rtol": self.given_rtol,
            "order": self.order,
            "layout": self.layout,
        }
        return Case(self.f, self.of, **(same | how))

    def at(self, points: Sequence[Numbers]) -> Case:
        """Return the function at another point."""
        numbers = list(self.numbers)
        for k, x in zip(self.moving, points, strict=True):
            numbers[k] = x
        return self.changed(numbers=numbers)

    def cast(self, kinds: dict[str, str]) -> Case:
        """Return the function of these arguments as another dtype."""
        return self.at([x.astype(kinds[x.dtype.kind]) for x in self.points])

    @cached_property
    def wide(self) -> Case:
        """The same in double precision, where differences are taken."""
        single = any(x.dtype.name in NARROW.values() for x in self.points)
        return self.cast(WIDE) if single else self

    @property
    def points(self) -> list[Numbers]:
        """The arguments that move."""
        return [self.numbers[k] for k in self.moving]

    @property
    def xs(self) -> list[Array]:
        """The same, as arrays of the backend."""
        return [self.args[k] for k in self.moving]

    def function(self, *xs: Array) -> tuple[Array, ...]:
        """Return the floating outputs at these arrays, which may be traced."""
        full = list(self.args)
        for k, x in zip(self.moving, xs, strict=True):
            full[k] = x
        leaves, _ = self.of.tree.flatten(self.f(*full, **self.static))
        return tuple(y for y in leaves if kind_of(y))

    def evaluate(self, points: Sequence[Numbers]) -> list[Numbers]:
        """Return the floating outputs at a point, as NumPy's."""
        with self.of.sweeping():
            ys = self.function(*map(self.theirs, points))
        return [ours(y, self.of) for y in ys]

    @cached_property
    def values(self) -> list[Numbers]:
        """The floating outputs."""
        found = self.evaluate(self.points)
        if not found:
            msg = "check_rule: the function returns no real or complex floating array"
            raise TypeError(msg)
        return found

    @cached_property
    def map(self) -> LinearMap:
        """The derivative, from the tuple of what moves to the tuple of floating outputs."""
        if not isinstance(self.f, Primitive):
            L: Any = linearize(self.function, *self.xs)[1]
            return L.flat  # type: ignore[no-any-return]
        self.f.check(self.args)
        found = self.f.evaluate(self.of, self.args, self.static)
        count = len(self.f.core_out)
        return self.rule_at(self.args, found[:count], found[count:])

    def rule_at(self, args: Sequence[Any], ys: Sequence[Any], saved: Sequence[Any]) -> LinearMap:
        """Return the map that the primitive's rule makes of these: of what moves."""
        L = self.f.map_of_tuples(self.of.namespace, ys, args, self.static, saved)  # type: ignore[attr-defined]
        floating = tuple(j for j, y in enumerate(ys) if kind_of(y))
        inputs = None if len(self.moving) == len(args) else self.moving
        return L.pick(inputs, None if len(floating) == len(ys) else floating)  # type: ignore[no-any-return]

    def push(self, dxs: Sequence[Numbers]) -> list[Numbers]:
        """Return L(dx), all outputs; leading axes pass."""
        return self.apply(self.map, dxs, self.points, self.values)

    def pull(self, ws: Sequence[Numbers]) -> list[Numbers]:
        """Return L.T(w), of all that moves; leading axes pass."""
        return self.apply(self.map.T, ws, self.values, self.points)

    def apply(
        self, L: LinearMap, vs: Sequence[Numbers], like: Sequence[Numbers], to: Sequence[Numbers]
    ) -> list[Numbers]:
        """Return L of a tuple of the space of `like`, in the space of `to`; None is zero."""
        import numpy as np

        batch = vs[0].shape[: vs[0].ndim - like[0].ndim]
        with self.of.sweeping():
            found = L(tuple(map(self.theirs, vs)))
        found = (None,) * len(to) if found is None else found
        pairs = zip(found, to, strict=True)
        return [
            np.zeros(batch + y.shape, y.dtype) if v is None else ours(v, self.of) for v, y in pairs
        ]

    # -- what to try it on

    def tangents(self, rng: Any, batch: tuple[int, ...] = ()) -> list[Numbers]:
        """Return tangents of the sizes of what moves, at most 1."""
        return [random_like(rng, x, batch, size_of(x)) for x in self.points]

    def cotangents(self, rng: Any, batch: tuple[int, ...] = ()) -> list[Numbers]:
        """Return cotangents of size 1."""
        return [random_like(rng, y, batch) for y in self.values]

    def second_point(self, rng: Any) -> Case:
        """Return the function at a point near by."""
        pairs = zip(self.points, self.tangents(rng), strict=True)
        return self.at([(x + dx / 16).astype(x.dtype) for x, dx in pairs])

    # -- what to allow

    @cached_property
    def condition(self) -> float:
        """The condition number of the value, along one direction; of the rule nothing is asked."""
        import numpy as np

        wide, rng = self.wide, np.random.default_rng(0)
        moved = [x + 1e-6 * dx for x, dx in zip(wide.points, wide.tangents(rng), strict=True)]
        pairs = list(zip(wide.evaluate(moved), wide.values, strict=True))
        ratios = [1e6 * largest(a - b) / (largest(b) or 1.0) for a, b in pairs]
        found = max(1.0, *ratios)
        return float(min(found, 1e5)) if np.isfinite(found) else 1e5

    @property
    def eps(self) -> float:
        """The distance of 1 to the next number, in the coarsest dtype here."""
        import numpy as np

        return float(max(np.finfo(x.dtype).eps for x in [*self.points, *self.values]))

    @property
    def roundoff(self) -> float:
        """What to allow between two ways to compute the same."""
        return 1e3 * self.eps * self.condition

    @property
    def first_order(self) -> float:
        """What to allow against differences."""
        return max(1e-9, self.roundoff) if self.given_rtol is None else self.given_rtol

    @property
    def second_order(self) -> float:
        """What to allow against differences of a gradient."""
        return 10 * self.first_order

    @property
    def third_order(self) -> float:
        """What to allow against differences of a second derivative."""
        return 100 * self.first_order


def is_floating(x: Any) -> bool:
    """Return whether the NumPy array has real or complex floating numbers."""
    return hasattr(x, "dtype") and x.dtype.kind in "fc"


def ours(x: Array, of: Backend) -> Numbers:
    """Return a backend's array as one of NumPy's own."""
    import numpy as np

    if isinstance(x, np.ndarray | np.generic):
        return np.array(x)
    x = of.stop_gradient(x)
    if hasattr(x, "resolve_conj"):  # what torch has put off cannot be exported
        x = x.resolve_conj().resolve_neg()
    return np.array(np.from_dlpack(x, device="cpu"))


def largest(x: Numbers) -> float:
    """Return max |x|, and 0 of no numbers."""
    import numpy as np

    return float(np.max(np.abs(x), initial=0.0))


def size_of(x: Numbers) -> float:
    """Return the typical size of the numbers, at most 1."""
    import numpy as np

    found = float(np.sqrt(np.mean(np.abs(x) ** 2))) if x.size else 1.0
    return min(found, 1.0) or 1.0


def random_like(rng: Any, x: Numbers, batch: tuple[int, ...] = (), size: float = 1.0) -> Numbers:
    """Return random numbers of the dtype of x, at most `size`."""
    shape = (*batch, *x.shape)
    found = rng.uniform(-1, 1, shape)
    if x.dtype.kind == "c":
        found = (found + 1j * rng.uniform(-1, 1, shape)) / 2**0.5
    return (size * found).astype(x.dtype)
