"""A rule as a torch function: one autograd Function, whose backward is `L.T` and whose jvp is `L`.

A rule's transpose does not conjugate; torch's cotangents are conjugate to that, so `backward`
translates both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import reduce
from inspect import signature
from typing import Any

import torch
from torch.overrides import handle_torch_function, has_torch_function

from unidiff._backend import SCALARS
from unidiff._signature import parse_signature
from unidiff.linear import LinearMap, zero

Array = Any
Static = tuple[tuple[str, Any], ...]

WIDER = {
    torch.bfloat16: torch.float32,
    torch.float16: torch.float32,
    torch.complex32: torch.complex64,
}


def bind(backend: Any, primitive: Any) -> Callable[..., Any]:
    """Return the primitive as a function of tensors."""
    function = Rule(backend, primitive).function()
    count, check = len(primitive.core_out), primitive.check

    def apply(parameters: Static, *xs: Array) -> Any:
        return function.apply(parameters, *xs)

    # dynamo keeps the call whole, AOTAutograd traces into it
    applied: Any = torch.compiler.allow_in_graph(apply)

    def call(*arrays: Array, **parameters: Any) -> Any:
        if has_torch_function(arrays) and not torch.compiler.is_compiling():
            return handle_torch_function(call, arrays, *arrays, **parameters)  # modes, fx: one node
        xs = tensors(arrays)
        check(xs)
        wide = [x.to(WIDER[x.dtype]) if x.dtype in WIDER else x for x in xs]
        static = tuple((name, parameters[name]) for name in sorted(parameters))
        ys = applied(static, *wide)[:count]
        narrow = _narrow(xs)
        if narrow is not None:
            ys = [y.to(narrow) if y.dtype == WIDER[narrow] else y for y in ys]
        return ys[0] if primitive.single else tuple(ys)

    call.__name__ = call.__qualname__ = primitive.name
    return call


def tensors(arrays: tuple[Any, ...]) -> list[Array]:
    """Return the arrays, with Python scalars as tensors of the dtype and device of the others."""
    if all(type(x) not in SCALARS for x in arrays):
        return list(arrays)
    others = [x for x in arrays if type(x) not in SCALARS]
    dtype = reduce(torch.promote_types, (x.dtype for x in others))
    return [
        torch.full((), x, dtype=_weak(x, dtype), device=others[0].device)
        if type(x) in SCALARS
        else x
        for x in arrays
    ]


def _weak(x: Any, dtype: torch.dtype) -> torch.dtype:
    """Return the dtype of a number among tensors: torch.result_type does not compile."""
    if type(x) is complex:
        return torch.promote_types(dtype, torch.complex32)
    if type(x) is float and not (dtype.is_floating_point or dtype.is_complex):
        return torch.get_default_dtype()
    return torch.int64 if type(x) is int and dtype == torch.bool else dtype


def _narrow(xs: list[Array]) -> torch.dtype | None:
    """Return the half precision that the arrays share, None where they have a wider one."""
    dtype = reduce(torch.promote_types, (x.dtype for x in xs))
    return dtype if dtype in WIDER else None


class Rule:
    """The methods of the autograd Function of one primitive: outputs first, what is saved last."""

    def __init__(self, backend: Any, primitive: Any) -> None:
        self.backend, self.primitive = backend, primitive
        self.n_in, self.n_out = len(primitive.core_in), len(primitive.core_out)
        self.dims_in, self.dims_out = parse_signature(primitive.signature)
        self.moving_of: dict[Any, list[int]] = {}

    def function(self) -> Any:
        """Return the Function, whose signature torch asks for at every call."""

        def forward(parameters: Static, *xs: Array) -> tuple[Array, ...]:
            return self.forward(parameters, *xs)

        forward.__signature__ = signature(forward)  # type: ignore[attr-defined]
        names = ("setup_context", "backward", "jvp", "vmap")
        members: dict[str, Any] = {name: staticmethod(getattr(self, name)) for name in names}
        members["forward"] = staticmethod(forward)
        members |= {"generate_vmap_rule": False, "rule": self}
        made: Any = type(self.primitive.name, (torch.autograd.Function,), members)
        self.apply = made.apply
        return made

    def derivative(self, saved: tuple[Array, ...], parameters: Static) -> LinearMap:
        """Return the derivative, of a tuple to a tuple, at what the context has saved."""
        n, m = self.n_in, self.n_in + self.n_out
        xs, ys, extras = saved[:n], saved[n:m], saved[m:]
        return self.primitive.map_of_tuples(  # type: ignore[no-any-return]
            self.backend.namespace, ys, xs, dict(parameters), extras
        )

    def forward(self, parameters: Static, *xs: Array) -> tuple[Array, ...]:
        with _no_autocast(xs[0]):
            ys = self.primitive.evaluate(self.backend, xs, dict(parameters))
        return tuple(_own(y, xs) for y in ys)

    def setup_context(self, ctx: Any, inputs: tuple[Any, ...], output: tuple[Array, ...]) -> None:
        ctx.parameters, *xs = inputs
        ctx.set_materialize_grads(False)
        saved = (*xs, *output)
        constant = list(output[self.n_out :])
        if self.primitive.rule is not None:
            moving = self._moving(saved, ctx.parameters)
            constant += [output[j] for j in range(self.n_out) if j not in moving]
        ctx.mark_non_differentiable(*constant)
        ctx.save_for_backward(*saved)
        ctx.save_for_forward(*saved)  # the same tensors in the same order

    def _moving(self, saved: tuple[Array, ...], parameters: Static) -> list[int]:
        """
        Return which outputs move: of one output, that follows from the dtypes.

        While torch traces, parameters may be symbols, which no map can be made of here.
        """
        if self.primitive.elementwise:
            return [0]
        if not self.primitive.single:
            return self.derivative(saved, parameters).moving(self.n_out)
        key = tuple(x.dtype for x in saved)
        found = self.moving_of.get(key)
        if found is None:
            if any(isinstance(x, torch.SymInt | torch.SymFloat) for _, x in parameters):
                return [0]
            found = self.derivative(saved, parameters).moving(self.n_out)
            self.moving_of[key] = found
        return found

    def backward(self, ctx: Any, *gradients: Array | None) -> tuple[Array | None, ...]:
        needed = tuple(i for i, need in enumerate(ctx.needs_input_grad[1:]) if need)
        given = tuple(j for j, g in enumerate(gradients) if g is not None)
        found: list[Array | None] = [None] * (1 + self.n_in)
        if not given or not needed:
            return tuple(found)
        saved = ctx.saved_tensors
        with _no_autocast(saved[0]):
            L = self.derivative(saved, ctx.parameters).pick(needed, given)
            if L is not zero:
                ws = L.pull(tuple(conjugated(gradients[j]) for j in given))
                for i, w in zip(needed, ws, strict=True):
                    found[1 + i] = conjugated(w)
        return tuple(found)

    def jvp(self, ctx: Any, _: None, *tangents: Array | None) -> tuple[Array | None, ...]:
        live = tuple(i for i, dx in enumerate(tangents) if dx is not None)
        with forward_mode_on():
            saved = primals(ctx.saved_tensors)
            with _no_autocast(saved[0]):
                L = self.derivative(saved, ctx.parameters).pick(inputs=live)
                moving = tuple(L.moving(self.n_out))
                dxs = tuple(tangents[i] for i in live)
                dys = dict(zip(moving, L.pick(outputs=moving)(dxs), strict=True)) if moving else {}
        count = len(saved) - self.n_in
        return tuple(dys.get(j) for j in range(count))

    def vmap(self, info: Any, in_dims: tuple[Any, ...], parameters: Static, *xs: Array) -> Any:
        """
        Call the Function once: rules take stacks.

        The batch axis goes before an argument's own stack, and the stacks are aligned. An axis
        that the signature makes optional is filled in, for else the batch would be taken for it.
        """
        lacking: set[str] = set()
        moved = []
        for x, d, dims in zip(xs, in_dims[1:], self.dims_in, strict=True):
            x = x.unsqueeze(0) if d is None else x.movedim(d, 0)
            if x.ndim - 1 < len(dims):
                optional = [dim for dim in dims if dim.endswith("?")]
                lacking.update(optional)
                for dim in optional:
                    x = x.unsqueeze(1 + dims.index(dim))
            moved.append(x)
        stacks = [x.ndim - 1 - len(dims) for x, dims in zip(moved, self.dims_in, strict=True)]
        aligned = []
        for x, d, stack in zip(moved, in_dims[1:], stacks, strict=True):
            if d is None and not self.primitive.saves:
                aligned.append(x.squeeze(0))
            else:
                aligned.append(x.reshape(x.shape[:1] + (1,) * (max(stacks) - stack) + x.shape[1:]))
        ys = self.apply(parameters, *aligned)
        return self._outputs(info.batch_size, ys, lacking)

    def _outputs(self, size: int, ys: tuple[Array, ...], lacking: set[str]) -> Any:
        """Return the outputs and where their batch axis is; what is saved may have none."""
        found: list[Array] = []
        dims_of: list[int | None] = []
        for y, dims in zip(ys[: self.n_out], self.dims_out, strict=True):
            for axis in (k for k in range(-len(dims), 0) if dims[k] in lacking):
                y = y.squeeze(axis)
            found.append(y)
            dims_of.append(0)
        for y in ys[self.n_out :]:
            found.append(y if y.shape[0] == size else y.squeeze(0))
            dims_of.append(0 if y.shape[0] == size else None)
        return tuple(found), tuple(dims_of)


def conjugated(g: Array | None) -> Array | None:
    """Return conj g, with nothing pending."""
    return g.conj().resolve_conj() if g is not None and g.is_complex() else g


def _own(y: Array, xs: tuple[Array, ...]) -> Array:
    """Return an output that is neither an argument nor a view, which a Function must not return."""
    return y.clone() if y._is_view() or any(y is x for x in xs) else y


def _no_autocast(x: Array) -> AbstractContextManager[Any]:
    """Rules compute in the dtype of their arguments."""
    device = x.device.type
    enabled = torch.is_autocast_enabled(device)
    return torch.autocast(device, enabled=False) if enabled else nullcontext()


# -- torch's private names, all of them -----------------------------------------------------------


@contextmanager
def forward_mode_on() -> Iterator[None]:
    """Switch forward mode on in jvp, where torch has it off: outer levels need it (#197867)."""
    before = torch._C._is_fwd_grad_enabled()
    torch._C._set_fwd_grad_enabled(True)
    try:
        yield
    finally:
        torch._C._set_fwd_grad_enabled(before)


def primals(saved: tuple[Array, ...]) -> tuple[Array, ...]:
    """Return what was saved, less the tangents of the level that jvp is called for."""
    return tuple(torch._VF._unpack_dual(t, level=0)[0] for t in saved)


def level_of(x: Array) -> int:
    """Return the number of the innermost transform of torch.func that wraps x, −1 for none."""
    return int(torch._C._functorch.maybe_get_level(x))


def alive(x: Array) -> Array:
    """Return x without the wrappers of transforms of torch.func that are over."""
    unwrapped = torch._C._functorch.unwrap_if_dead(x)
    return x if unwrapped is x else alive(unwrapped)


def visible(x: Array) -> bool:
    """Return whether the numbers can be looked at: outside of transforms and traces."""
    if torch.compiler.is_compiling() or torch.utils._python_dispatch._get_current_dispatch_mode():
        return False
    keys = str(torch._C._dispatch_keys(x))  # the key of older batches has no other name
    return not any(wrapper in keys for wrapper in ("Batched", "FuncTorch", "Python"))
