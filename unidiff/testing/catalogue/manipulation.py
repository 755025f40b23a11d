"""Shapes: axes, places, and several arrays in one."""

from __future__ import annotations

from typing import Any

import numpy as np

import unidiff as ud

from ..._backend import device_of
from .case import RuleCase, shaped
from .kinds import normal


def joined(axis: Any, *shapes: Any) -> RuleCase:
    def function(*arrays: Any) -> Any:
        return ud.array_namespace(*arrays).concat(list(arrays), axis=axis)

    return RuleCase(function, tuple((normal, shape) for shape in shapes))


def with_constants(name: str, **how: Any) -> RuleCase:
    """Return the case of a function of traced and of plain arrays together."""

    def function(x: Any) -> Any:
        xp = ud.array_namespace(x)
        ones = xp.ones(x.shape, dtype=x.dtype, device=device_of(x))
        return getattr(xp, name)([ones, x, 2 * ones, x * x], **how)

    return RuleCase(function, ((normal, (3, 2)),))


def of_two_precisions(a: Any, b: Any) -> Any:
    xp = ud.array_namespace(a, b)
    wider = xp.result_type(b.dtype, xp.complex64)
    return xp.concat([a, xp.astype(b, wider)], axis=1)


def piled(axis: Any) -> RuleCase:
    def function(a: Any, b: Any) -> Any:
        return ud.array_namespace(a, b).stack([a, b], axis=axis)

    return RuleCase(function, ((normal, (3, 2)), (normal, (3, 2))))


def unpiled(axis: Any) -> RuleCase:
    def function(x: Any) -> Any:
        parts = ud.array_namespace(x).unstack(x, axis=axis)
        return parts[0] * parts[-1], parts[1]

    return RuleCase(function, ((normal, (3, 2, 4)),))


def widened(a: Any, b: Any) -> Any:
    wide, other = ud.array_namespace(a, b).broadcast_arrays(a, b)
    return wide * other


def grid(*shapes: Any, **how: Any) -> RuleCase:
    def function(*lines: Any) -> Any:
        return tuple(ud.array_namespace(*lines).meshgrid(*lines, **how))

    return RuleCase(function, tuple((normal, shape) for shape in shapes))


def with_ends(x: Any, before: Any, behind: Any) -> Any:
    return ud.array_namespace(x, before, behind).diff(x, axis=0, prepend=before, append=behind)


def repeated(repeats: Any, **how: Any) -> RuleCase:
    def function(x: Any) -> Any:
        xp = ud.array_namespace(x)
        return xp.repeat(x, xp.asarray(np.array(repeats), device=device_of(x)), **how)

    return RuleCase(function, ((normal, (3, 4)),), data_dependent=True)


def cast(name: str, back: Any = False) -> RuleCase:
    def function(x: Any) -> Any:
        xp = ud.array_namespace(x)
        y = xp.astype(x, xp.result_type(x.dtype, getattr(xp, name))) * (1 + 2j)
        return xp.astype(xp.real(y), x.dtype) if back else y

    return RuleCase(function, ((normal, (3,)),), dtypes=("float64", "float32"))


def copied(x: Any) -> Any:
    xp = ud.array_namespace(x)
    return xp.astype(x, x.dtype) * xp.astype(x, x.dtype, copy=False)


MANIPULATION = {
    "astype": cast("complex64"),
    "astype: there and back": cast("complex128", back=True),
    "astype: a copy": RuleCase(copied, ((normal, (3,)),)),
    "broadcast_arrays": RuleCase(widened, ((normal, (3, 1)), (normal, (2,)))),
    "broadcast_to": shaped("broadcast_to", (3, 1), (2, 3, 4)),
    "broadcast_to: no numbers": shaped("broadcast_to", (3, 1), (3, 0)),
    "concat": joined(0, (3, 2), (1, 2)),
    "concat: the last axis": joined(-1, (3, 2), (3, 0), (3, 1)),
    "concat: in a row": joined(None, (3, 2), (), (2,)),
    "concat: with constants": with_constants("concat", axis=1),
    "concat: of two precisions": RuleCase(of_two_precisions, ((normal, (3, 2)), (normal, (3, 1)))),
    "diff": shaped("diff", (5,)),
    "diff: an axis": shaped("diff", (4, 3), axis=0),
    "diff: again": shaped("diff", (2, 5), axis=1, n=3),
    "diff: never": shaped("diff", (2, 5), n=0),
    "diff: nothing left": shaped("diff", (2, 3), n=4),
    "diff: with ends": RuleCase(with_ends, ((normal, (3, 2)), (normal, (1, 2)), (normal, (2, 2)))),
    "expand_dims": shaped("expand_dims", (3, 2), axis=1),
    "expand_dims: last": shaped("expand_dims", (3, 2), axis=-1),
    "flip": shaped("flip", (3, 4)),
    "flip: an axis": shaped("flip", (3, 4), axis=-1),
    "flip: two axes": shaped("flip", (3, 4, 2), axis=(0, -1)),
    "matrix_transpose": shaped("matrix_transpose", (2, 3, 4)),
    "meshgrid": grid((3,), (2,), (4,)),
    "meshgrid: by rows": grid((3,), (2,), indexing="ij"),
    "meshgrid: one": grid((3,)),
    "moveaxis": shaped("moveaxis", (2, 3, 4), 0, -1),
    "moveaxis: two": shaped("moveaxis", (2, 3, 4, 5), (0, -1), (2, 0)),
    "permute_dims": shaped("permute_dims", (2, 3, 4), (2, 0, 1)),
    "permute_dims: from the end": shaped("permute_dims", (2, 3, 4), (-1, 0, -2)),
    "repeat": shaped("repeat", (3, 4), 2),
    "repeat: an axis": shaped("repeat", (3, 4), 3, axis=0),
    "repeat: never": shaped("repeat", (3, 4), 0, axis=1),
    "repeat: each so often": repeated([2, 0, 3], axis=0),
    "repeat: each so often, last": repeated([1, 0, 3, 1], axis=-1),
    "repeat: each so often, in a row": repeated(np.arange(12) % 3),
    "repeat: one number": repeated([2], axis=1),
    "reshape": shaped("reshape", (3, 4), (2, -1)),
    "reshape: a copy": shaped("reshape", (3, 4), (4, 3), copy=True),
    "reshape: no copy": shaped("reshape", (3, 4), (12,), copy=False),
    "reshape: as it was": shaped("reshape", (3, 4), (3, 4), copy=True),
    "reshape: no numbers": shaped("reshape", (0, 3), (-1, 3)),
    "reshape: to a number": shaped("reshape", (1, 1), ()),
    "roll": shaped("roll", (3, 4), 1, axis=-1),
    "roll: two axes": shaped("roll", (3, 4), (1, -2), axis=(0, 1)),
    "roll: both axes alike": shaped("roll", (3, 4), 5, axis=(0, 1)),
    "roll: no axis": shaped("roll", (3, 4), 2),
    "squeeze": shaped("squeeze", (3, 1, 2), axis=1),
    "squeeze: two axes": shaped("squeeze", (1, 3, 1), axis=(0, -1)),
    "stack": piled(1),
    "stack: first": piled(0),
    "stack: last": piled(-1),
    "stack: with constants": with_constants("stack", axis=-2),
    "tile": shaped("tile", (3, 2), (2, 3)),
    "tile: fewer": shaped("tile", (3, 2), (2,)),
    "tile: more": shaped("tile", (3, 2), (2, 1, 3)),
    "tile: never": shaped("tile", (3, 2), (0, 1)),
    "tril": shaped("tril", (3, 3), k=-1),
    "tril: of a stack": shaped("tril", (2, 3, 4)),
    "triu": shaped("triu", (2, 3, 3)),
    "triu: above": shaped("triu", (3, 4), k=1),
    "unstack": unpiled(0),
    "unstack: another axis": unpiled(-1),
}
