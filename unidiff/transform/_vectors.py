"""Lists of arrays as one vector, None for zero: what an iteration computes with, eagerly."""

from __future__ import annotations

from collections.abc import Sequence

from .._backend import Array, backend_of, kind_of
from .._errors import ConcretizationError
from ..linear import space_of
from ..tape._level import untraced

Vector = Sequence[Array | None]


def inner(verb: str, us: Vector, vs: Vector) -> float:
    """Return the real part of Σ ū v, on the host."""
    total = 0.0
    for u, v in zip(us, vs, strict=True):
        if u is not None and v is not None:
            total += _inner(verb, untraced(u), untraced(v))
    return total


def norm(verb: str, us: Vector) -> float:
    """Return the Euclidean norm, on the host."""
    return float(inner(verb, us, us) ** 0.5)


def moved(us: Sequence[Array], t: float, vs: Vector) -> list[Array]:
    """Return u + t v, in the dtypes of the u."""
    return [u if v is None else _moved(u, t, v) for u, v in zip(us, vs, strict=True)]


def precision(xs: Sequence[Array]) -> float:
    """Return the machine epsilon of the least precise dtype."""
    spaces = map(space_of, xs)
    return max(float(space.xp.finfo(space.dtype).eps) for space in spaces)


def _moved(u: Array, t: float, v: Array) -> Array:
    found = u + v if t == 1 else u + t * v
    return found if found.dtype == u.dtype else backend_of(found).namespace.astype(found, u.dtype)


def _inner(verb: str, u: Array, v: Array) -> float:
    from ..inverse import on_host

    xp = backend_of(u).plain
    product = xp.real(xp.conj(u) * v) if kind_of(u) == "complex" else u * v
    seen = on_host(xp.sum(product))
    if seen is None:
        msg = (
            f"{verb} decides by the numbers when to stop, and a transform of {backend_of(u).name} "
            f"hides them: call {verb} outside of jit and vmap"
        )
        raise ConcretizationError(msg)
    return float(seen)
