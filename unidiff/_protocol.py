"""What the core asks of a backend: its trees of containers, its engine, and the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Array = Any
Namespace = Any


class Tree(Protocol):
    """The backend's own trees of containers: `None` is an empty tree."""

    def flatten(self, tree: Any) -> tuple[list[Any], Any]:
        """Return the leaves, and the structure that `unflatten` takes."""

    def unflatten(self, structure: Any, leaves: Sequence[Any]) -> Any:
        """Return the tree of that structure, which knows its `num_leaves`."""

    def flatten_up_to(self, structure: Any, tree: Any) -> list[Any]:
        """Return what `tree` has in place of the leaves of the structure."""


FlatFunction = Callable[..., tuple[list[Array], list[Array]]]
"""A function of arrays to a list of arrays, and a list of auxiliary ones."""


class Engine(Protocol):
    """The transforms, of functions of arrays; None stands for a tangent or cotangent of zero."""

    def jvp(
        self, f: FlatFunction, primals: list[Array], tangents: list[Array | None]
    ) -> tuple[list[Array], list[Array | None], list[Array]]:
        """Return the values of `f`, their tangents, and the auxiliaries."""

    def vjp(
        self, f: FlatFunction, primals: list[Array]
    ) -> tuple[list[Array], Callable[[list[Array | None]], list[Array | None]], list[Array]]:
        """Return the values of `f`, the pullback, and the auxiliaries."""

    def linearize(self, f: FlatFunction, primals: list[Array]) -> tuple[list[Array], Any]:
        """Return the values of `f`, and its derivative, a LinearMap from a tuple to a tuple."""

    def record(
        self, f: FlatFunction, primals: list[Array], lasting: bool = True
    ) -> tuple[list[Array], Any, list[Array]]:
        """
        Return the values of `f`, its Graph, and the auxiliaries.

        The nodes of the graph are calls with linear maps; each knows the line of the program. One
        that is `lasting` shares no array with the caller that he may write to; one that is not is
        used up before the caller comes back.
        """

    def value_and_gradient(
        self, f: FlatFunction, primals: list[Array]
    ) -> tuple[Array, list[Array | None], list[Array]]:
        """Return the scalar value of `f`, its gradients, and the auxiliaries."""

    def jacobian(
        self, f: FlatFunction, primals: list[Array], mode: str
    ) -> tuple[list[Array], list[list[Array]], list[Array]]:
        """Return the values of `f`, each one's Jacobian by each primal, and the auxiliaries."""


class Backend(Protocol):
    """What a package `unidiff_<name>` exposes as `backend`.

    Attributes
    ----------
    name : str
        The library's name, as in `unidiff_<name>`.
    version : str
        The library's version.
    plain : namespace
        The library's array-API namespace: what the value of a rule computes with.
    xp : namespace
        The same with unidiff's functions: what users compute with.
    namespace : namespace
        What linear maps of untraced arrays compute with: `plain` where the tape differentiates,
        `xp` where the library itself does.
    tree, engine
        Trees of containers, and the transforms.
    kernels : mapping from str to callable
        Native values by primitive name, `(*arrays, **static) -> (y, *saved)`: fresh arrays,
        never an argument nor a view.
    lifts : frozenset of str
        Names of backends whose arrays this library takes for its own, as JAX does NumPy's.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def plain(self) -> Namespace: ...
    @property
    def xp(self) -> Namespace: ...
    @property
    def namespace(self) -> Namespace: ...
    @property
    def tree(self) -> Tree: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def kernels(self) -> Mapping[str, Callable[..., Any]]: ...
    @property
    def lifts(self) -> frozenset[str]: ...

    def is_array(self, x: Any) -> bool:
        """Whether `x` is an array of this library."""

    def asarray(self, x: Any) -> Array:
        """Return `x`, a number or an array of any library, as an array; they may share memory."""

    def lift(self, x: Any) -> Array:
        """Return `x`, a number or an array of a library in `lifts`, as an array of its own."""

    def exported(self, x: Array) -> Array:
        """Return `x` as DLPack can export it, if no derivative is lost."""

    def device_of(self, x: Array) -> Any:
        """Return the device that `x` is on."""

    def devices(self) -> list[Any]:
        """Return the devices of this library."""

    def to_host(self, x: Array) -> Any:
        """Return the numbers as an array of NumPy's, None while a transform hides them."""

    def bind(self, primitive: Any) -> Callable[..., Any]:
        """Return the primitive as a function of this library's arrays."""

    def linear_transpose(self, f: Callable[[Array], Array], like: Any, w: Array) -> Array:
        """Return the transpose of the linear `f`, of arrays like `like`, at `w`."""

    def checkpoint(self, f: Callable[..., list[Array]]) -> Callable[..., list[Array]]:
        """Return `f`, which keeps nothing but its arguments for its derivative."""

    def stop_gradient(self, x: Array) -> Array:
        """Return `x` as a constant."""

    def owned(self, x: Array, theirs: Sequence[Any]) -> Array:
        """Return `x` as an array that may be written to, if any may, and shared with no other."""

    def hold(self, x: Array) -> Any:
        """Let nobody write to `x`; return what to `release`, None if nothing was done."""

    def release(self, owner: Any) -> None:
        """Let it be written to again."""

    def sweeping(self) -> AbstractContextManager[Any]:
        """Return a context in which derivatives may meet 0·∞ without a warning."""
