"""Programs whose derivative is R-linear only: plans of complex numbers would be wrong for them.

Re, Im, conj, |z|, and every step between real and complex numbers commute with no multiplication by
i. A program of real numbers may have such steps inside, as filters by Fourier transforms do: then
its Jacobian is real, and solved with as a whole.
"""

from __future__ import annotations

from typing import Any

from .._backend import kind_of
from .._errors import NotInvertible
from ..tape._graph import Graph
from ..tape._level import Node, of_map
from ..tape._wiring import reading
from ._errors import described


class RealLinearError(NotInvertible, TypeError):
    """
    A program is not holomorphic.

    Attributes
    ----------
    inside : bool
        Whether its inputs and outputs are real all the same.
    """

    def __init__(self, node: Node, inside: bool) -> None:
        hint = "method='dense' takes it" if inside else "take real and imaginary parts as inputs"
        super().__init__(
            f"{described(node)} is R-linear only: wanted a holomorphic program, whose derivative "
            f"commutes with multiplication by i, or one of real numbers; {hint}"
        )
        self.inside = inside


def refuse_real_linear(graph: Graph, inside: bool = True) -> None:
    """
    Raise an exception if a call is R-linear only.

    With `inside=False`, only where inputs or outputs are complex.
    """
    node = _real_linear_call(graph)
    if node is not None:
        real = not any(part.complex for part in (*graph.domain.parts, *graph.codomain.parts))
        if inside or not real:
            raise RealLinearError(node, real)


def _real_linear_call(graph: Graph) -> Node | None:
    """Return the first call whose derivative does not commute with i, None if all do."""
    kinds = {node.serial: _kind(node.output) for node in graph.nodes}
    if set(kinds.values()) <= {"", "real"}:
        return None
    for node in graph.nodes:
        kind = kinds[node.serial]
        if not kind or node.primitive is None:
            continue
        read = {kinds.get(p.serial, "") for p in reading(node).parents if p is not None} - {""}
        if read - {kind} or (kind != "real" and not _c_linear(graph, node)):
            return node
    return None


def _kind(y: Any) -> str:
    """Return "real", "complex", "" of what makes no numbers, "mixed" of several outputs."""
    if isinstance(y, tuple):
        found = {kind_of(part) for part in y} - {""}
        return found.pop() if len(found) == 1 else "mixed" if found else ""
    return "" if y is None else kind_of(y)


def _c_linear(graph: Graph, node: Node) -> bool:
    """Return the same of a call from complex numbers to such."""
    if getattr(node.primitive, "elementwise", False):
        return True
    if node.primitive is of_map:
        return node.map is None or node.map.c_linear
    found = getattr(node.primitive, "node_map", None)
    return found is None or bool(found(graph.xp, node).c_linear)
