"""Products of matrices, vectors and arrays: linear in each operand, and the derivative says so."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from .._alignment import alignments
from .._backend import Array, Namespace, array_namespace, kind_of
from .._primitive import Primitive, primitive
from ..linear import LinearMap, conjugate, identity, linear_map, permute, row
from ..linear import reshape as reshape_map
from ..linear._dense import conjugated
from ..linear._shape import negative_axes
from ..matrix import left, right


class Product(Primitive):
    """A product: of its two maps only the one that a sweep asks for is made."""

    def kept(self, parents: Any) -> tuple[bool, ...]:
        """Return what is read: of the two factors the other one of each that moves."""
        return False, parents[1] is not None, parents[0] is not None

    def operand_map(self, xp: Namespace, node: Any, operand: int) -> LinearMap:
        a, b = node.inputs
        if operand:
            L = _into(xp, _like(node.output, a), b.ndim)
        else:
            L = _times(xp, _like(node.output, b), a.ndim)
        if a.ndim <= 2 and b.ndim <= 2 and a.dtype is b.dtype:
            return L
        fits = alignments(xp, self.core_in, (a, b), (node.output,))
        return L if fits is None else L @ fits[operand]


def _matmul(xp: Namespace, x1: Array, x2: Array) -> Array:
    """
    Return the product of matrices: y = x1 x2.

    Parameters
    ----------
    x1 : array, shape (..., m, n) or (n,)
        Stacks broadcast; an array of one axis is one vector, whose axis goes.
    x2 : array, shape (..., n, k) or (n,)

    Returns
    -------
    y : array, shape (..., m, k), (..., m), (..., k) or ()

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.matmul(np.array([[1.0, 2.0], [3.0, 4.0]]), np.ones(2))
    array([3., 7.])
    """
    return xp.matmul(x1, x2)


matmul = Product("matmul", _matmul, "(m?,n),(n,k?)->(m?,k?)")


@matmul.derivative
def _(xp: Namespace, _y: Array, x1: Array, x2: Array) -> LinearMap:
    """dy = dx1 x2 + x1 dx2"""
    a, b = _like(_y, x1), _like(_y, x2)
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
    return reshape_map((prod(shape),), shape) @ right(xp.reshape(a, (prod(shape), n)).mT)


def _like(y: Array, x: Array) -> Array:
    """Return the factor x in the precision of the product y: not all libraries mix them."""
    return x if x.dtype == y.dtype else array_namespace(x).astype(x, y.dtype)


@linear_map
class Dot(LinearMap):
    """dx ↦ Σ v dx along the last axis"""

    v: Array

    def __call__(self, dx: Array) -> Array:
        return array_namespace(self.v, dx).sum(dx * self.v, axis=-1)

    @property
    def T(self) -> LinearMap:
        return Times(self.v)


@linear_map
class Times(LinearMap):
    """dx ↦ dx v, of numbers, along a new last axis"""

    v: Array

    def __call__(self, dx: Array) -> Array:
        return dx[..., None] * self.v

    @property
    def T(self) -> LinearMap:
        return Dot(self.v)


@primitive("(n),(n)->()", name="vecdot")
def vecdot_last(xp: Namespace, x1: Array, x2: Array) -> Array:
    """y = Σ conj(x1) x2 along the last axis"""
    return xp.vecdot(x1, x2)


@vecdot_last.derivative
def _(xp: Namespace, _y: Array, x1: Array, x2: Array) -> LinearMap:
    """dy = Σ x2 conj(dx1) + Σ conj(x1) dx2"""
    a, b = _like(_y, x1), _like(_y, x2)
    conj = conjugate if kind_of(_y) == "complex" else identity
    return row(Dot(b) @ conj, Dot(conjugated(a)))


def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """
    Return the scalar product of vectors: y = Σ conj(x1) x2.

    Parameters
    ----------
    x1 : array, shape (..., n)
        Complex numbers are conjugated, so that y is antilinear in x1.
    x2 : array, shape (..., n)
        The other axes broadcast.
    axis : int, optional
        The axis of the vectors, in both.

    Returns
    -------
    y : array, shape (...)

    Raises
    ------
    ValueError
        If the shapes do not fit, or there is no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.vecdot(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0]))
    array([-1., -1.])
    """
    return vecdot_last(*(_with_axis_last("vecdot", x, axis) for x in (x1, x2)))


@linear_map
class CrossWith(LinearMap):
    """dx ↦ v × dx"""

    v: Array

    def __call__(self, dx: Array) -> Array:
        return cross_last(self.v, dx)

    @property
    def T(self) -> LinearMap:
        return -self


@primitive("(n),(n)->(n)", name="cross")
def cross_last(xp: Namespace, x1: Array, x2: Array) -> Array:
    """y = x1 × x2 along the last axis"""
    return xp.linalg.cross(x1, x2, axis=-1)


@cross_last.derivative
def _(xp: Namespace, _y: Array, x1: Array, x2: Array) -> LinearMap:
    """dy = x1 × dx2 − x2 × dx1"""
    return row(-CrossWith(_like(_y, x2)), CrossWith(_like(_y, x1)))


def cross(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """
    Return the cross product of vectors of length 3.

    Parameters
    ----------
    x1 : array, shape (..., 3)
    x2 : array, shape (..., 3)
        The other axes broadcast.
    axis : int, optional
        The axis of the vectors, in x1, x2 and y.

    Returns
    -------
    y : array, shape (..., 3)

    Raises
    ------
    ValueError
        If the vectors are not of length 3, the shapes do not fit, or there is no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.cross(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    array([0., 0., 1.])
    """
    a, b = (_with_axis_last("cross", x, axis) for x in (x1, x2))
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        shapes = f"{tuple(x1.shape)} and {tuple(x2.shape)}"
        msg = f"cross: wanted vectors of length 3 along axis {axis}; got the shapes {shapes}"
        raise ValueError(msg)
    y = cross_last(a, b)
    return y if axis == -1 else array_namespace(y).moveaxis(y, -1, axis)


def tensordot(
    x1: Array,
    x2: Array,
    /,
    *,
    axes: int | tuple[Sequence[int], Sequence[int]] = 2,
) -> Array:
    """
    Return the product of arrays, summed over pairs of axes. Nothing is conjugated.

    Parameters
    ----------
    x1, x2 : array
    axes : int or pair of sequences of int, optional
        How many of the last axes of x1, and first ones of x2, are summed over; or which axes of
        x1, and which of x2, in the order in which they are paired.

    Returns
    -------
    y : array
        Its axes are those of x1 that were not summed over, then those of x2.

    Raises
    ------
    ValueError
        If there are no such axes, or the lengths of a pair differ.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> x = np.arange(6.0).reshape(2, 3)
    >>> ud.linalg.tensordot(x, x, axes=((1,), (1,)))
    array([[ 5., 14.],
           [14., 50.]])
    """
    refuse_numbers("tensordot", x1, x2)
    first, second = _paired_axes(x1, x2, axes)
    sizes = [tuple(x.shape[a] for a in summed) for x, summed in ((x1, first), (x2, second))]
    if sizes[0] != sizes[1]:
        shapes = f"{tuple(x1.shape)} and {tuple(x2.shape)}"
        msg = f"tensordot: the axes {first} and {second} of the shapes {shapes} do not fit"
        raise ValueError(msg)
    kept = [_others(x, axes) for x, axes in ((x1, first), (x2, second))]
    lengths = [tuple(x.shape[a] for a in axes) for x, axes in zip((x1, x2), kept, strict=True)]
    a = _as_matrix(x1, (*kept[0], *first), len(kept[0]))
    b = _as_matrix(x2, (*second, *kept[1]), len(second))
    return reshape_map((prod(lengths[0]), prod(lengths[1])), lengths[0] + lengths[1])(matmul(a, b))


def _paired_axes(x1: Array, x2: Array, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the axes that are summed over, counted from the end, in the order of their pairs."""
    if isinstance(axes, int):
        if not 0 <= axes <= min(x1.ndim, x2.ndim):
            msg = f"tensordot: cannot sum over {axes} axes of {x1.ndim} and {x2.ndim}"
            raise ValueError(msg)
        return tuple(range(-axes, 0)), tuple(range(-x2.ndim, axes - x2.ndim))
    first, second = ((a,) if isinstance(a, int) else tuple(a) for a in axes)
    if len(first) != len(second):
        msg = f"tensordot: the axes come in pairs, got {first} and {second}"
        raise ValueError(msg)
    for x, some in ((x1, first), (x2, second)):
        negative_axes(some, x.ndim)  # for its errors
    return tuple(a - x1.ndim * (a >= 0) for a in first), tuple(
        a - x2.ndim * (a >= 0) for a in second
    )


def _others(x: Array, axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(a for a in range(-x.ndim, 0) if a not in axes)


def _as_matrix(x: Array, order: tuple[int, ...], split: int) -> Array:
    """Return x with its axes in that order, those before the place `split` laid out as rows."""
    if list(order) != list(range(-x.ndim, 0)):
        x = permute(order)(x)
    shape = tuple(x.shape)
    return reshape_map(shape, (prod(shape[:split]), prod(shape[split:])))(x)


def outer(x1: Array, x2: Array, /) -> Array:
    """
    Return the outer product of two vectors: y_ij = x1_i x2_j.

    Parameters
    ----------
    x1 : array, shape (m,)
    x2 : array, shape (n,)
        Nothing is conjugated.

    Returns
    -------
    y : array, shape (m, n)

    Raises
    ------
    ValueError
        If one of them is not a vector.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([[3., 4.],
           [6., 8.]])
    """
    refuse_numbers("outer", x1, x2)
    if x1.ndim != 1 or x2.ndim != 1:
        msg = f"outer: wanted two vectors, got the shapes {tuple(x1.shape)} and {tuple(x2.shape)}"
        raise ValueError(msg)
    return tensordot(x1, x2, axes=0)


def _with_axis_last(name: str, x: Array, axis: int) -> Array:
    refuse_numbers(name, x)
    (at,) = negative_axes(axis, x.ndim)
    return x if at == -1 else array_namespace(x).moveaxis(x, at, -1)


def refuse_numbers(name: str, *xs: Any) -> None:
    """Refuse Python's numbers, as the standard does where a function is not of numbers."""
    for x in xs:
        if not hasattr(x, "shape"):
            msg = f"{name}: wanted an array, got {type(x).__name__}"
            raise TypeError(msg)
