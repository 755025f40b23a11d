"""The engine of torch, which records native programs: to be inverted, and within other records.

A verb that a recorded program calls records in its turn: torch's own transforms would wrap what is
recorded, and nobody would know it again. The inner record's numbers are the outer program's
tensors, so that whatever is done to them is recorded there.
"""

from __future__ import annotations

from typing import Any

import torch

from unidiff._backend import FlatFunction, backend_of
from unidiff._errors import BackendError
from unidiff._primitive import Primitive, missing_rule
from unidiff.linear import LinearMap, ProductSpace, space_of
from unidiff.tape import Graph, traced
from unidiff.tape._level import Node, next_serial, no_static
from unidiff.tape._sites import watching
from unidiff.tape._tracer import ReverseLevel, Tracer

from .._engine import Sweep, TorchEngine
from .._function import tensors
from .._torch import NAMES, has
from ._mode import Recording, recording
from ._table import value

Array = Any


NEEDED = ("level_of", "wrapped", "is_tracking", "current_level", "function_modes")
"""Private names of torch's without which a recording would not know what is done to what."""


def lacking() -> BackendError:
    """Return the exception that says so."""
    missing = ", ".join(f"torch.{NAMES[name]}" for name in NEEDED if not has(name))
    msg = (
        f"torch {torch.__version__} lacks {missing}, which a recording needs: take another version"
    )
    return BackendError(msg)


class TorchLevel(ReverseLevel):
    """A level over torch, which itself may differentiate the numbers."""

    __slots__ = ()

    def record(self, primitive: Primitive, args: Any, static: dict[str, Any]) -> Any:
        inputs = tuple(map(value, args))
        done = _recorded if recording() else _differentiated
        ys, saved = done(primitive, inputs, static)
        if primitive.rule is None:
            raise missing_rule(primitive.name)
        return self.outputs(primitive, args, inputs, static, ys, saved), saved


def _recorded(primitive: Primitive, inputs: Any, static: dict[str, Any]) -> Any:
    """Return the outputs as a recording around knows them, and what is saved, as constants."""
    ys = primitive(*inputs, **static)
    if not primitive.saves:
        return (ys,) if primitive.single else ys, ()
    constants = [x.detach() if isinstance(x, torch.Tensor) else x for x in inputs]
    found = primitive.evaluate(backend_of(*constants), constants, static)
    return (ys,) if primitive.single else ys, found[len(primitive.core_out) :]


def _differentiated(primitive: Primitive, inputs: Any, static: dict[str, Any]) -> Any:
    """Return the outputs as torch differentiates them, by the rule, and what is saved."""
    xs = tensors(inputs)
    primitive.check(xs)
    call: Any = primitive.bound["torch"]
    found = call.applied(tuple(static.items()), *xs)
    count = len(primitive.core_out)
    return tuple(found[:count]), tuple(found[count:])


class RecordingEngine(TorchEngine):
    """The transforms of functions of lists of tensors, and records of them."""

    def record(
        self, f: FlatFunction, primals: list[Array], lasting: bool = True
    ) -> tuple[list[Array], Graph, list[Array]]:
        """Return the values of `f`, its graph, and the auxiliaries; torch minds what is written."""
        if not has(*NEEDED):
            raise lacking()
        of = backend_of(*primals)
        level = TorchLevel(of, traced(of.plain))
        values = [x.clone() for x in primals]
        inputs = [Node(next_serial(), None, (), (), x, no_static) for x in values]
        mode = Recording(level)
        try:
            given = [
                mode.memory.show(Tracer(x, node, level))
                for x, node in zip(values, inputs, strict=True)
            ]
            with watching(), torch.enable_grad(), mode:
                ys, aux = f(*given)
            found, extra = ([mode.memory.meaning(y) for y in part] for part in (ys, aux))
        finally:
            level.open = False
            mode.memory.forget()
        ys, aux = (
            [(y if t is None else t.value).clone() for y, t in zip(part, tracers, strict=True)]
            for part, tracers in ((ys, found), (aux, extra))
        )
        outputs = [None if t is None else t.node for t in found]
        domain = ProductSpace(tuple(map(space_of, values)))
        codomain = ProductSpace(tuple(map(space_of, ys)))
        return ys, Graph(level.namespace, inputs, outputs, domain, codomain), aux

    def jvp(
        self, f: FlatFunction, primals: list[Array], tangents: list[Array | None]
    ) -> tuple[list[Array], list[Array | None], list[Array]]:
        """Return the values of `f`, their tangents, and the auxiliaries."""
        if not recording():
            return super().jvp(f, primals, tangents)
        ys, graph, aux = self.record(f, primals)
        return ys, list(graph(tangents)), aux

    def vjp(self, f: FlatFunction, primals: list[Array]) -> tuple[list[Array], Sweep, list[Array]]:
        """Return the values of `f`, the pullback, and the auxiliaries."""
        return self._recorded(f, primals) if recording() else super().vjp(f, primals)

    def value_and_gradient(
        self, f: FlatFunction, primals: list[Array]
    ) -> tuple[Array, list[Array | None], list[Array]]:
        """Return the scalar value of `f`, its gradients, and the auxiliaries."""
        if not recording():
            return super().value_and_gradient(f, primals)
        (y,), pull, aux = self._recorded(f, primals)
        return y, pull([torch.ones_like(y)]), aux

    def _recorded(
        self, f: FlatFunction, primals: list[Array]
    ) -> tuple[list[Array], Sweep, list[Array]]:
        ys, graph, aux = self.record(f, primals)
        return ys, lambda ws: list(graph.pull(ws)), aux

    def linearize(self, f: FlatFunction, primals: list[Array]) -> tuple[list[Array], LinearMap]:
        """Return the values of `f`, and its derivative: `f` runs once."""
        if not recording():
            return super().linearize(f, primals)
        ys, graph, _ = self.record(f, primals)
        return ys, graph

    def jacobian(
        self, f: FlatFunction, primals: list[Array], mode: str
    ) -> tuple[list[Array], list[list[Array]], list[Array]]:
        """Return the values of `f`, each one's Jacobian by each primal, and the auxiliaries."""
        if not recording():
            return super().jacobian(f, primals, mode)
        ys, graph, aux = self.record(f, primals)
        return ys, graph.jacobian(mode), aux
