"""The tape as an engine: the transforms of functions of lists of arrays, over any namespace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._backend import Array, Backend, FlatFunction, Traced, backend_of
from .._errors import LeakedTracerError
from ..linear import ArraySpace, LinearMap, ProductSpace, space_of
from ._graph import Graph
from ._level import Level, Node, next_serial, no_static, untraced
from ._namespace import traced
from ._sites import watching
from ._sweep import ancestors, pull
from ._tracer import Dual, ForwardLevel, ReverseLevel, Tracer

Function = FlatFunction
Record = tuple[ReverseLevel, list[Node], list[Array], list[Node | None], list[Array]]


HELD = (
    "The derivative needs the numbers that a plain array had when the function used it, so it "
    "cannot be written to before the function returns; write to a copy, or to a new array."
)


def record(f: Function, primals: list[Array]) -> Record:
    """Run `f` on tracers: the level, input nodes, values, output nodes, and auxiliaries."""
    of = plain_backend(primals)
    level = ReverseLevel(of, traced(of.plain))
    inputs = [Node(next_serial(), None, (), (), x, no_static) for x in primals]
    try:
        for x in primals:
            level.hold(x)
        ys, aux = f(*(Tracer(x, node, level) for x, node in zip(primals, inputs, strict=True)))
        refuse_leaks([*ys, *aux])
    except ValueError as error:
        if "read-only" in str(error):
            error.add_note(HELD)
        raise
    finally:
        level.open = False
        level.release()
    outputs = [y.node if _of(level, y) else None for y in ys]
    return level, inputs, _values(level, ys), outputs, _values(level, aux)


def _of(level: Level, y: Any) -> bool:
    return isinstance(y, Traced) and y.level is level


def _values(level: Level, ys: list[Array]) -> list[Array]:
    return [y.value if _of(level, y) else y for y in ys]


def plain_backend(primals: list[Array]) -> Backend:
    """Return the library's backend, under all the levels."""
    return backend_of(*[untraced(x) if isinstance(x, Traced) else x for x in primals])


def refuse_leaks(ys: list[Array]) -> None:
    """A tracer that outlived its transform marks whatever it touches: look at what comes out."""
    for y in ys:
        x = y
        while isinstance(x, Traced):
            if not x.level.open:
                msg = (
                    "the result depends on an array traced by a transform that has returned "
                    "already; return what you need from the function, do not store it outside"
                )
                raise LeakedTracerError(msg)
            x = x.value  # type: ignore[attr-defined]


VIEWS = frozenset(("linear map", "positive", "conj", "real", "imag"))
"""Names of what may return its argument, or a view of it."""


def keep_what_others_may_change(outputs: list[Node | None]) -> None:
    """
    Copy the caller's arrays that the record refers to: they may change before the map is used.

    Once a record, each array once, and views of them too; arrays that the program made itself are
    out of the caller's sight. A gradient is taken before the caller comes back, and needs none of
    this.
    """
    copies: dict[int, tuple[Array, Array]] = {}
    views = set()

    def kept(x: Any) -> Any:
        if id(x) not in copies:  # the original is held too, so that its id stays its own
            copies[id(x)] = x, _copy(x)
        return copies[id(x)][1]

    for node in ancestors(outputs):
        theirs = [p is None or p.primitive is None or p.serial in views for p in node.parents]
        if any(theirs):
            pairs = zip(node.inputs, theirs, strict=True)
            node.inputs = tuple(kept(x) if them else x for x, them in pairs)
            if node.primitive.name in VIEWS:
                views.add(node.serial)


def _copy(x: Any) -> Any:
    """Return a copy of a plain array, for it to change alone; a number of NumPy's never does."""
    if isinstance(x, Traced | ArraySpace) or not hasattr(x, "__setitem__"):
        return x
    return backend_of(x).plain.asarray(x, copy=True)


class TapeEngine:
    """The transforms by the tape."""

    def jvp(
        self, f: Function, primals: list[Array], tangents: list[Array | None]
    ) -> tuple[list[Array], list[Array | None], list[Array]]:
        """Return the values of `f`, their tangents, and the auxiliaries."""
        of = plain_backend(primals)
        level = ForwardLevel(of, traced(of.plain))
        pairs = zip(primals, tangents, strict=True)
        try:
            with of.sweeping():
                ys, aux = f(*(x if dx is None else Dual(x, dx, level) for x, dx in pairs))
            refuse_leaks([*ys, *aux])
        finally:
            level.open = False
        dys = [y.tangent if _of(level, y) else None for y in ys]
        return _values(level, ys), dys, _values(level, aux)

    def linearize(self, f: Function, primals: list[Array]) -> tuple[list[Array], LinearMap]:
        """Return the values of `f`, and its derivative."""
        level, inputs, ys, outputs, _ = record(f, primals)
        keep_what_others_may_change(outputs)
        return [_copy(y) for y in ys], _graph(level, inputs, primals, outputs, ys)

    def record(
        self, f: Function, primals: list[Array], lasting: bool = True
    ) -> tuple[list[Array], Graph, list[Array]]:
        """Return the values of `f`, its graph, and the auxiliaries."""
        with watching():
            level, inputs, ys, outputs, aux = record(f, primals)
        graph = _graph(level, inputs, primals, outputs, ys)
        if lasting:
            keep_what_others_may_change(outputs)
        return [_copy(y) for y in ys], graph, [_copy(x) for x in aux]

    def vjp(
        self, f: Function, primals: list[Array]
    ) -> tuple[list[Array], Callable[[list[Array | None]], list[Array | None]], list[Array]]:
        """Return the values of `f`, the pullback, and the auxiliaries."""
        level, inputs, ys, outputs, aux = record(f, primals)
        keep_what_others_may_change(outputs)

        def pullback(ws: list[Array | None]) -> list[Array | None]:
            with level.backend.sweeping():
                return pull(level.namespace, inputs, list(outputs), list(ws))

        return [_copy(y) for y in ys], pullback, [_copy(x) for x in aux]

    def value_and_gradient(
        self, f: Function, primals: list[Array]
    ) -> tuple[Array, list[Array | None], list[Array]]:
        """Return the scalar value of `f`, its gradients, and the auxiliaries."""
        level, inputs, (y,), outputs, aux = record(f, primals)
        device = level.backend.device_of(untraced(y))
        seed = level.xp.asarray(1, dtype=y.dtype, device=device)
        found = pull(level.namespace, inputs, outputs, [seed], level.backend.sweeping)
        return y, found, aux

    def jacobian(
        self, f: Function, primals: list[Array], mode: str
    ) -> tuple[list[Array], list[list[Array]], list[Array]]:
        """Return the values of `f`, each one's Jacobian by each primal, and the auxiliaries."""
        level, inputs, ys, outputs, aux = record(f, primals)
        with level.backend.sweeping():
            return ys, _graph(level, inputs, primals, outputs, ys).jacobian(mode), aux


def graph_of(f: Function, primals: list[Array]) -> Graph:
    """Return the derivative of `f`, recorded to be used at once."""
    level, inputs, ys, outputs, _ = record(f, primals)
    return _graph(level, inputs, primals, outputs, ys)


def _graph(
    level: Level,
    inputs: list[Node],
    primals: list[Array],
    outputs: list[Node | None],
    ys: list[Array],
) -> Graph:
    domain = ProductSpace(tuple(map(space_of, primals)))
    codomain = ProductSpace(tuple(map(space_of, ys)))
    return Graph(level.namespace, inputs, outputs, domain, codomain)
