"""Who reads what: the numbers of a recorded program have ids, and wiring passes them on.

A call makes its numbers: it has a range of fresh ids. A map that only moves numbers about makes
none: it is applied to the ids themselves. What it makes of a range is a range again, with a stride
an axis, wherever it can be; else the ids are written out, in the program's own namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from .._backend import Array, Namespace, Shape, _by_type, _plain
from ..linear import LinearMap
from ._level import Node, OneOutput, Pack, of_map

CONSTANT = None
"""What stands for the ids of an operand that is not traced."""
NOWHERE = -1
"""The id of a number that does not move, among those of others."""


class NotARangeError(Exception):
    """The ids that a map makes of a range are no range."""


@dataclass(frozen=True, slots=True)
class Range:
    """The ids start + Σ index · stride: an array of them, never written out."""

    start: int
    shape: Shape
    strides: tuple[int, ...]

    @classmethod
    def fresh(cls, start: int, shape: Shape) -> Range:
        """Return consecutive ids in C-order."""
        return cls(start, tuple(shape), _c_strides(shape))

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many ids there are, repeated ones counted again."""
        return prod(self.shape)

    def __getitem__(self, index: Any) -> Range:
        """Take integers and slices, one an axis or fewer behind an ellipsis."""
        fixed = tuple(k for k in index if k is not Ellipsis)
        index = (slice(None),) * (self.ndim - len(fixed)) + fixed
        start, shape, strides = self.start, [], []
        for k, size, stride in zip(index, self.shape, self.strides, strict=True):
            if isinstance(k, int):
                start += (k % size) * stride
                continue
            places = range(*k.indices(size))
            start += places.start * stride if places else 0
            shape.append(len(places))
            strides.append(places.step * stride)
        return Range(start, tuple(shape), tuple(strides))

    def broadcast_to(self, shape: Shape) -> Range:
        """Repeat the ids along new axes, and along those of length 1."""
        missing = len(shape) - self.ndim
        pairs = zip(self.shape, self.strides, shape[missing:], strict=True)
        strides = (0,) * missing + tuple(0 if n == 1 != m else s for n, s, m in pairs)
        return Range(self.start, tuple(shape), strides)

    def written_out(self, xp: Namespace) -> Array:
        """Return the ids as an integer array."""
        ids = xp.asarray(self.start)
        for size, stride in zip(self.shape, self.strides, strict=True):
            ids = ids[..., None] + xp.arange(size) * stride
        return ids


def _c_strides(shape: Shape) -> tuple[int, ...]:
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


class _RangeNamespace:
    """What wiring maps ask of a namespace, of ranges; the rest is no range."""

    @staticmethod
    def reshape(ids: Range, shape: Shape) -> Range:
        long = [(n, s) for n, s in zip(ids.shape, ids.strides, strict=True) if n != 1]
        step = long[-1][1] if long else 1
        sizes = tuple(n for n, _ in long)
        if tuple(s for _, s in long) == tuple(step * s for s in _c_strides(sizes)):
            return Range(ids.start, tuple(shape), tuple(step * s for s in _c_strides(shape)))
        kept = iter(long)
        if sizes != tuple(n for n in shape if n != 1):
            raise NotARangeError
        strides = tuple(0 if n == 1 else next(kept)[1] for n in shape)
        return Range(ids.start, tuple(shape), strides)

    @staticmethod
    def permute_dims(ids: Range, axes: tuple[int, ...]) -> Range:
        shape, strides = zip(*((ids.shape[a], ids.strides[a]) for a in axes), strict=True)
        return Range(ids.start, tuple(shape), tuple(strides))

    @staticmethod
    def broadcast_to(ids: Range, shape: Shape) -> Range:
        if not isinstance(ids, Range):  # an index: the map takes from anywhere
            raise NotARangeError
        return ids.broadcast_to(shape)

    def __getattr__(self, name: str) -> Any:
        raise NotARangeError


_plain[Range] = _RangeNamespace()
_by_type[Range] = _plain[Range]  # what a map asks of the backend of ranges is no range either
Ids = Any  # Range | Array | None
Host = Callable[[LinearMap], LinearMap | None] | None


@dataclass(frozen=True, slots=True)
class Wired:
    """A call of the program: the ids it makes, and those it reads, one entry an operand."""

    node: Node
    output: Range
    operands: tuple[Ids, ...]


@dataclass(frozen=True, slots=True)
class Wiring:
    """
    The wiring of a recorded program.

    Attributes
    ----------
    count : int
        How many ids there are: they are 0 to count − 1.
    calls : tuple of Wired
        The calls that make numbers, oldest first; wiring maps are none.
    inputs, outputs : tuple of ids
        A `Range`, or an integer array where the ids are no range; None of a constant output.
    """

    count: int
    calls: tuple[Wired, ...]
    inputs: tuple[Range, ...]
    outputs: tuple[Ids, ...]


def wiring_of(graph: Any, xp: Namespace = None, host: Host = None) -> Wiring:
    """
    Return the wiring of a graph.

    Ids that are no range are arrays of the namespace `xp`, the program's own unless said; `host`
    turns the arrays in a map into such, and None says that they cannot be seen.
    """
    count, calls = 0, []
    ids_of: dict[int, Ids] = {}
    xp = graph.plain if xp is None else xp
    for node in graph.nodes:
        if isinstance(node.primitive, Pack) or isinstance(node.output, tuple):
            continue  # a call of several outputs: each is a node, which reads what the call reads
        operands = tuple(CONSTANT if p is None else ids_of[p.serial] for p in reading(node).parents)
        if _is_wiring(node):
            assert node.map is not None
            ids = moved(xp, node.map, operands, node.inputs, host)
            if ids is not None:
                ids_of[node.serial] = ids
                continue
        made = Range.fresh(count, tuple(node.output.shape))
        count += made.size
        ids_of[node.serial] = made
        if node.primitive is not None:
            calls.append(Wired(node, made, operands))
    inputs = tuple(ids_of[x.serial] for x in graph.inputs)
    outputs = tuple(CONSTANT if y is None else ids_of[y.serial] for y in graph.outputs)
    return Wiring(count, tuple(calls), inputs, outputs)


def reading(node: Node) -> Node:
    """Return the node that reads: of an output of a call of several, the call; or its arguments."""
    while isinstance(node.primitive, OneOutput):
        (call,) = node.parents
        assert call is not None
        node = call
    first = node.parents[0] if node.parents else None
    return first if first and isinstance(first.primitive, Pack) else node


def _is_wiring(node: Node) -> bool:
    """Return whether the node passes ids on."""
    return node.primitive is of_map and node.map is not None and node.map.wiring


def moved(
    xp: Namespace, f: LinearMap, operands: Sequence[Ids], inputs: Sequence[Array], host: Host
) -> Ids:
    """
    Return the ids that a wiring map makes of others, None if its arrays cannot be seen.

    Ids that are written out are moved as ids + 1, so that a zero is what stands nowhere.
    """
    if len(operands) == 1 and isinstance(operands[0], Range):
        try:
            return f(operands[0])
        except NotARangeError:
            pass
    seen = f if host is None else host(f)
    if seen is None:
        return None
    pairs = zip(operands, inputs, strict=True)
    written = tuple(_one_more(xp, ids, x) for ids, x in pairs)
    return seen(written[0] if len(written) == 1 else written) - 1


def _one_more(xp: Namespace, ids: Ids, x: Array) -> Array:
    if ids is CONSTANT:
        return xp.zeros(tuple(x.shape), dtype=xp.int64)
    return (ids.written_out(xp) if isinstance(ids, Range) else ids) + 1
