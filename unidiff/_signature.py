"""What signatures say: NumPy's for generalized ufuncs, those of rules; how shapes broadcast."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
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


def reads(rule: Any, count: int) -> tuple[bool, ...]:
    """Return which of (y, *arrays) a rule reads, by the names of its parameters; all, if unsaid."""
    try:
        parameters = list(inspect.signature(rule).parameters.values())[1:]  # without xp
    except (TypeError, ValueError):  # a callable that does not say
        parameters = []
    named = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    known = tuple(not p.name.startswith("_") for p in named[:count])
    return known + (True,) * (count - len(known))


def static_defaults(value: Any) -> dict[str, Any]:
    """Return the keyword-only parameters of a value, with their defaults."""
    parameters = inspect.signature(value).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
