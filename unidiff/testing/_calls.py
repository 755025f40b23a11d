"""Which primitives, and which of a library's own factorizations, a piece of code calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

from .._backend import Backend
from .._primitive import Elementwise, Primitive

_NAMES = """
    cholesky det eig eigh eigvals eigvalsh factor hessenberg inv ldl lstsq lu lu_factor matrix_rank
    null_space orth pinv qr schur slogdet solve svd svdvals
"""
FACTORIZATIONS = frozenset(_NAMES.split())
"""Names of what factors a matrix, among primitives and in the library's `linalg`."""


@dataclass(frozen=True)
class Call:
    """A call of a primitive, or of a function of the library's `linalg`."""

    name: str
    arrays: tuple[Any, ...]  # held, so that no other array gets their identity
    static: Mapping[str, Any]

    def same(self, other: Call) -> bool:
        """Return whether it is the same function of the very same arrays."""
        if (self.name, self.static) != (other.name, other.static):
            return False
        here, there = self.arrays, other.arrays
        return len(here) == len(there) and all(a is b for a, b in zip(here, there, strict=True))


Read = Callable[..., Call]
"""From the arguments of a function to the call."""


def _of_call(f: Primitive, *arrays: Any, **static: Any) -> Call:
    return Call(f.name, arrays, f.defaults | static)


def _of_evaluate(f: Primitive, backend: Any, arrays: Any, static: Any) -> Call:
    return Call(f.name, tuple(arrays), f.defaults | static)


def _of_linalg(name: str) -> Read:
    return lambda *arrays, **static: Call(name, arrays, static)


@contextmanager
def recorded(of: Backend) -> Iterator[list[Call]]:
    """
    Record the calls, none that is made inside another, and none of a function of numbers.

    For as long as it lasts, primitives and the library's `linalg` are wrapped: in all threads.
    """
    calls: list[Call] = []
    inside = 0

    def watched(function: Callable[..., Any], read: Read) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal inside
            if not inside and not any(isinstance(f, Elementwise) for f in args[:1]):
                calls.append(read(*args, **kwargs))
            inside += 1
            try:
                return function(*args, **kwargs)
            finally:
                inside -= 1

        return call

    linalg = getattr(of.plain, "linalg", None)
    places: list[tuple[Any, str, Read]] = [
        (Primitive, "__call__", _of_call),
        (Primitive, "evaluate", _of_evaluate),
        *((linalg, name, _of_linalg(name)) for name in FACTORIZATIONS & set(dir(linalg))),
    ]
    with ExitStack() as replaced:
        for owner, name, read in places:
            function = watched(getattr(owner, name), read)
            replaced.enter_context(_replaced(owner, name, function))
        yield calls


@contextmanager
def _replaced(owner: Any, name: str, function: Callable[..., Any]) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, original)
