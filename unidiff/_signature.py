"""NumPy's notation for generalized ufuncs, and how shapes broadcast."""

from __future__ import annotations

import re
from collections.abc import Sequence

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


def broadcast_shapes(shapes: Sequence[Shape]) -> Shape:
    """Return the shape these broadcast to. Sizes may be symbolic, which a set does not take."""
    sizes = [1] * max(map(len, shapes))
    for shape in shapes:
        for axis, size in enumerate(shape, len(sizes) - len(shape)):
            if size != 1:
                if sizes[axis] not in (1, size):
                    msg = f"shapes {', '.join(map(str, map(tuple, shapes)))} do not broadcast"
                    raise ValueError(msg)
                sizes[axis] = size
    return tuple(sizes)
