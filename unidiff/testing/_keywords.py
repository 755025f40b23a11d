"""A function's keywords: the values to try, and what no value has covered."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Literal, get_args, get_origin, get_type_hints

from .._signature import parse_signature

Static = dict[str, Any]
Keywords = Mapping[str, Sequence[Any]]


def combinations(
    f: Callable[..., Any], count: int, static: Static, keywords: Keywords
) -> list[Static]:
    """
    Return every combination of the values that keywords may have, of a function of `count` arrays.

    Raises
    ------
    TypeError
        If the function has no such keyword, or it is given twice, or there are no values.
    """
    known = {p.name for p in keywords_of(f, count)}
    for name, values in keywords.items():
        if name in static:
            msg = f"check_rule: {name} is given twice, as {name}= and in keywords"
            raise TypeError(msg)
        if known and name not in known and not _takes_any(f):
            msg = f"check_rule: no keyword {name!r}; the function has {', '.join(sorted(known))}"
            raise TypeError(msg)
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            msg = f"check_rule: keywords[{name!r}] must be a tuple of values, got {values!r}"
            raise TypeError(msg)
    return [dict(zip(keywords, values, strict=True)) for values in product(*keywords.values())]


def keywords_of(f: Callable[..., Any], count: int) -> list[inspect.Parameter]:
    """Return the parameters that are keywords, after so many arrays; none if nobody knows."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # of a builtin
        return []
    optional = [p for p in parameters[count:] if p.kind is p.POSITIONAL_OR_KEYWORD]
    return [
        *(p for p in optional if p.default is not p.empty),
        *(p for p in parameters if p.kind is p.KEYWORD_ONLY),
    ]


def _takes_any(f: Callable[..., Any]) -> bool:
    parameters = inspect.signature(f).parameters.values()
    return any(p.kind is p.VAR_KEYWORD for p in parameters)


def uncovered(f: Callable[..., Any], count: int, tried: Sequence[Static]) -> Iterator[str]:
    """Yield, of each keyword that never had another value than its default, what is said of it."""
    for p in keywords_of(f, count):
        values = [static.get(p.name, p.default) for static in tried]
        if all(_alike(value, p.default) for value in values):
            others = [c for c in choices(f, p) if not _alike(c, p.default)]
            also = f", never {' or '.join(map(repr, others))}" if others else " only"
            yield f"{p.name}={p.default!r}{also}"


def choices(f: Callable[..., Any], p: inspect.Parameter) -> tuple[Any, ...]:
    """Return the values that the annotation, or a default of True or False, declares."""
    if isinstance(p.default, bool):
        return (False, True)
    hint = p.annotation
    if isinstance(hint, str):
        try:
            hint = get_type_hints(inspect.unwrap(getattr(f, "value", f))).get(p.name)
        except (AttributeError, NameError, TypeError):  # names that are known to type checkers only
            return ()
    return get_args(hint) if get_origin(hint) is Literal else ()


def _alike(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a == b)


def equal_sizes(signature: str | None, numbers: Sequence[Any]) -> Iterator[str]:
    """Yield the sizes of the signature that are equal here, so that a transposition may hide."""
    if signature is None:
        return
    named: dict[str, int] = {}
    for x, dims in zip(numbers, parse_signature(signature)[0], strict=False):
        shape = getattr(x, "shape", ())
        if len(shape) >= len(dims):
            named |= dict(zip(dims, shape[len(shape) - len(dims) :], strict=True))
    if len(named) > 1 and len(set(named.values())) == 1:
        size = next(iter(named.values()))
        yield f"arrays that are not square: {' = '.join(named)} = {size}"
