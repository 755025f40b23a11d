"""The JAX backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from unidiff._errors import PrecisionError
from unidiff._primitive import Primitive
from unidiff.linear import ArraySpace

from ._engine import JaxEngine
from ._index import kernels as index_kernels
from ._jax import varying_alike
from ._kernels import kernels
from ._namespace import xp
from ._primitives import Bound
from ._special import kernels as special_kernels
from ._spectra import kernels as spectra_kernels

Array = Any


class JaxTree:
    """JAX's own trees of containers."""

    def flatten(self, tree: Any) -> tuple[list[Any], Any]:
        """Return the leaves, and the structure that `unflatten` takes."""
        return jax.tree_util.tree_flatten(tree)

    def unflatten(self, structure: Any, leaves: Sequence[Any]) -> Any:
        """Return the tree of that structure."""
        return jax.tree_util.tree_unflatten(structure, leaves)

    def flatten_up_to(self, structure: Any, tree: Any) -> list[Any]:
        """Return what `tree` has in place of the leaves of the structure."""
        return list(structure.flatten_up_to(tree))


class JaxBackend:
    """JAX, whose own transforms differentiate, map and compile our primitives."""

    name = "jax"
    version = jax.__version__
    plain: Any = jnp
    xp: Any = xp
    namespace: Any = xp
    tree = JaxTree()
    engine = JaxEngine()
    kernels = kernels | index_kernels | spectra_kernels | special_kernels
    lifts = frozenset({"numpy"})

    def is_array(self, x: Any) -> bool:
        """Return whether `x` is an array or a tracer of JAX's."""
        return isinstance(x, jax.Array)

    def asarray(self, x: Any) -> Array:
        """
        Return `x`, a number or an array of NumPy's, as an array of JAX's.

        Raises
        ------
        PrecisionError
            If JAX would cut NumPy's double precision to single.
        """
        if isinstance(x, jax.Array):
            return x
        if isinstance(x, np.ndarray | np.generic):
            _refuse_cut(x.dtype)
        return jnp.asarray(x)

    def device_of(self, x: Array) -> Any:
        """Return the one device that `x` is bound to: None of a tracer, or where JAX chooses."""
        if isinstance(x, jax.core.Tracer) or not x.committed or len(x.devices()) != 1:
            return None
        return x.device

    def devices(self) -> list[Any]:
        """Return the devices that JAX sees."""
        return list(jax.devices())

    def bind(self, primitive: Primitive) -> Callable[..., Any]:
        """Return the primitive as a function of JAX's arrays."""
        return Bound(primitive, self)

    def linear_transpose(self, f: Callable[[Array], Array], like: ArraySpace, w: Array) -> Array:
        """Return the transpose of the linear `f` at `w`, which may have more leading axes."""

        def transpose(w: Array) -> Array:
            zeros, _ = varying_alike([jnp.zeros(like.shape, like.dtype), w])
            return jax.linear_transpose(f, zeros)(w)[0]

        of_one = jax.eval_shape(f, jax.ShapeDtypeStruct(like.shape, like.dtype))
        for _ in range(w.ndim - len(of_one.shape)):
            transpose = jax.vmap(transpose)
        return transpose(w)

    def checkpoint(self, f: Callable[..., list[Array]]) -> Callable[..., list[Array]]:
        """Return `f`, which JAX computes again in the backward sweep."""
        return jax.checkpoint(f)

    def stop_gradient(self, x: Array) -> Array:
        """Return `x` as a constant."""
        return jax.lax.stop_gradient(x)

    def owned(self, x: Array, theirs: Sequence[Any]) -> Array:
        """Return `x`: nobody writes to JAX's arrays."""
        return x

    def hold(self, x: Array) -> Any:
        """Return None: nobody writes to JAX's arrays."""
        return None

    def release(self, owner: Any) -> None:
        """Do nothing."""

    def sweeping(self) -> AbstractContextManager[Any]:
        """Return a context that does nothing: JAX does not warn."""
        return nullcontext()


def _refuse_cut(dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "fc" or jax.dtypes.canonicalize_dtype(dtype) == dtype:
        return
    single = jax.dtypes.canonicalize_dtype(dtype)
    msg = (
        f"wanted an array that JAX keeps as it is, got NumPy's {dtype}, which JAX would cut to "
        f'{single}: say jax.config.update("jax_enable_x64", True) when the program starts, or '
        f"convert the data, x.astype({single.name!r})"
    )
    raise PrecisionError(msg)


backend: Any = JaxBackend()
