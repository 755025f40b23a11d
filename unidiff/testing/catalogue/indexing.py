"""Indices of every kind, taken from and assigned to."""

from __future__ import annotations

from typing import Any

import numpy as np

import unidiff as ud

from ..._backend import device_of
from ...tape._namespace import functions
from .case import RuleCase
from .kinds import chosen, normal

STRICT = {"array_api_strict": "the standard has no such index"}
NO_INDEX_IN_SET = {"array_api_strict": "x[index] = v takes no integer arrays there"}
EVERY = slice(None)
P, Q = np.array([2, 0, -1, 2]), np.array([1, 3, 0, 1])


def theirs(x: Any, index: Any) -> Any:
    """Return the index with its arrays as arrays of the library's."""
    xp = ud.array_namespace(ud.value_of(x))
    parts = index if isinstance(index, tuple) else (index,)
    on = device_of(x)
    return tuple(xp.asarray(k, device=on) if isinstance(k, np.ndarray) else k for k in parts)


def taken(*index: Any, shape: tuple[int, ...] = (3, 4), **how: Any) -> RuleCase:
    """Return the case of x[index]."""
    return RuleCase(lambda x: x[theirs(x, index)], ((normal, shape),), **how)


def assigned(
    index: Any, value_shape: tuple[int, ...], shape: tuple[int, ...] = (3, 4), **how: Any
) -> RuleCase:
    """Return the case of x with a value at an index."""

    def function(x: Any, v: Any) -> Any:
        return functions["at_set"](x, theirs(x, index), v)

    return RuleCase(function, ((normal, shape), (normal, value_shape)), **how)


def taken_along(indices: Any, shape: tuple[int, ...] = (2, 4), **how: Any) -> RuleCase:
    """Return the case of take_along_axis."""

    def function(x: Any) -> Any:
        xp = ud.array_namespace(x)
        return xp.take_along_axis(x, xp.asarray(np.array(indices), device=device_of(x)), **how)

    return RuleCase(function, ((normal, shape),))


def taken_at(
    indices: Any, shape: tuple[int, ...] = (3, 4), refused: Any = (), **how: Any
) -> RuleCase:
    """Return the case of take."""

    def function(x: Any) -> Any:
        xp = ud.array_namespace(x)
        return xp.take(x, xp.asarray(np.array(indices), device=device_of(x)), **how)

    return RuleCase(function, ((normal, shape),), refused=dict(refused))


def masked(x: Any, mask: Any) -> Any:
    return x[mask]


def masked_rows(x: Any, mask: Any) -> Any:
    return x[mask, 1:, None]


def with_part(x: Any, mask: Any, v: Any) -> Any:
    return functions["at_set"](x, mask, v)


def column_by_column(x: Any) -> Any:
    y = x * 1.0
    y[:, 1] = x[:, 0] * x[:, 2]
    y[:, 2] = y[:, 1] * x[:, 3]
    y[0, ...] = y[0, ...] * 2.0
    return y


INDEXING = {
    "getitem: slices": taken(slice(1, None), slice(None, None, 2)),
    "getitem: backwards": taken(
        EVERY,
        slice(None, None, -2),
        refused={"torch": "a torch.Tensor takes no slice of negative step"},
    ),
    "getitem: an integer": taken(1, ..., None),
    "getitem: of NumPy": taken(np.int64(1), slice(np.int32(0), np.int64(3))),
    "getitem: a number": taken(-1, 2),
    "getitem: new axes": taken(None, EVERY, None, 2, None),
    "getitem: everything": taken(...),
    "getitem: nothing": taken(slice(2, 1), EVERY),
    "getitem: positions": taken(P, Q),
    "getitem: positions that broadcast": taken(P[:, None], Q[None, :]),
    "getitem: positions and an integer": taken(P, 1),
    "getitem: an array of one integer": taken(np.array(1), 2),
    "getitem: rows": taken(P, refused=STRICT),
    "getitem: columns": taken(..., Q, refused=STRICT),
    "getitem: a matrix of rows": taken(P.reshape(2, 2), refused=STRICT),
    "getitem: a list": taken([0, 2, 0], refused=STRICT),
    "getitem: positions and slices": taken(
        slice(1, None), P, Q, slice(None, None, -1), shape=(3, 3, 4, 2), refused=STRICT
    ),
    "getitem: positions apart": taken(P, EVERY, Q, shape=(3, 2, 4), refused=STRICT),
    "getitem: positions apart by a new axis": taken(
        EVERY, P, None, Q, shape=(2, 3, 4), refused=STRICT
    ),
    "getitem: positions apart by nothing": taken(EVERY, P, ..., Q, shape=(2, 3, 4), refused=STRICT),
    "getitem: an integer and positions apart": taken(1, EVERY, Q, shape=(2, 3, 4), refused=STRICT),
    "getitem: unsigned positions": taken(np.array([2, 0], np.uint8), refused=STRICT),
    "getitem: a mask": RuleCase(masked, ((normal, (3, 4)), (chosen, (3, 4))), data_dependent=True),
    "getitem: a mask of rows": RuleCase(
        masked_rows, ((normal, (3, 4)), (chosen, (3,))), refused=STRICT
    ),
    "getitem: a mask of two axes": taken(
        EVERY, np.eye(3, 4) == 1, slice(1, None), shape=(2, 3, 4, 2), refused=STRICT
    ),
    "getitem: a mask and positions": taken(
        np.array([True, False, True]), EVERY, np.array([1, 0]), shape=(3, 2, 4), refused=STRICT
    ),
    "getitem: true": taken(True, refused=STRICT),
    "getitem: false and a slice": taken(slice(1, None), False, refused=STRICT),
    "take": taken_at([2, 0, 2], axis=0),
    "take: the last axis": taken_at([-1, 0, 3], axis=-1),
    "take: of a vector": taken_at([1, 1, 0, -2], shape=(3,)),
    "take: of all in a row": taken_at([1, 1, 7, -2], refused=STRICT),
    "take: a matrix of places": taken_at([[0, 1], [2, 2]], axis=1, refused=STRICT),
    "take: nothing": taken_at(np.zeros(0, int), axis=1),
    "take_along_axis": taken_along([[0, 2, 0], [1, 1, 3]], axis=-1),
    "take_along_axis: by default": taken_along([[-1, 2], [1, 1]]),
    "take_along_axis: first": taken_along([[0, 1, 0, 1], [1, -1, 1, 0]], axis=0),
    "take_along_axis: one for all": taken_along([[0, 2, 0]], axis=1),
    "take_along_axis: of one": taken_along([[0, 1], [1, 1], [0, 0]], shape=(1, 2), axis=1),
    "take_along_axis: of one, first": taken_along([[[0, 1]], [[2, 2]]], (3, 2, 1), axis=0),
    "take_along_axis: of a vector": taken_along([2, 2, 0], shape=(3,), axis=0),
    "at_set": assigned((1, slice(None, None, 2)), (2,)),
    "at_set: a number": assigned((..., 0), ()),
    "at_set: everything": assigned(..., (4,)),
    "at_set: ones before": assigned((slice(1, None), EVERY), (1, 1, 4)),
    "at_set: backwards": assigned((EVERY, slice(None, None, -1)), (3, 4)),
    "at_set: nothing": assigned((slice(2, 1), EVERY), (1, 4)),
    "at_set: of an array of one number": assigned((), (), shape=()),
    "at_set: positions": assigned((P, Q), (4,), refused=NO_INDEX_IN_SET),
    "at_set: the same place again": assigned((np.array([1, 1, 0]),), (3, 4), refused=STRICT),
    "at_set: a number at positions": assigned((P, slice(1, 3)), (), refused=STRICT),
    "at_set: positions apart": assigned((P, EVERY, Q), (4, 2), (3, 2, 4), refused=STRICT),
    "at_set: new axes": assigned((None, P[:2], None), (2, 1, 1), refused=STRICT),
    "at_set: a list": assigned(([0, 2],), (2, 4), refused=STRICT),
    "at_set: a mask": RuleCase(
        with_part, ((normal, (3, 4)), (chosen, (3, 4)), (normal, ())), data_dependent=True
    ),
    "at_set: a mask of rows": assigned(
        (np.array([True, False, True]), slice(1, None)), (3,), refused=STRICT
    ),
    "at_set: no row": assigned((np.zeros(3, bool),), (4,), refused=STRICT),
    "at_set: again and again": RuleCase(column_by_column, ((normal, (3, 4)),)),
}
