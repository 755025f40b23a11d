"""Products of matrices and vectors."""

from __future__ import annotations

from math import prod
from typing import Any

from .._backend import Array, Namespace
from .._primitive import Primitive
from ..linear import LinearMap, row
from ..linear import reshape as reshape_map
from ..matrix import left, right


class Product(Primitive):
    """A product: of its two maps only the one that a sweep asks for is made."""

    def operand_map(self, xp: Namespace, node: Any, operand: int) -> LinearMap:
        a, b = node.inputs
        if a.ndim > 2 or b.ndim > 2 or a.dtype is not b.dtype:
            return super().operand_map(xp, node, operand)
        return _into(xp, a, b.ndim) if operand else _times(xp, b, a.ndim)


def _matmul(xp: Namespace, a: Array, b: Array) -> Array:
    """y = a b"""
    return a @ b


matmul = Product("matmul", _matmul, "(m?,n),(n,k?)->(m?,k?)")


@matmul.derivative
def _(xp: Namespace, y: Array, a: Array, b: Array) -> LinearMap:
    """dy = da b + a db"""
    return row(_times(xp, b, a.ndim), _into(xp, a, b.ndim))


def _times(xp: Namespace, b: Array, ndim: int) -> LinearMap:
    """da ↦ da b; a vector da against a stack is one against all its columns"""
    if ndim > 1 or b.ndim < 3:
        return right(b)
    n, lead, k = b.shape[-2], tuple(b.shape[:-2]), b.shape[-1]
    columns = xp.reshape(xp.moveaxis(b, -2, 0), (n, prod(lead) * k))
    return reshape_map((prod(lead) * k,), (*lead, k)) @ right(columns)


def _into(xp: Namespace, a: Array, ndim: int) -> LinearMap:
    """db ↦ a db; a vector db is a row, so that a basis of rows is one product"""
    if ndim > 1:
        return left(a)
    if a.ndim < 3:
        return right(a.mT if a.ndim > 1 else a)
    shape, n = tuple(a.shape[:-1]), a.shape[-1]
    return reshape_map((prod(shape),), shape) @ right(xp.reshape(a, (-1, n)).mT)
