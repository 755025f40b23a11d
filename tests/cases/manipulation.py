"""Reductions, shapes, indices."""

from __future__ import annotations

import unidiff as ud
from unidiff.tape._namespace import functions

from .case import RuleCase, shaped
from .kinds import normal


def assigned(x, v):
    return functions["at_set"](x, (1, slice(None, None, 2)), v)


def joined(a, b):
    return ud.array_namespace(a, b).concat([a, b], axis=0)


def piled(a, b):
    return ud.array_namespace(a, b).stack([a, b], axis=1)


def widened(a, b):
    wide, other = ud.array_namespace(a, b).broadcast_arrays(a, b)
    return wide * other


def gathered(x):
    xp = ud.array_namespace(x)
    return xp.take(x, xp.asarray([2, 0, 2]), axis=0)


def gathered_along(x):
    xp = ud.array_namespace(x)
    return xp.take_along_axis(x, xp.asarray([[0, 2, 0], [1, 1, 3]]), axis=-1)


def gathered_along_first(x):
    xp = ud.array_namespace(x)
    return xp.take_along_axis(x, xp.asarray([[0, 1, 0, 1], [1, 1, 1, 0]]), axis=0)


def picked(x):
    xp = ud.array_namespace(x)
    return x[xp.asarray([1, 1, 0]), xp.asarray([0, 3, 0])]


def to_complex(x):
    xp = ud.array_namespace(x)
    return xp.astype(x, xp.result_type(x.dtype, xp.complex64)) * (1 + 2j)


MANIPULATION = {
    "astype": RuleCase(to_complex, ((normal, (3,)),)),
    "at_set": RuleCase(assigned, ((normal, (3, 4)), (normal, (2,)))),
    "broadcast_arrays": RuleCase(widened, ((normal, (3, 1)), (normal, (2,)))),
    "broadcast_to": shaped("broadcast_to", (3, 1), (2, 3, 4)),
    "concat": RuleCase(joined, ((normal, (3, 2)), (normal, (1, 2)))),
    "cumulative_sum": shaped("cumulative_sum", (3, 4), axis=0),
    "cumulative_sum: with a zero": shaped("cumulative_sum", (4,), include_initial=True),
    "expand_dims": shaped("expand_dims", (3, 2), axis=1),
    "getitem: slices": RuleCase(lambda x: x[1:, ::2], ((normal, (3, 5)),)),
    "getitem: backwards": RuleCase(
        lambda x: x[:, ::-2],
        ((normal, (3, 5)),),
        refused={"torch": "a torch.Tensor takes no slice of negative step"},
    ),
    "getitem: an integer": RuleCase(lambda x: x[1, ..., None], ((normal, (3, 5)),)),
    "getitem: positions": RuleCase(picked, ((normal, (2, 4)),)),
    "matrix_transpose": shaped("matrix_transpose", (2, 3, 4)),
    "mean": shaped("mean", (3, 4), axis=0),
    "moveaxis": shaped("moveaxis", (2, 3, 4), 0, -1),
    "permute_dims": shaped("permute_dims", (2, 3, 4), (2, 0, 1)),
    "reshape": shaped("reshape", (3, 4), (2, -1)),
    "roll": shaped("roll", (3, 4), 1, axis=-1),
    "roll: two axes": shaped("roll", (3, 4), (1, -2), axis=(0, 1)),
    "roll: no axis": shaped("roll", (3, 4), 2),
    "squeeze": shaped("squeeze", (3, 1, 2), axis=1),
    "stack": RuleCase(piled, ((normal, (3, 2)), (normal, (3, 2)))),
    "sum": shaped("sum", (3, 4)),
    "sum: kept axes": shaped("sum", (3, 4), axis=(0,), keepdims=True),
    "take": RuleCase(gathered, ((normal, (3, 4)),)),
    "take_along_axis": RuleCase(gathered_along, ((normal, (2, 4)),)),
    "take_along_axis: first": RuleCase(gathered_along_first, ((normal, (2, 4)),)),
    "tril": shaped("tril", (3, 3), k=-1),
    "triu": shaped("triu", (2, 3, 3)),
}
