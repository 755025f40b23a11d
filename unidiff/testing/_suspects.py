"""What if: the rule made of other arguments, one of which may be what its author meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .._backend import Array, kind_of
from .._primitive import Primitive
from ..linear import LinearMap
from ._case import Case, largest
from ._differences import Unresolved, derivative

Change = tuple[str, tuple[Any, ...], tuple[Array, ...]]
"""What is said of it, the arguments, and the outputs."""


def changes(case: Case, xs: tuple[Any, ...], ys: tuple[Array, ...]) -> Iterator[Change]:
    """Yield the arguments and outputs, one of them transposed or conjugated, or two exchanged."""
    xp = case.of.plain
    turns: tuple[tuple[str, Callable[[Array], bool], Any], ...] = (
        ("transposition", lambda x: x.ndim > 1, xp.matrix_transpose),
        ("conjugation", lambda x: kind_of(x) == "complex", xp.conj),
    )
    for what, fits, turn in turns:
        text = f"in the rule, one {what} too few, or too many, of "
        for k in case.moving:
            if fits(xs[k]):
                yield f"{text}operand {k}", (*xs[:k], turn(xs[k]), *xs[k + 1 :]), ys
        for j, y in enumerate(ys):
            if kind_of(y) and fits(y):
                value = "the value" if len(ys) == 1 else f"output {j}"
                yield text + value, xs, (*ys[:j], turn(y), *ys[j + 1 :])
    for k in case.moving:
        for i in (i for i in case.moving if i < k and xs[i].shape == xs[k].shape):
            swapped = list(xs)
            swapped[i], swapped[k] = xs[k], xs[i]
            yield f"operands {i} and {k} are exchanged in the rule", tuple(swapped), ys


def suspect(case: Case, right: Callable[[LinearMap], bool]) -> str:
    """Return the change that makes the map of a primitive's rule right, in words; else nothing."""
    if not isinstance(case.f, Primitive):
        return ""
    found = case.f.evaluate(case.of, case.args, case.static)
    count = len(case.f.core_out)
    ys, saved = found[:count], found[count:]
    for text, xs, zs in changes(case, case.args, ys):
        try:
            if right(case.rule_at(xs, zs, saved)):
                return text
        except Exception:  # what does not fit together is not what was meant
            continue
    return ""


def ignored_keyword(case: Case, found: Any, along: Any, output: int) -> str:
    """Return the keyword with whose default L is right, in words: it was not looked at."""
    if not isinstance(case.f, Primitive):
        return ""
    for name, default in case.f.defaults.items():
        if case.static[name] == default:
            continue
        other = case.wide.changed(static=case.static | {name: default})
        try:
            wanted = derivative(other.evaluate, other.points, along)[0][output]
        except (Unresolved, TypeError, ValueError, RuntimeError):
            continue
        if wanted.shape == found.shape and largest(wanted - found) <= 1e-7 * largest(wanted):
            return f"L is that of {name}={default!r}: the rule does not look at {name}"
    return ""
