"""The one file that knows JAX's semi-public names, and how they changed from 0.6 to 0.12."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp

try:
    from jax.extend.core import Literal as Literal
    from jax.extend.core import Primitive
    from jax.extend.core import jaxpr_as_fun as jaxpr_as_fun
    from jax.interpreters import ad, batching, mlir
except ImportError as error:  # then no primitive can be declared, and `jax.custom_jvp` serves
    missing: ImportError | None = error
else:
    missing = None

Array = Any


# -- primitives of our own ------------------------------------------------------------------------


def declare(
    name: str,
    jitted: Callable[..., Any],
    jvp: Callable[..., Any],
    batch: Callable[..., Any],
    transpose: Callable[..., Any],
) -> Any:
    """
    Return a JAX primitive that returns what the jitted function `jitted(**parameters)` returns.

    The types come from the trace of that function, which keeps weak types, shardings and varying
    axes in every version; it is cached, and so is its lowering.
    """
    if missing is not None:
        raise missing
    p = Primitive(name)
    p.multiple_results = True

    def run(*args: Array, **parameters: Any) -> list[Array]:
        return list(jitted(**parameters)(*args))

    def types(*avals: Any, **parameters: Any) -> list[Any]:
        return list(jitted(**parameters).trace(*avals).jaxpr.out_avals)

    p.def_impl(run)
    p.def_abstract_eval(types)
    mlir.register_lowering(p, mlir.lower_fun(run, multiple_results=True))
    ad.primitive_jvps[p] = lambda xs, tangents, **how: jvp(_of_literals(xs), tangents, **how)
    ad.primitive_transposes[p] = lambda ws, *xs, **how: transpose(ws, *_of_literals(xs), **how)
    batching.primitive_batchers[p] = lambda xs, dims, **how: batch(_of_literals(xs), dims, **how)
    return p


def _of_literals(xs: Sequence[Any]) -> list[Any]:
    """Return the arguments; numbers in a jaxpr, which JAX hands over as such, as weak arrays."""
    return [jnp.asarray(x) if isinstance(x, bool | int | float | complex) else x for x in xs]


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


def zeros_of_unknown(x: Any) -> Array:
    """Return zeros like an unknown argument of a transposition, sharded and varying as it is."""
    return ad.instantiate_zeros(ad.Zero(x.aval))


def sum_of(s: Any, t: Any) -> Any:
    """Return the sum of two tangents, None standing for zero."""
    return t if s is None else s if t is None else ad.add_tangents(s, t)


# -- what is traced -------------------------------------------------------------------------------


def is_traced(x: Array) -> bool:
    """Return whether x stands for numbers that are not known yet."""
    return isinstance(x, jax.core.Tracer)


def read_by(f: Callable[..., Any], *like: Any) -> list[int]:
    """Return which arguments the values of f depend on, by its equations."""
    jaxpr = jax.make_jaxpr(f)(*like).jaxpr
    needed = {id(v) for v in jaxpr.outvars}
    for equation in reversed(jaxpr.eqns):
        if any(id(v) in needed for v in equation.outvars):
            needed.update(id(v) for v in equation.invars)
    return [k for k, v in enumerate(jaxpr.invars) if id(v) in needed]


# -- several devices ------------------------------------------------------------------------------


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


def on_each_device(
    f: Callable[[], Any], mesh: Any, axes: tuple[str, ...], out_specs: Any
) -> Callable[[], Any]:
    """
    Return f as each device along the axes calls it, to make its part of the whole.

    What f closes over is whole on every device. Without a mesh, it is the one that is set. Whether
    values vary over devices is not checked: a user's loop may start from what does not, and go on
    to what does.
    """
    shard_map: Any = jax.shard_map
    return shard_map(  # type: ignore[no-any-return]
        f,
        mesh=mesh,
        in_specs=(),
        out_specs=out_specs,
        axis_names=frozenset(axes),
        check_vma=False,
    )


def collected(x: Array) -> Array:
    """Return x whole on every device, if its type says that it is split: on an explicit mesh."""
    sharding = getattr(jax.typeof(x), "sharding", None)
    if sharding is None or all(axis is None for axis in sharding.spec):
        return x
    nowhere = jax.sharding.NamedSharding(sharding.mesh, jax.sharding.PartitionSpec())
    whole: Array = _reshard()(x, nowhere)
    return whole


def _reshard() -> Any:
    for holder in (jax, jax.sharding):
        if hasattr(holder, "reshard"):
            return holder.reshard
    return import_module("jax.experimental.shard").reshard  # JAX 0.6
