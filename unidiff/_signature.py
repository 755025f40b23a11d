"""NumPy's notation for generalized ufuncs, and how shapes broadcast."""

from __future__ import annotations

import re
from typing import Any

from ._backend import Shape

Dims = tuple[tuple[str, ...], ...]


def parse_signature(signature: str) -> tuple[Dims, Dims]:
    """Return the names of the trailing axes of inputs and outputs, in NumPy's gufunc notation."""
    group = r"\((?:\w+\??(?:,\w+\??)*)?\)"
    side = rf"{group}(?:,{group})*"
    text = signature.replace(" ", "")
    if not re.fullmatch(rf"{side}->{side}", text):
        msg = f'wanted a signature as of NumPy\'s gufuncs, "(m,m),(m,k)->(m,k)", got {signature!r}'
        raise ValueError(msg)

    def dims(part: str) -> Dims:
        return tuple(tuple(re.findall(r"\w+\??", g)) for g in re.findall(r"\(.*?\)", part))

    before, after = text.split("->")
    return dims(before), dims(after)


def broadcast_shapes(shapes: Any) -> Shape:
    """Return the shape that these shapes broadcast to."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    sizes = []
    for along in zip(*padded, strict=True):
        longer = {n for n in along if n != 1}
        if len(longer) > 1:
            msg = f"shapes {', '.join(map(str, map(tuple, shapes)))} do not broadcast"
            raise ValueError(msg)
        sizes.append(longer.pop() if longer else 1)
    return tuple(sizes)
