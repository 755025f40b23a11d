"""`apply_linear_map`, the one JAX primitive that applies linear maps.

    apply_linear_map[map=...] residuals... tangents...

It is linear in the tangents: its transpose applies `map.T`. Its derivative in the residuals is that
of the map's own body. A batch of it is the map `Batched`, in which what was not batched stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import tree_flatten, tree_leaves, tree_structure, tree_unflatten

from unidiff.linear import LinearMap, linear_map, static, zero

from ._jax import declare, moving, sum_of, unknown, varying_alike, zero_of
from ._promotion import promoting

Array = Any
Mask = tuple[bool, ...]


# -- a batch of a linear map ----------------------------------------------------------------------


@linear_map
class Batched(LinearMap):
    """`of`, once for each entry of the leading axis of the residuals and inputs that have one"""

    of: LinearMap
    size: int = static()
    residuals: Mask = static()
    """Whether each residual of `of` has the leading axis."""
    inputs: Mask = static()
    """Whether each input has it."""
    transposed: bool = static(default=False)

    def __call__(self, dxs: Any) -> Any:
        residuals, structure = tree_flatten(self.of)

        def apply_one(residuals: list[Array], dxs: Any) -> Any:
            L = tree_unflatten(structure, residuals)
            return (L.T if self.transposed else L)(dxs)

        given = (True,) * len(dxs) if self.transposed else self.inputs
        axes = list(axes_of(self.residuals)), axes_of(given)
        dys = jax.vmap(apply_one, axes, axis_size=self.size)(residuals, tuple(dxs))
        return self._summed(dys) if self.transposed else dys

    def _summed(self, dys: Any) -> tuple[Array | None, ...]:
        """The transpose of "the same for the whole batch" is the sum over the batch."""
        pairs = zip(dys, self.inputs, strict=True)
        return tuple(dy if dy is None or b else jnp.sum(dy, axis=0) for dy, b in pairs)

    @property
    def T(self) -> LinearMap:
        return Batched(self.of, self.size, self.residuals, self.inputs, not self.transposed)

    def _parts(self) -> tuple[LinearMap, ...]:
        return (self.of,)

    def pick(self, inputs: Any = None, outputs: Any = None) -> LinearMap:
        if self.transposed:
            inputs, outputs = outputs, inputs
        of = self.of.pick(inputs, outputs)
        if of is zero:
            return zero
        masks = tree_unflatten(tree_structure(self.of), self.residuals).pick(inputs, outputs)
        kept = self.inputs if inputs is None else tuple(self.inputs[k] for k in inputs)
        return Batched(of, self.size, tuple(tree_leaves(masks)), kept, self.transposed)

    def __repr__(self) -> str:
        return f"batched({self.of}){'.T' if self.transposed else ''}"


def axes_of(mask: Mask) -> tuple[int | None, ...]:
    """Return what `in_axes` of vmap is for these arguments."""
    return tuple(0 if batched else None for batched in mask)


def to_front(args: Sequence[Array], dims: Sequence[int | None]) -> list[Array]:
    """Return the arguments of a batching rule with their batch axis, if any, first."""
    pairs = zip(args, dims, strict=True)
    return [x if axis is None else jnp.moveaxis(x, axis, 0) for x, axis in pairs]


# -- the primitive --------------------------------------------------------------------------------


class Form:
    """What is static in a map, a parameter of the primitive: how its residuals make it."""

    __slots__ = ("count", "structure")

    def __init__(self, structure: Any) -> None:
        self.structure, self.count = structure, structure.num_leaves

    def split(self, args: Sequence[Array]) -> tuple[LinearMap, tuple[Array, ...]]:
        """Return the map of the residuals, which come first, and the tangents that follow."""
        return tree_unflatten(self.structure, args[: self.count]), tuple(args[self.count :])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Form) and self.structure == other.structure

    def __hash__(self) -> int:
        return hash(self.structure)

    def __repr__(self) -> str:
        return repr(tree_unflatten(self.structure, [False] * self.count))


def push(L: LinearMap, dxs: Sequence[Array], count: int) -> list[Array | None]:
    """Return L(dxs) for its `count` outputs: None where one is structurally zero."""
    live = L.moving(count)
    if not live:
        return [None] * count
    L = L if len(live) == count else L.pick(outputs=live)
    found = _apply(L, dxs)
    if len(found) < len(live):  # more outputs are zero than the algebra of maps can tell
        types = jax.eval_shape(lambda dxs: L(dxs) or (), tuple(dxs))
        live = [j for j, dy in zip(live, types, strict=False) if dy is not None]
    dys = dict(zip(live, found, strict=True))
    return [dys.get(j) for j in range(count)]


def _apply(L: LinearMap, dxs: Sequence[Array]) -> list[Array]:
    """Return L(dxs), as one equation of the jaxpr."""
    residuals, structure = tree_flatten(L)
    found: list[Array] = apply_p.bind(*varying_alike([*residuals, *dxs]), map=Form(structure))
    return found


@cache
def _jitted(map: Form) -> Callable[..., Any]:
    @promoting
    def apply_linear_map(*args: Array) -> Any:
        L, dxs = map.split(args)
        return [dy for dy in L(dxs) or () if dy is not None]

    return jax.jit(apply_linear_map)


def _jvp(primals: Any, tangents: Any, *, map: Form) -> tuple[list[Array], list[Any]]:
    dys = apply_p.bind(*primals, map=map)
    L, _ = map.split(primals)
    moved: list[Any] = [None] * len(dys)
    live = moving(tangents[map.count :])
    if live:
        moved = push(L.pick(inputs=live), [tangents[map.count + k] for k in live], len(dys))
    curved = moving(tangents[: map.count])
    if curved:
        bent = _bent(primals, tangents, curved, map)
        moved = [sum_of(m, b) for m, b in zip(moved, bent, strict=True)]
    return dys, [zero_of(dy) if m is None else m for m, dy in zip(moved, dys, strict=True)]


def _bent(primals: Any, tangents: Any, curved: list[int], map: Form) -> list[Array]:
    """Return the tangents that those of the residuals make, by the map's own body."""

    def of_residuals(*residuals: Array) -> list[Array]:
        args = list(primals)
        for k, r in zip(curved, residuals, strict=True):
            args[k] = r
        return list(_jitted(map)(*args))

    moved = [primals[k] for k in curved], [tangents[k] for k in curved]
    bent: list[Array] = jax.jvp(of_residuals, *moved)[1]
    return bent


def _transpose(cotangents: Any, *args: Any, map: Form) -> list[Any]:
    L, dxs = map.split(args)
    wanted, given = unknown(dxs), moving(cotangents)
    ws = push(L.pick(wanted, given).T, [cotangents[j] for j in given], len(wanted))
    found: list[Any] = [None] * len(args)
    for k, w in zip(wanted, ws, strict=True):
        found[map.count + k] = w
    return found


def _batch(args: Any, dims: Any, *, map: Form) -> tuple[list[Array], list[int]]:
    size = next(x.shape[axis] for x, axis in zip(args, dims, strict=True) if axis is not None)
    L, dxs = map.split(to_front(args, dims))
    mask = tuple(axis is not None for axis in dims)
    dys = _apply(Batched(L, size, mask[: map.count], mask[map.count :]), dxs)
    return dys, [0] * len(dys)


apply_p = declare("apply_linear_map", _jitted, _jvp, _batch, _transpose)
