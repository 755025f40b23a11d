"""How operands come to the shape and dtype they are computed in; the transposes undo it."""

from __future__ import annotations

from typing import Any

from ._backend import Array, Namespace, kind_of
from ._signature import broadcast_shapes
from .linear import LinearMap, broadcast, identity
from .linear._elementwise import Cast


def undone(x: Array, y: Array) -> LinearMap:
    """Return the map that broadcasts and promotes x to what y is computed in."""
    cast = identity if x.dtype == y.dtype else Cast(x.dtype, y.dtype)
    return cast @ broadcast(tuple(x.shape), tuple(y.shape))


def alignments(xp: Namespace, core_in: tuple[int, ...], xs: Any, ys: Any) -> list[LinearMap] | None:
    """
    Return, an input each, the map to the shape and dtype it is computed in; None for no change.

    `core_in` says how many trailing axes of each are its own, the ones before are a stack.
    """
    shapes = [getattr(x, "shape", ()) for x in xs]
    cores = [min(c, len(s)) for c, s in zip(core_in, shapes, strict=True)]
    leads = [s[: len(s) - c] for s, c in zip(shapes, cores, strict=True)]
    dtypes = [getattr(x, "dtype", None) for x in xs]
    known = [d for d in dtypes if d is not None]
    if all(d == known[0] for d in known) and all(lead == leads[0] for lead in leads):
        return None
    lead = broadcast_shapes(leads)
    moving = [x.dtype for x in xs if hasattr(x, "dtype") and kind_of(x)]
    computed = [y.dtype for y in ys[:1] if kind_of(y)]
    to = xp.result_type(*moving, *computed) if moving else None
    fits = []
    for shape, core, full, dtype in zip(shapes, cores, core_in, dtypes, strict=True):
        cast = identity if dtype not in moving or dtype == to else Cast(dtype, to)
        whole = lead + tuple(shape[len(shape) - core :])
        # an operand without an optional axis, as matmul's vectors: its rule minds the stacks
        fits.append(cast if core < full else cast @ broadcast(tuple(shape), whole))
    return None if all(f is identity for f in fits) else fits
