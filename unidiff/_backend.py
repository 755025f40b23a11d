"""Backends: what the core needs from an array library, found by the library's name.

The backend of JAX is the package `unidiff_jax`, found by `import_module`; whoever writes a package
`unidiff_mlx` that exposes one object, `backend`, has added a backend. Nothing is imported before
an array of that library, or its name, is seen.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

from array_api_compat import array_namespace as _compat_namespace

from . import _guard  # noqa: F401  (here too: the parser may have overwritten our __init__)
from ._errors import BackendError, BackendMismatchError
from ._protocol import Array as Array
from ._protocol import Backend as Backend
from ._protocol import Engine as Engine
from ._protocol import FlatFunction as FlatFunction
from ._protocol import Namespace as Namespace
from ._protocol import Tree as Tree

Shape = tuple[int, ...]
Function = TypeVar("Function", bound=Callable[..., Any])


class Traced:
    """An array that records what is done to it. The tape's tracers are its subclasses."""

    __slots__ = ()
    level: Any

    def through(self, linear_map: Any, y: Array = None) -> Array:
        """
        Record a map without traced leaves as one node: the map is its own derivative.

        Its value is y, a level below, where the caller has that already.
        """
        raise NotImplementedError


SCALARS = frozenset((bool, int, float, complex))
_by_name: dict[str, Backend] = {}
_by_type: dict[type, Backend] = {}
_plain: dict[type, Namespace] = {}


def backend(name: str) -> Backend:
    """
    Return the backend of that name.

    Parameters
    ----------
    name : str
        "numpy", "jax", "torch", or the name of any installed package `unidiff_<name>`.

    Returns
    -------
    backend : Backend

    Raises
    ------
    BackendError
        If there is no such package, or the array library it binds is not installed.

    Examples
    --------
    >>> import unidiff as ud
    >>> ud.backend("numpy").name
    'numpy'
    """
    found = _by_name.get(name)
    if found is None:
        found = _by_name[name] = _import(name)
    return found


def _import(name: str) -> Backend:
    module = f"unidiff_{name}"
    if not name.isidentifier() or find_spec(module) is None:
        msg = (
            f"no backend {name!r}; installed: {', '.join(installed())}. "
            f"A backend for {name} is a package called {module}."
        )
        raise BackendError(msg)
    try:
        loaded: Backend | None = getattr(import_module(module), "backend", None)
    except ModuleNotFoundError as error:
        msg = (
            f"the backend {name!r} needs {error.name}, which is not installed: "
            f"python -m pip install 'unidiff-array[{name}]'"
        )
        raise BackendError(msg) from error
    if loaded is None:
        msg = f"the package {module} is no backend: it exposes no object called `backend`"
        raise BackendError(msg)
    return loaded


def installed() -> list[str]:
    """Return the names of the backend packages found, whether or not their libraries are there."""
    names = {module.name for module in pkgutil.iter_modules()}
    return sorted(name.removeprefix("unidiff_") for name in names if name.startswith("unidiff_"))


def loaded() -> list[Backend]:
    """Return the backends in use."""
    return list(_by_name.values())


def imported() -> Iterator[Backend]:
    """Yield the backends that are not in use, of the libraries that somebody has imported."""
    for name in installed():
        if name in sys.modules and name not in _by_name:
            with suppress(BackendError):  # CuPy without a GPU
                yield backend(name)


def register_type(kind: type, of: Backend) -> None:
    """Say that arrays of this type, subclasses not included, belong to the backend."""
    _by_type[kind] = of
    if not issubclass(kind, Traced):
        _plain[kind] = of.plain


def backend_of(*arrays: Array) -> Backend:
    """
    Return the backend of the arrays: the one they share; Python scalars take the others'.

    Raises
    ------
    TypeError
        If no argument is an array or a scalar.
    BackendMismatchError
        If the arrays are of two backends, neither of which takes the other's for its own.
    BackendError
        If there is no backend for the arrays' library.
    """
    found = None
    for x in arrays:
        kind = type(x)
        mine = _by_type.get(kind)
        if mine is None:
            if kind in SCALARS:
                continue
            mine = _look_up(x)
        if found is None:
            found = mine
        elif mine is not found:
            found = _common(found, mine)
    if found is not None:
        return found
    if arrays:
        return backend("numpy")
    msg = "no argument is an array, so there is no backend to choose"
    raise TypeError(msg)


def device_of(x: Array) -> Any:
    """Return where to make an array that is to meet `x`, None where its library chooses."""
    return backend_of(x).device_of(x)


def _common(a: Backend, b: Backend) -> Backend:
    if b.name in a.lifts:
        return a
    if a.name in b.lifts:
        return b
    msg = (
        f"arrays of two backends, {a.name} and {b.name}, in one call; "
        f"convert one of them first, e.g. ud.backend({a.name!r}).asarray(x)"
    )
    raise BackendMismatchError(msg)


def _look_up(x: Any) -> Backend:
    """Return the backend of an array whose type is new."""
    kind = type(x)
    known = _look_up_type(kind)
    if known is not None:
        return _by_name.get(known) or _by_type[kind]
    try:
        name = _compat_namespace(x).__name__.removeprefix("array_api_compat.").split(".")[0]
    except TypeError:
        msg = f"wanted an array or a number, got {kind.__name__}"
        if isinstance(x, list | tuple):
            msg += "; turn it into an array first"
        elif kind.__module__ != "builtins":
            msg += (
                "; a class of containers is to be registered: in optree's namespace 'unidiff', or "
                "as JAX or torch have it"
            )
        raise TypeError(msg) from None
    register_type(kind, backend(name))
    return _by_type[kind]


def constant(f: Function) -> Function:
    """
    Say that f(...) never changes: `torch.compile` calls it while it traces, and trusts that.

    `torch.compiler.assume_constant_result` does the same. A backend can be imported in no other way
    there.
    """
    f._dynamo_marked_constant = True  # type: ignore[attr-defined]  # a function has any
    return f


@constant
def _look_up_type(kind: type) -> str | None:
    """Name the backend of a type that derives from a known one, or is of a package with one."""
    for known in kind.__mro__[:-1]:  # a subclass of a known array type: torch.nn.Parameter
        package = known.__module__.partition(".")[0]
        found = known in _by_type or package == "builtins"
        if not found and find_spec(f"unidiff_{package}") is not None:
            of = backend(package)
            if known not in _by_type and hasattr(known, "__dlpack__"):
                register_type(known, of)
        if known in _by_type:
            register_type(kind, _by_type[known])
            return _by_type[kind].name
    return None


_kinds: dict[tuple[type, Any], str] = {}


def kind_of(x: Array) -> str:
    """Return "real", "complex", or "" for arrays whose numbers cannot move."""
    dtype = x.dtype
    if type(x) not in _by_type and not hasattr(x, "xp"):
        _look_up(x)  # a backend may know the kinds of its dtypes
    key = type(dtype), dtype  # the types first: dtypes of two libraries may dislike to be compared
    found = _kinds.get(key)
    if found is None:
        xp = x.xp if hasattr(x, "xp") else array_namespace(x)  # of a space, its own
        kinds = {"real": "real floating", "complex": "complex floating"}
        found = next((k for k, name in kinds.items() if xp.isdtype(dtype, name)), "")
        _kinds[key] = found
    return found


def array_namespace(*arrays: Array) -> Namespace:
    """
    Return the namespace to compute on these arrays with.

    The traced one, if any of them is traced; else the plain namespace of a tape backend, or the
    native one of JAX and PyTorch, with unidiff's `linalg`.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.array_namespace(np.ones(3)).sin(0.0)
    np.float64(0.0)
    """
    found = None
    for x in arrays:
        if isinstance(x, Traced):
            return x.level.namespace
        if found is None and type(x) not in SCALARS:
            found = _by_type.get(type(x)) or _look_up(x)
    return (backend_of(*arrays) if found is None else found).namespace


def plain_namespace(x: Array) -> Namespace:
    """
    Return the library's own namespace of an untraced array.

    A map without traced leaves applies itself by it: our functions are made of such maps.
    """
    kind = type(x)
    found = _plain.get(kind)
    if found is None:
        found = backend_of(x).plain
    return found
