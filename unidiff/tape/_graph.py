"""A recorded program is a linear map: its forward sweep is L(dx), its backward sweep L.T(w)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from .._backend import Array, Namespace
from ..linear import Bare, LinearMap, ProductSpace, zero
from ..linear._closed import Closed
from ..linear._dense import last_axes
from ..linear._transpose import TransposeOf
from ._level import Node, of_map
from ._sweep import ancestors, pull, push
from ._wiring import Wiring, wiring_of


class Graph(LinearMap):
    """
    The derivative of a recorded program, from a tuple of tangents to a tuple.

    Attributes
    ----------
    inputs : list of Node
    outputs : list of Node or None
        None where an output does not depend on the inputs.
    domain, codomain : ProductSpace
    """

    __slots__ = ("_nodes", "codomain", "domain", "inputs", "outputs", "xp")

    def __init__(
        self,
        xp: Namespace,
        inputs: Sequence[Node],
        outputs: Sequence[Node | None],
        domain: ProductSpace,
        codomain: ProductSpace,
    ) -> None:
        self.xp, self.inputs, self.outputs = xp, list(inputs), list(outputs)
        self.domain, self.codomain = domain, codomain
        self._nodes: list[Node] | None = None

    def __call__(self, dxs: Any) -> Any:
        return tuple(push(self.xp, self.inputs, self.outputs, dxs))

    def pull(self, ws: Any) -> Any:
        return tuple(pull(self.xp, self.inputs, list(self.outputs), list(ws)))

    @property
    def T(self) -> LinearMap:
        return GraphTranspose(self)

    @property
    def inv(self) -> LinearMap:
        """The inverse, by solving the recorded program for its inputs."""
        invert: Any = import_module("unidiff.inverse").invert  # a higher layer, for those who ask
        return invert(self)  # type: ignore[no-any-return]

    def log_volume(self, like: Any) -> Array:
        return -self.inv.log_volume(like)

    @property
    def nodes(self) -> list[Node]:
        """The nodes that the outputs depend on, oldest first."""
        if self._nodes is None:
            self._nodes = ancestors([*self.outputs, *self.inputs])
        return self._nodes

    @property
    def plain(self) -> Namespace:
        """The namespace of the arrays under all the levels."""
        return self.domain.parts[0].xp

    def wires(self) -> Wiring:
        """Return who reads what: the ids of all numbers, as ranges wherever they can be."""
        return wiring_of(self)

    @property
    def c_linear(self) -> bool:
        nodes = (node for node in self.nodes if node.primitive is not None)
        return all(_c_linear(self.xp, node) for node in nodes)

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        if isinstance(inputs, int) or isinstance(outputs, int):
            return Bare(self).pick(inputs, outputs)
        chosen_in = range(len(self.inputs)) if inputs is None else inputs
        chosen_out = range(len(self.outputs)) if outputs is None else outputs
        return Graph(
            self.xp,
            [self.inputs[k] for k in chosen_in],
            [self.outputs[j] for j in chosen_out],
            self.domain.pick(chosen_in),
            self.codomain.pick(chosen_out),
        )

    def jacobian(self, mode: str = "auto") -> list[list[Array]]:
        """Return the Jacobian of each output by each input, by batched sweeps over a basis."""
        x_size = sum(space.size for space in self.domain.parts)
        y_size = sum(space.size for space in self.codomain.parts)
        if mode == "forward" or (mode == "auto" and x_size <= y_size):
            columns = [self._column(k) for k in range(len(self.inputs))]
            return [list(row) for row in zip(*columns, strict=True)]
        return [self._row(j) for j in range(len(self.outputs))]

    def _column(self, k: int) -> list[Array]:
        domain = self.domain.parts[k]
        single = self._single_map(k)
        if single is not None:
            return [Closed(single, domain, self.codomain.parts[0]).dense()]
        basis = [domain.basis() if j == k else None for j in range(len(self.inputs))]
        pushed = push(self.xp, self.inputs, self.outputs, basis)
        pairs = zip(pushed, self.codomain.parts, strict=True)
        return [
            domain.xp.zeros(space.shape + domain.shape, dtype=space.dtype, device=space.device)
            if dy is None
            else last_axes(self.xp, dy, domain.shape)
            for dy, space in pairs
        ]

    def _row(self, j: int) -> list[Array]:
        codomain = self.codomain.parts[j]
        basis = [codomain.basis() if i == j else None for i in range(len(self.outputs))]
        pulled = pull(self.xp, self.inputs, list(self.outputs), basis)
        pairs = zip(pulled, self.domain.parts, strict=True)
        return [
            codomain.xp.zeros(codomain.shape + space.shape, dtype=space.dtype, device=space.device)
            if w is None
            else self.xp.reshape(w, codomain.shape + space.shape)
            for w, space in pairs
        ]

    def _single_map(self, k: int) -> LinearMap | None:
        """Return the map of a program of one call, whose structure serves to write it out."""
        if len(self.outputs) != 1 or self.outputs[0] is None:
            return None
        node = self.outputs[0]
        mine = [operand for operand, parent in enumerate(node.parents) if parent is not None]
        if len(mine) != 1 or node.parents[mine[0]] is not self.inputs[k]:
            return None
        if getattr(node.primitive, "elementwise", False) or not hasattr(
            node.primitive, "operand_map"
        ):
            return None
        found = node.primitive.operand_map(self.xp, node, mine[0])
        return found if found is not zero and found.c_linear else None

    def __repr__(self) -> str:
        return f"graph({len(self.nodes)} nodes: {self.domain} → {self.codomain})"


class GraphTranspose(TransposeOf):
    """The backward sweep of a recorded program."""

    __slots__ = ("of",)

    def __init__(self, of: Graph) -> None:
        self.of = of


def _c_linear(xp: Namespace, node: Node) -> bool:
    """Return whether the node's map commutes with i: rules of functions of numbers always do."""
    if getattr(node.primitive, "elementwise", False):
        shown = (node.output, *(x for x, p in zip(node.inputs, node.parents, strict=True) if p))
        return all(x.dtype == node.output.dtype for x in shown)
    if node.primitive is of_map:
        return bool(node.map is not None and node.map.c_linear)
    if not hasattr(node.primitive, "node_map"):
        return True
    return bool(node.primitive.node_map(xp, node).c_linear)
