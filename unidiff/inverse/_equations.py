"""A recorded program as a system of equations: one for every number that a call makes.

    dy − Σ L_k du_k = 0

The ids of the outputs are known, those of the inputs are wanted. What only moves numbers makes no
equation: it passes ids on. An operand is read number by number where its map multiplies each by a
factor, else whole, by the map.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._backend import Array, Shape
from ..linear import ArraySpace, LinearMap, space_of, zero
from ..linear._elementwise import Mask
from ..tape._checkpoint import Again
from ..tape._graph import Graph
from ..tape._level import Node, OneOutput
from ..tape._wiring import NOWHERE, Range, Wired, Wiring, moved, reading, wiring_of
from ._errors import expansive, not_square
from ._host import map_on_host
from ._ids import Block, Blocks, Ids, Reader, Reading


class Operand:
    """What an equation reads: the ids, and which operands of the call they are."""

    __slots__ = ("blocks", "calls_operands", "ids", "nowhere", "reader")

    def __init__(self, k: int, ids: Ids, reader: Reader) -> None:
        self.calls_operands, self.ids, self.reader = [k], ids, reader
        found = {block for block, _ in reader.pieces}
        self.nowhere = -1 in found
        self.blocks = tuple(found - {-1})


class Equation:
    """The equations of one call: one for each number of its output, with the id of the number."""

    __slots__ = ("block", "index", "operands", "output", "pointwise", "shape", "start", "stop")

    def __init__(self, index: int, block: int, output: Range, pointwise: bool) -> None:
        self.index, self.block, self.pointwise = index, block, pointwise
        self.shape, self.start, self.stop = output.shape, output.start, output.start + output.size
        self.output = Ids(output, block)
        self.operands: list[Operand] = []

    @property
    def size(self) -> int:
        """How many equations these are."""
        return self.stop - self.start


def map_of(graph: Graph, node: Node, k: int) -> LinearMap:
    """Return the linear map of an operand of a call; of a call of several outputs, to one."""
    outputs = None
    if isinstance(node.primitive, OneOutput):
        outputs = node.primitive.k
        (call,) = node.parents
        assert call is not None
        node = call
    if outputs is None and not isinstance(node.primitive, Again):
        return node.primitive.operand_map(graph.xp, node, k)  # type: ignore[no-any-return]
    L = node.primitive.node_map(graph.xp, node)
    single = len(inputs_of(node)) == 1 and not isinstance(L, Graph)
    found = L.pick(None if single else k, 0 if outputs is None else outputs)
    assert isinstance(found, LinearMap)
    return found


def inputs_of(node: Node) -> tuple[Array, ...]:
    """Return the arrays that a call reads; of one of several outputs, those of the call."""
    return reading(node).inputs


class System:
    """
    The equations of a graph.

    Attributes
    ----------
    places : list of int
        Of the calls among the nodes of the graph: those of another of the same structure, too.
    count : int
        How many ids there are; the flags of ids have one more, for what stands nowhere.
    equations : dict of int to Equation
        By the number of the block that the call makes.
    wanted, given : list of Ids
        Of the inputs, and of the outputs.
    """

    def __init__(self, graph: Graph) -> None:
        wiring = wiring_of(graph, np, map_on_host)
        self.count = wiring.count
        at = {node.serial: place for place, node in enumerate(graph.nodes)}
        self.places = [at[call.node.serial] for call in wiring.calls]
        self.like = graph.domain.parts[0]
        starts = {r.start: r for r in (*wiring.inputs, *(c.output for c in wiring.calls))}
        ranges = sorted((r for r in starts.values() if r.size), key=lambda r: r.start)
        self.blocks = Blocks([Block(r, r.size) for r in ranges])
        reader = Reading(self.blocks, self.like.xp, self.like.device).reader
        self.wanted = [self._ids(ids) for ids in wiring.inputs]
        self.given = self._given(graph, wiring)
        self.equations: dict[int, Equation] = {}
        for index, call in enumerate(wiring.calls):
            if call.output.size:
                equation = self._equation(graph, index, call, reader)
                self.equations[equation.block] = equation
        self.readers = [reader(ids) for ids in self.wanted]
        self.writers = [reader(ids) for ids in self.given]

    def _ids(self, of: Any) -> Ids:
        return Ids(of, self.blocks.whole(of) if isinstance(of, Range) and of.size else None)

    def _given(self, graph: Graph, wiring: Wiring) -> list[Ids]:
        """Return the ids of the outputs, each of which must move, and come once."""
        n_in, n_out = (sum(s.size for s in x.parts) for x in (graph.domain, graph.codomain))
        if n_in != n_out:
            raise not_square(graph.domain, graph.codomain, n_in, n_out)
        found = []
        for j, ids in enumerate(wiring.outputs):
            fixed = ids is None or (not isinstance(ids, Range) and (ids == NOWHERE).any())
            if fixed and graph.codomain.parts[j].size:
                at = 0 if ids is None else int(np.flatnonzero(ids.reshape(-1) == NOWHERE)[0])
                raise expansive(j, at)
            empty = Range.fresh(0, graph.codomain.parts[j].shape)
            found.append(self._ids(empty if ids is None else ids))
        return found

    def _equation(
        self, graph: Graph, index: int, call: Wired, reader: Callable[[Ids], Reader]
    ) -> Equation:
        reads = []
        for k, ids in enumerate(call.operands):
            if ids is not None:
                read = self._read(graph, call, k, ids)
                if read is not None:
                    reads.append((k, *read))
        pointwise = all(skeletal is not None for _, _, skeletal in reads)
        equation = Equation(index, self.blocks.of(call.output.start), call.output, pointwise)
        for k, own, skeletal in reads:
            found = self._ids(skeletal if pointwise else own)
            same = next((u for u in equation.operands if pointwise and u.ids == found), None)
            if same is not None:  # x * x reads one operand twice
                same.calls_operands.append(k)
            else:
                equation.operands.append(Operand(k, found, reader(found)))
        return equation

    def _read(self, graph: Graph, call: Wired, k: int, ids: Any) -> tuple[Any, Any] | None:
        """Return an operand's ids in its own shape, and in y's if it is read number by number."""
        node = call.node
        if getattr(node.primitive, "elementwise", False):
            return ids, _broadcast(ids, call.output.shape)
        f = map_of(graph, node, k)
        if f is zero:
            return None
        skeleton = f.skeleton
        if skeleton is None:
            return ids, None
        found = moved(np, skeleton, (ids,), (inputs_of(node)[k],), map_on_host)
        return ids, None if found is None else _broadcast(found, call.output.shape)


def _broadcast(ids: Any, shape: Shape) -> Any:
    if tuple(ids.shape) == tuple(shape):
        return ids
    if isinstance(ids, Range):
        return ids.broadcast_to(shape)
    return np.broadcast_to(ids, shape)


class Point:
    """The numbers of the equations at a point: factors, maps and their inverses, each made once."""

    def __init__(self, graph: Graph, system: System) -> None:
        self.graph, self.xp = graph, graph.xp
        nodes = graph.nodes
        self.nodes = [nodes[place] for place in system.places]
        self._factors: dict[tuple[int, int], Any] = {}
        self._maps: dict[tuple[int, int], LinearMap] = {}
        self._inverses: dict[tuple[int, int], LinearMap] = {}

    def factor(self, equation: Equation, u: Operand) -> Any:
        """Return what the numbers of the operand are multiplied by: a number, or like y."""
        key = equation.index, u.calls_operands[0]
        if key not in self._factors:
            node, total = self.nodes[equation.index], None
            for k in u.calls_operands:
                term = self._of_one(node, k)
                total = term if total is None else total + term
            self._factors[key] = total
        return self._factors[key]

    def _of_one(self, node: Node, k: int) -> Any:
        if getattr(node.primitive, "elementwise", False):
            return node.primitive.partial(self.xp, node.output, node.inputs, k)
        f = map_of(self.graph, node, k)
        return 1 if f.wiring else f(_ones(inputs_of(node)[k]))

    def masked(self, equation: Equation, u: Operand) -> bool:
        """Return whether factors are zero by a mask, as of `where`: then they are looked at."""
        node = self.nodes[equation.index]
        if getattr(node.primitive, "elementwise", False):
            return False
        return any(_has_mask(map_of(self.graph, node, k)) for k in u.calls_operands)

    def map(self, equation: Equation, u: Operand) -> LinearMap:
        """Return the map of an operand that is read whole."""
        key = equation.index, u.calls_operands[0]
        if key not in self._maps:
            node = self.nodes[equation.index]
            maps = [map_of(self.graph, node, k) for k in u.calls_operands]
            total = maps[0]
            for f in maps[1:]:
                total = total + f
            self._maps[key] = total
        return self._maps[key]

    def inverse(self, equation: Equation, u: Operand) -> LinearMap:
        """Return the inverse of the same."""
        key = equation.index, u.calls_operands[0]
        if key not in self._inverses:
            self._inverses[key] = self.map(equation, u).inv
        return self._inverses[key]


def _has_mask(f: LinearMap) -> bool:
    return isinstance(f, Mask) or any(map(_has_mask, f._parts()))


def _ones(x: Array) -> Array:
    space = x if isinstance(x, ArraySpace) else space_of(x)
    return space.xp.ones(space.shape, dtype=space.dtype, device=space.device)
