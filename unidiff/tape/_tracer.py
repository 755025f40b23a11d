"""Tracers: arrays that record what is done to them.

A `Tracer` is a value of the level below and the node that made it; a `Dual` is a value and its
tangent, which needs no record. Handle and node are two objects, so that `x[i] = v` can bind the
handle anew.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from .._backend import Array, Traced, kind_of
from .._errors import ConcretizationError
from .._primitive import Primitive
from ..linear import LinearMap
from ..linear._map import add
from ._level import (
    Level,
    Node,
    OneOutput,
    next_serial,
    no_static,
    of_map,
    untraced,
)

Method = Callable[..., Any]


def _refuse(what: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        msg = (
            f"{what} of a traced array, {self!r}, would lose its derivative: compute with "
            "ud.array_namespace(x), or take stop_gradient(x) or value_of(x) first"
        )
        raise ConcretizationError(msg)

    return method


class TracedArray(Traced):
    """What the two kinds of tracers share: the face of an array."""

    __slots__ = ("level", "value")
    __hash__: ClassVar[None]  # type: ignore[assignment]
    level: Level
    value: Any

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    dtype = property(lambda self: self.value.dtype)
    size = property(lambda self: self.value.size)
    device = property(lambda self: getattr(self.value, "device", None))

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        return self.level.namespace

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            return NotImplemented
        return self.level.namespace.of_ufunc(ufunc.__name__)(*args)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self.level.namespace.of_function(function, args, kwargs)

    __array__ = _refuse("np.asarray")
    __float__ = _refuse("float()")
    __int__ = __index__ = _refuse("int()")
    __complex__ = _refuse("complex()")
    __dlpack__ = __dlpack_device__ = _refuse("from_dlpack()")
    __reduce__ = _refuse("pickle")

    def __bool__(self) -> bool:
        return bool(self.value)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Array]:
        return (self[k, ...] for k in range(len(self)))

    def __setitem__(self, index: Any, x: Any) -> None:
        """Not a mutation: this handle is bound to a new array."""
        changed = self.level.namespace.at_set(self, index, x)
        if type(changed) is not type(self):
            msg = "x[index] = v: v is traced forward and x backward, or the reverse; use xp.where"
            raise TypeError(msg)
        for name in ("level", "value", *type(self).__slots__):
            setattr(self, name, getattr(changed, name))

    def __getitem__(self, index: Any) -> Array:
        return self.level.namespace.getitem(self, index)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape={tuple(self.shape)}, dtype={self.dtype})"


class Tracer(TracedArray):
    """An array, and the node that made it."""

    __slots__ = ("node",)

    def __init__(self, value: Any, node: Node, level: Level) -> None:
        self.value, self.node, self.level = value, node, level

    def through(self, linear_map: LinearMap, y: Array = None) -> Array:
        a = self.value
        y = linear_map(a) if y is None else y
        node = Node(next_serial(), of_map, (self.node,), (a,), y, no_static, (), linear_map)
        return Tracer(y, node, self.level)


class Dual(TracedArray):
    """An array, and its tangent."""

    __slots__ = ("tangent",)

    def __init__(self, value: Any, tangent: Any, level: Level) -> None:
        self.value, self.tangent, self.level = value, tangent, level

    def through(self, linear_map: LinearMap, y: Array = None) -> Array:
        y = linear_map(self.value) if y is None else y
        return Dual(y, linear_map(self.tangent), self.level)


class ReverseLevel(Level):
    """A level that records nodes, to be swept either way."""

    __slots__ = ()

    def outputs(
        self, primitive: Primitive, args: Any, inputs: Any, static: Any, ys: Any, saved: Any
    ) -> tuple[Array, ...]:
        parents = tuple(x.node if getattr(x, "level", None) is self else None for x in args)
        output = ys[0] if primitive.single else ys
        node = Node(next_serial(), primitive, parents, inputs, output, static, saved)
        if primitive.single:
            return (Tracer(output, node, self),)
        count = len(ys)
        return tuple(
            Tracer(y, self._output(node, j, count), self) if kind_of(y) else y
            for j, y in enumerate(ys)
        )

    def _output(self, node: Node, j: int, count: int) -> Node:
        one = OneOutput(j, count)
        return Node(next_serial(), one, (node,), (node.output,), node.output[j], no_static)

    def record_map(self, linear_map: LinearMap, args: Any) -> Array:
        mine = [getattr(x, "level", None) is self for x in args]
        inputs = tuple(x.value if m else x for x, m in zip(args, mine, strict=True))
        parents = tuple(x.node if m else None for x, m in zip(args, mine, strict=True))
        y = linear_map(inputs)
        node = Node(next_serial(), of_map, parents, inputs, y, no_static, (), linear_map)
        return Tracer(y, node, self)


class ForwardLevel(Level):
    """A level that pushes tangents forward at once, and records nothing."""

    __slots__ = ()

    def outputs(
        self, primitive: Primitive, args: Any, inputs: Any, static: Any, ys: Any, saved: Any
    ) -> tuple[Array, ...]:
        output = ys[0] if primitive.single else ys
        node = Node(0, primitive, (), inputs, output, static, saved)
        tangents: Any = None
        for k, x in enumerate(args):
            if getattr(x, "level", None) is self and x.tangent is not None:
                tangents = add(tangents, primitive.push(self.namespace, node, k, x.tangent))
        if primitive.single:
            tangents = (tangents,)
        elif tangents is None:
            tangents = (None,) * len(ys)
        pairs = zip(ys, tangents, strict=True)
        return tuple(y if dy is None else Dual(y, dy, self) for y, dy in pairs)

    def record_map(self, linear_map: LinearMap, args: Any) -> Array:
        mine = [getattr(x, "level", None) is self for x in args]
        values = tuple(x.value if m else x for x, m in zip(args, mine, strict=True))
        tangents = tuple(x.tangent if m else None for x, m in zip(args, mine, strict=True))
        return Dual(linear_map(values), linear_map(tangents), self)


# -- operators and functions of numbers: straight to the level below when the levels allow it ------


def unary(primitive: Primitive, raw: Method) -> Method:
    """Return the namespace's function of one array."""

    def function(x: Any) -> Any:
        kind = type(x)
        if kind is not Tracer and kind is not Dual:
            return raw(x)
        a = x.value
        y = function(a) if isinstance(a, Traced) else raw(a)
        if kind is Dual:
            return _pushed(x.level, primitive, (a,), y, (x.tangent,))
        return Tracer(y, Node(next_serial(), primitive, (x.node,), (a,), y, no_static), x.level)

    function.__name__ = primitive.name
    return function


def binary(primitive: Primitive) -> tuple[Method, Method]:
    """Return the operator's two methods, x ∘ other and other ∘ x."""
    apply = getattr(operator, OPERATORS[primitive.name])

    def method(self: Any, other: Any) -> Any:
        if type(self) is not Tracer:
            return _dual(primitive, apply, (self, other))
        level, a = self.level, self.value
        if type(other) is Tracer:
            if other.level is not level:
                return primitive(self, other)
            b = other.value
            parents: Any = (self.node, other.node)
        elif isinstance(other, Traced):
            return primitive(self, other)
        else:
            b, parents = other, (self.node, None)
        y = apply(a, b)
        if y is NotImplemented:
            return y
        return Tracer(y, Node(next_serial(), primitive, parents, (a, b), y, no_static), level)

    def reflected(self: Any, other: Any) -> Any:
        if type(self) is not Tracer or isinstance(other, Traced):
            return _dual(primitive, apply, (other, self))
        a = self.value
        y = apply(other, a)
        if type(y) is complex:  # NumPy's float64 is a float: Python multiplies it by itself
            y = self.level.xp.asarray(y)
        node = Node(next_serial(), primitive, (None, self.node), (other, a), y, no_static)
        return Tracer(y, node, self.level)

    return method, reflected


def _dual(primitive: Primitive, apply: Method, args: tuple[Any, Any]) -> Any:
    """Return x ∘ y where one is a Dual: its own level's, when no other level is about."""
    x, y = args
    level = x.level if type(x) is Dual else y.level if type(y) is Dual else None
    a, dx, b, dy = x, None, y, None
    if isinstance(x, Dual) and x.level is level:
        a, dx = x.value, x.tangent
    elif isinstance(x, Traced):
        return primitive(x, y)
    if isinstance(y, Dual) and y.level is level:
        b, dy = y.value, y.tangent
    elif isinstance(y, Traced):
        return primitive(x, y)
    found = apply(a, b)
    if found is NotImplemented:
        return found
    assert level is not None
    if type(found) is complex:
        found = level.xp.asarray(found)
    return _pushed(level, primitive, (a, b), found, (dx, dy))


def _pushed(
    level: Any, primitive: Primitive, inputs: tuple[Any, ...], y: Any, tangents: tuple[Any, ...]
) -> Dual:
    """Return the value of a call with its tangent."""
    node = Node(0, primitive, (), inputs, y, no_static)
    total, xp = None, level.namespace
    for operand, dx in enumerate(tangents):
        if dx is not None:
            term = primitive.push(xp, node, operand, dx)
            total = term if total is None else total + term
    return Dual(y, total, level)


COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
OPERATORS = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "truediv",
    "pow": "pow",
    "matmul": "matmul",
}


def install_operators(functions: dict[str, Any]) -> None:
    """Give the tracers the operators of these functions: the tape itself knows no rule."""
    for name, spelling in OPERATORS.items():
        if name in functions:
            method, reflected = binary(functions[name])
            setattr(TracedArray, f"__{spelling}__", method)
            setattr(TracedArray, f"__r{spelling}__", reflected)


def install_face(face: dict[str, Any]) -> None:
    """Give the tracers methods and attributes."""
    for name, member in face.items():
        setattr(TracedArray, name, member)


def _comparison(apply: Method) -> Method:
    return lambda self, other: apply(untraced(self), untraced(other))


install_face({f"__{name}__": _comparison(getattr(operator, name)) for name in COMPARISONS})
TracedArray.__hash__ = None
