"""Ids of numbers: which blocks they stand in, and the map that reads them from there.

A block is the array that a call makes, or an input: its numbers have consecutive ids. What a call
reads is a `Range` of ids, or an integer array where they are no range. Bookkeeping is on the host;
the reader is a linear map of the program's own library, so that sweeps can be traced.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._backend import Array, Namespace, Shape
from ..linear import LinearMap, flip, gather, identity, permute, reshape, slice_, spread
from ..tape._wiring import NOWHERE, Range

Flags = Any  # numpy array of bool


class Ids:
    """
    The ids that a call reads of one operand, or makes.

    Attributes
    ----------
    of : Range or integer array
    block : int or None
        The number of the block that these are all of, in order.
    """

    __slots__ = ("_bounds", "_distinct", "_written", "block", "of")

    def __init__(self, of: Any, block: int | None = None) -> None:
        self.of, self.block = of, block
        self._bounds: Any = None
        self._distinct: Any = None if block is None else True
        self._written: Any = None

    @property
    def shape(self) -> Shape:
        """The shape of the array of ids."""
        return tuple(self.of.shape)

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self.of.size)

    def look(self, flags: Flags) -> Flags:
        """Return the flags of the ids, an array of their shape: a view where they are a range."""
        of = self.of
        if isinstance(of, Range):
            return np.ndarray(of.shape, bool, flags, of.start, of.strides)
        return flags[of]

    def mark(self, flags: Flags, rows: Flags | None = None, as_: bool = True) -> None:
        """Set the flags of the ids, or of those where `rows` is true."""
        of = self.of
        if isinstance(of, Range):
            view = np.ndarray(of.shape, bool, flags, of.start, of.strides)
            view[... if rows is None else rows] = as_
        else:
            flags[of if rows is None else of[rows]] = as_

    @property
    def written(self) -> Any:
        """The ids as an integer array."""
        if self._written is None:
            whole = isinstance(self.of, Range)
            self._written = self.of.written_out(np) if whole else self.of
        return self._written

    @property
    def distinct(self) -> bool:
        """Whether no id comes twice, and none is that of a constant."""
        if self._distinct is None:
            self._distinct = self._find_distinct()
        return bool(self._distinct)

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the largest id, and one more; of constants, 0 and 0."""
        if self._bounds is None:
            self._bounds = self._find_bounds()
        return self._bounds  # type: ignore[no-any-return]

    def _find_distinct(self) -> bool:
        if not isinstance(self.of, Range):
            found = np.unique(self.of)
            return found.size == self.of.size and (not found.size or found[0] != NOWHERE)
        long = [(abs(s), n) for s, n in zip(self.of.strides, self.of.shape, strict=True) if n > 1]
        reach = 0
        for stride, n in sorted(long):
            if stride <= reach:
                return not self.size
            reach += stride * (n - 1)
        return True

    def _find_bounds(self) -> tuple[int, int]:
        of = self.of
        if self.block is not None:
            return of.start, of.start + of.size
        if isinstance(of, Range):
            if not of.size:
                return 0, 0
            low = high = of.start
            for stride, n in zip(of.strides, of.shape, strict=True):
                if stride > 0:
                    high += stride * (n - 1)
                else:
                    low += stride * (n - 1)
            return low, high + 1
        real = of[of != NOWHERE]
        return (int(real.min()), int(real.max()) + 1) if real.size else (0, 0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ids) or type(self.of) is not type(other.of):
            return False
        if isinstance(self.of, Range):
            return bool(self.of == other.of)
        return bool(np.array_equal(self.of, other.of))

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Block:
    """An array of the program: its ids are start, start + 1, ..."""

    ids: Range
    size: int

    @property
    def start(self) -> int:
        """The first id."""
        return self.ids.start

    @property
    def shape(self) -> Shape:
        """The shape of the array."""
        return self.ids.shape


class Blocks:
    """The blocks of a program, in the order of their ids."""

    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = blocks
        self.starts = [b.start for b in blocks]
        self._starts = np.asarray(self.starts)

    def whole(self, ids: Range) -> int | None:
        """Return the number of the block that the ids are all of, in order, if they are."""
        found = bisect_right(self.starts, ids.start) - 1
        if found < 0:
            return None
        mine = self.blocks[found].ids
        return found if ids is mine or ids == mine else None

    def of(self, identity_: int) -> int:
        """Return the number of the block that an id stands in."""
        return bisect_right(self.starts, identity_) - 1

    def of_each(self, ids: Any) -> Any:
        """Return the numbers of the blocks of ids, −1 of constants."""
        return np.searchsorted(self._starts, ids, side="right") - 1


Piece = tuple[int, LinearMap]
"""A block's number, and the map from the block to what is read of it."""


@dataclass(frozen=True, slots=True)
class Reader:
    """
    How an operand is read from blocks: one piece, or pieces laid end to end and put in order.

    Attributes
    ----------
    pieces : tuple of (int, LinearMap)
    lengths : tuple of int
        Of pieces to be laid end to end; empty if there is one piece, which has the shape itself.
    order : LinearMap
        From the pieces, end to end, to the operand.
    """

    pieces: tuple[Piece, ...]
    lengths: tuple[int, ...]
    order: LinearMap


Layout = tuple[tuple[LinearMap, ...], tuple[int, ...], LinearMap]
"""A reader of one block, whichever: its maps, the lengths of what they make, and the order."""
FEW = 4
"""So many slices are better than an index for each number."""


class Reading:
    """Makes readers of the blocks of a program; what is read alike of blocks alike, shares maps."""

    def __init__(self, blocks: Blocks, xp: Namespace, device: Any) -> None:
        self.blocks, self.xp, self.device = blocks, xp, device
        self._layouts: dict[Any, Layout] = {}

    def reader(self, ids: Ids) -> Reader:
        """Return how the ids are read from their blocks."""
        if ids.block is not None:
            return Reader(((ids.block, identity),), (), identity)
        if not ids.size:
            return Reader((), (), identity)
        low, high = ids.bounds
        number = self.blocks.of(low)
        constants = not isinstance(ids.of, Range) and (ids.of == NOWHERE).any()
        if constants or self.blocks.of(high - 1) != number:
            return self._of_several(ids)
        maps, lengths, order = self._layout(ids, self.blocks.blocks[number])
        return Reader(tuple((number, f) for f in maps), lengths, order)

    def _layout(self, ids: Ids, block: Block) -> Layout:
        """Return how ids of one block are read from it."""
        of = ids.of
        key: Any
        if isinstance(of, Range):
            key = block.shape, of.start - block.start, of.shape, of.strides
        else:
            key = block.shape, of.shape, (of - block.start).tobytes()
        found = self._layouts.get(key)
        if found is None:
            found = self._layouts[key] = self._made(of, block)
        return found

    def _made(self, of: Any, block: Block) -> Layout:
        if isinstance(of, Range):
            return (_of_range(of, block, self._index),), (), identity
        flat = of.reshape(-1)
        runs = _evenly(flat)
        maps = tuple(self._run(flat[run], block) for run in runs)
        laid = reshape((flat.size,), of.shape)
        if len(maps) == 1:
            return (laid @ maps[0],), (), identity
        return maps, tuple(run.stop - run.start for run in runs), laid

    def _of_several(self, ids: Ids) -> Reader:
        """Return how ids of several blocks, or of constants, are read."""
        flat = ids.written.reshape(-1)
        at = self.blocks.of_each(flat)
        changes = np.flatnonzero(np.diff(at)) + 1
        runs = np.split(np.arange(flat.size), changes)
        order: LinearMap = identity
        if len(runs) > 1 and len(runs) > 2 * np.unique(at).size:  # interleaved: block by block
            by_block = np.argsort(at, kind="stable")
            order = gather(self._index(np.argsort(by_block, kind="stable")), flat.size)
            cuts = np.flatnonzero(np.diff(at[by_block])) + 1
            runs = np.split(by_block, cuts)
        pieces = tuple(self._piece(flat[run], int(at[run[0]])) for run in runs)
        laid = reshape((flat.size,), ids.shape) @ order
        return Reader(pieces, tuple(len(run) for run in runs), laid)

    def _piece(self, ids: Any, number: int) -> Piece:
        if number < 0:  # constants
            return number, identity
        return number, self._run(ids, self.blocks.blocks[number])

    def _run(self, ids: Any, block: Block) -> LinearMap:
        """Return the map from a block to a row of its ids: a slice, if they are evenly spaced."""
        steps = np.diff(ids)
        if ids.size == 1 or (steps == steps[0]).all():
            step = 1 if ids.size == 1 else int(steps[0])
            return _of_range(Range(int(ids[0]), (ids.size,), (step,)), block, self._index)
        flat = reshape(block.shape, (block.size,))
        return gather(self._index(ids - block.start), block.size) @ flat

    def _index(self, of: Any) -> Array:
        return self.xp.asarray(of.tolist(), device=self.device)


def _evenly(flat: Any) -> list[slice]:
    """Return the parts of a row that are evenly spaced, if they are few, else the whole row."""
    cuts = np.flatnonzero(np.diff(flat, 2)) + 1  # the steps before and after differ
    runs, start = [], 0
    for cut in cuts[: 2 * FEW].tolist():
        if cut > start:
            runs.append(slice(start, cut + 1))
            start = cut + 1
    if start < flat.size:
        runs.append(slice(start, flat.size))
    return runs if len(cuts) <= 2 * FEW and len(runs) <= FEW else [slice(0, flat.size)]


def _of_range(ids: Range, block: Block, index: Any) -> LinearMap:
    """Return the map from the block to a range of its ids."""
    repeated = [
        k for k, (n, s) in enumerate(zip(ids.shape, ids.strides, strict=True)) if s == 0 and n > 1
    ]
    kept = [k for k in range(ids.ndim) if k not in repeated]
    core = Range(ids.start, tuple(ids.shape[k] for k in kept), tuple(ids.strides[k] for k in kept))
    found = _without_repeats(core, block, index)
    if not repeated:
        return found
    return spread(ids.shape, tuple(repeated)) @ found


def _without_repeats(ids: Range, block: Block, index: Any) -> LinearMap:
    if ids == block.ids:
        return identity
    if ids == Range.fresh(block.start, ids.shape) and ids.size == block.size:
        return reshape(block.shape, ids.shape)
    sliced = _sliced(ids, block)
    if sliced is not None:
        return sliced
    flat = reshape(block.shape, (block.size,))
    long = [(n, s) for n, s in zip(ids.shape, ids.strides, strict=True) if n != 1]
    joined = _one_step(long)
    offset = ids.start - block.start
    if joined is not None:
        stop = offset + joined * (ids.size - 1) + (1 if joined > 0 else -1)
        part = slice(offset, stop if stop >= 0 else None, joined)
        return reshape((ids.size,), ids.shape) @ _part((block.size,), (part,)) @ flat
    places = index(ids.written_out(np).reshape(-1) - block.start)
    return reshape((ids.size,), ids.shape) @ gather(places, block.size) @ flat


def _part(shape: Shape, index: tuple[Any, ...]) -> LinearMap:
    """Return the map to a part of an array: what goes backwards is flipped, as not all step so."""
    forwards: list[Any] = []
    backwards = []
    axis = -sum(isinstance(k, slice) for k in index)
    for n, k in zip(shape, index, strict=True):
        if isinstance(k, slice):
            places = range(n)[k]
            if places.step < 0:
                backwards.append(axis)
                k = slice(places[-1], places[0] + 1, -places.step)
            axis += 1
        forwards.append(k)
    taken = slice_(shape, tuple(forwards))
    return flip(*backwards) @ taken if backwards else taken


def _one_step(long: list[tuple[int, int]]) -> int | None:
    """Return the stride of axes that together are one, None if they are not."""
    step = long[-1][1] if long else 1
    wanted = step
    for n, s in reversed(long):
        if s != wanted:
            return None
        wanted *= n
    return step


def _sliced(ids: Range, block: Block) -> LinearMap | None:
    """Return a basic index of the block and a permutation of its axes, if the ids are these."""
    strides = Range.fresh(0, block.shape).strides
    starts, rest = [], ids.start - block.start
    for stride in strides:
        starts.append(rest // stride if stride else 0)
        rest -= starts[-1] * stride
    index: list[Any] = list(starts)
    axes = []
    for n, s in zip(ids.shape, ids.strides, strict=True):
        if n == 1:
            continue
        axis = next((a for a, t in enumerate(strides) if t and s % t == 0 and abs(s) >= t), None)
        if axis is None or axis in axes:
            return None
        step = s // strides[axis]
        last = starts[axis] + step * (n - 1)
        if not 0 <= last < block.shape[axis]:
            return None
        stop = last + (1 if step > 0 else -1)
        index[axis] = slice(starts[axis], stop if stop >= 0 else None, step)
        axes.append(axis)
    in_order = sorted(axes)
    taken = _part(block.shape, tuple(index))
    shape = tuple(n for n in ids.shape if n != 1)
    moved = permute([in_order.index(a) for a in axes]) if axes != in_order else identity
    return reshape(shape, ids.shape) @ moved @ taken
