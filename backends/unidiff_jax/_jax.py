"""The one file that knows JAX's semi-public names, and how they changed from 0.6 to 0.12."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

Array = Any


def declare(
    name: str,
    jitted: Callable[..., Any],
    jvp: Callable[..., Any],
    batch: Callable[..., Any],
    transpose: Callable[..., Any] | None = None,
) -> Any:
    """
    Return a JAX primitive that returns what the jitted function `jitted(**parameters)` returns.

    The types come from the trace of that function, which keeps weak types, shardings and varying
    axes in every version; it is cached, and so is its lowering.
    """
    p = Primitive(name)
    p.multiple_results = True

    def run(*args: Array, **parameters: Any) -> list[Array]:
        return list(jitted(**parameters)(*args))

    def types(*avals: Any, **parameters: Any) -> list[Any]:
        return list(jitted(**parameters).trace(*avals).jaxpr.out_avals)

    p.def_impl(run)
    p.def_abstract_eval(types)
    mlir.register_lowering(p, mlir.lower_fun(run, multiple_results=True))
    ad.primitive_jvps[p] = jvp
    batching.primitive_batchers[p] = batch
    if transpose is not None:
        ad.primitive_transposes[p] = transpose
    return p


def moving(tangents: Sequence[Any]) -> list[int]:
    """Return which of the tangents, or cotangents, are not structurally zero."""
    return [k for k, t in enumerate(tangents) if type(t) is not ad.Zero]


def unknown(args: Sequence[Any]) -> list[int]:
    """Return which arguments of a transposition are those it is linear in."""
    return [k for k, x in enumerate(args) if ad.is_undefined_primal(x)]


def zero_of(y: Array) -> Any:
    """Return the structural zero among tangents of y."""
    aval = jax.typeof(y)
    if hasattr(aval, "to_tangent_aval"):
        return ad.Zero(aval.to_tangent_aval())
    return ad.Zero(aval.at_least_vspace())


def sum_of(s: Any, t: Any) -> Any:
    """Return the sum of two tangents, None standing for zero."""
    return t if s is None else s if t is None else ad.add_tangents(s, t)


def _varying(x: Array) -> frozenset[Any]:
    """Return the axes of the mesh that x varies over, inside shard_map."""
    aval = jax.typeof(x)
    if hasattr(aval, "vma"):  # until 0.9
        return frozenset(aval.vma)
    return frozenset(getattr(getattr(aval, "manual_axis_type", None), "varying", ()))


def _vary(x: Array, axes: tuple[Any, ...]) -> Array:
    if hasattr(jax.lax, "pcast"):  # from 0.8
        return jax.lax.pcast(x, axes, to="varying")
    lax: Any = jax.lax
    return lax.pvary(x, axes)


def varying_alike(xs: Sequence[Array]) -> list[Array]:
    """Return the arrays, all varying over the same axes, as the operands of one equation must."""
    axes = [_varying(x) for x in xs]
    every = frozenset[Any]().union(*axes)
    pairs = zip(xs, axes, strict=True)
    return [_vary(x, tuple(every - mine)) if every - mine else x for x, mine in pairs]
