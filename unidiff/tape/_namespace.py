"""The namespace of a tracer: the rules over any array namespace.

The rules fill `functions` and `linalg_functions` once, when they are imported. On plain arrays a
function falls through to the library's own after one type test.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

from .._backend import Traced
from .._primitive import Elementwise, missing_rule
from ._level import untraced
from ._tracer import OPERATORS, binary, unary

functions: dict[str, Any] = {}
linalg_functions: dict[str, Any] = {}
fft_functions: dict[str, Any] = {}
special_functions: dict[str, Any] = {}

WITHOUT_DERIVATIVE = frozenset(
    [
        "shape",
        "ndim",
        "size",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "isnan",
        "isfinite",
        "isinf",
        "logical_and",
        "sign",
        "logical_or",
        "logical_not",
        "logical_xor",
        "argmax",
        "argmin",
        "argsort",
        "floor",
        "ceil",
        "round",
        "trunc",
        "signbit",
        "all",
        "any",
        "count_nonzero",
        "searchsorted",
        "zeros_like",
        "ones_like",
        "empty_like",
    ]
)
CREATION = frozenset(
    [
        "zeros",
        "ones",
        "full",
        "empty",
        "eye",
        "arange",
        "linspace",
        "isdtype",
        "result_type",
        "can_cast",
        "finfo",
        "iinfo",
        "from_dlpack",
        "meshgrid",
    ]
)
SPELLINGS = {
    "absolute": "abs",
    "concatenate": "concat",
    "conjugate": "conj",
    "cumsum": "cumulative_sum",
    "power": "pow",
    "transpose": "permute_dims",
    "true_divide": "divide",
}
ARGUMENTS = {
    "sum": 1,
    "mean": 1,
    "cumsum": 1,
    "concatenate": 1,
    "concat": 1,
    "stack": 1,
    "expand_dims": 1,
    "squeeze": 1,
    "tril": 1,
    "triu": 1,
    "roll": 2,
    "take": 2,
    "take_along_axis": 2,
}
"""How many arguments NumPy's functions take before the axis; the standard's want its name."""


class TracedNamespace:
    """xp, as a tracer over arrays of xp sees it."""

    def __init__(self, xp: Any) -> None:
        self._xp = xp
        self._ufuncs: dict[str, Any] = {}
        self.__name__ = f"unidiff over {getattr(xp, '__name__', xp)}"
        for name, function in functions.items():
            setattr(self, name, _over(name, function, getattr(xp, name, None)))
        self.linalg = _Module("linalg", linalg_functions, None)
        self.fft = _Module("fft", fft_functions, getattr(xp, "fft", None))
        self.special = _Module("special", special_functions, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            found = getattr(self._xp, name)
        except AttributeError:
            msg = f"{self.__name__} has no {name!r}"
            raise AttributeError(msg) from None
        if name in WITHOUT_DERIVATIVE:
            found = _of_values(found)
        elif callable(found) and not isinstance(found, type) and name not in CREATION:
            found = _without_rule(name, found)
        setattr(self, name, found)
        return found

    def of_ufunc(self, name: str) -> Any:
        """Return the twin of a ufunc, by name."""
        found = self._ufuncs.get(name)
        if found is None:
            found = self._ufuncs[name] = self.function_named(name, "")
        return found

    def of_function(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Call the twin of a function of NumPy's, which takes `axis` without its name too."""
        name = function.__name__
        found = self.function_named(name, function.__module__)
        count = ARGUMENTS.get(name, len(args))
        if len(args) == count + 1:
            kwargs = {**kwargs, "k" if name in ("tril", "triu") else "axis": args[count]}
            args = args[:count]
        return found(*args, **kwargs)

    def function_named(self, name: str, module: str) -> Any:
        """Return the twin of a function of NumPy or SciPy, by name."""
        where = self.linalg if module.endswith("linalg") else self
        found = getattr(where, SPELLINGS.get(name, name), None)
        return found if callable(found) else _without_rule(name, None)

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


class _Module:
    """An extension of the standard's: our functions, over the library's own where it has them."""

    def __init__(self, name: str, ours: dict[str, Any], raw: Any) -> None:
        self.__name__, self._raw = name, raw
        for key, function in ours.items():
            setattr(self, key, _over(key, function, getattr(raw, key, None)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _without_rule(f"{self.__name__}.{name}", getattr(self._raw, name, None))


def _over(name: str, ours: Any, raw: Any) -> Callable[..., Any]:
    """Return our function for traced arrays, the library's own for plain ones."""
    if raw is None:
        return ours  # type: ignore[no-any-return]
    if isinstance(ours, Elementwise) and len(ours.partials) == 1:
        return unary(ours, raw)
    if name in OPERATORS:
        return _binary(ours)
    return _dispatch(ours, raw)


def _binary(ours: Any) -> Callable[..., Any]:
    method, reflected = binary(ours)
    apply = getattr(operator, OPERATORS[ours.name])

    def function(a: Any, b: Any) -> Any:
        if isinstance(a, Traced):
            return method(a, b)
        return reflected(b, a) if isinstance(b, Traced) else apply(a, b)

    function.__name__ = ours.name
    return function


def _dispatch(ours: Any, raw: Any) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            if isinstance(x, Traced) or (type(x) in (list, tuple) and _any_traced(x)):
                return ours(*args, **kwargs)
        return raw(*args, **kwargs)

    function.__name__ = getattr(ours, "__name__", str(ours))
    function.__doc__ = ours.__doc__
    return function


def _any_traced(xs: Any) -> bool:
    return any(isinstance(x, Traced) for x in xs)


def _of_values(function: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: function(*map(untraced, args), **kwargs)


def _without_rule(name: str, raw: Any) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        for k, x in enumerate(args):
            if isinstance(x, Traced):
                raise missing_rule(name, f" (argument {k}, {x!r})")
        if raw is None:
            raise missing_rule(name)
        return raw(*args, **kwargs)

    return function


@cache
def traced(xp: Any) -> TracedNamespace:
    """Return the traced namespace over `xp`."""
    return TracedNamespace(xp)
