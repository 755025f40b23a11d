"""
Reference kernels of the LU factorization and of triangular systems.

They use the functions of the array API standard 2024.12 only, so they run on every conforming
namespace; a backend replaces them by its library's own routines where it has them. Like all
kernels they take stacks, which broadcast, and return fresh arrays of the dtype and device given.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .._backend import Array, Namespace, device_of, kind_of
from .._signature import broadcast_shapes


def lu_factor(xp: Namespace, a: Array) -> tuple[Array, Array]:
    """
    Factor a = P L U by Gaussian elimination with partial pivoting.

    Parameters
    ----------
    a : array, shape (..., m, n)
        Real or complex floating.

    Returns
    -------
    lu : array, shape (..., m, n)
        U in the upper triangle, L below it without its unit diagonal, as LAPACK packs them.
    pivots : array of int32, shape (..., min(m, n))
        Row k was exchanged with row pivots[k], for k = 0, 1, ...: SciPy's zero-based convention.

    Notes
    -----
    A singular matrix is factored like any other; a zero on the diagonal of U tells.

    References
    ----------
    Golub and Van Loan, Matrix Computations, 4th ed. (2013), Algorithm 3.4.1.
    """
    lu = xp.asarray(a, copy=True)
    *stack, m, n = a.shape
    where = device_of(a)
    rows, columns = xp.arange(m, device=where), xp.arange(n, device=where)
    pivots = []
    for k in range(min(m, n)):
        lu, pivot = _eliminate(xp, lu, k, rows, columns)
        pivots.append(xp.astype(pivot, xp.int32))
    if not pivots:
        return lu, xp.zeros((*stack, 0), dtype=xp.int32, device=where)
    return lu, xp.stack(pivots, axis=-1)


def _eliminate(
    xp: Namespace, lu: Array, k: int, rows: Array, columns: Array
) -> tuple[Array, Array]:
    """One step of the elimination, and the row it took for row k."""
    pivot = xp.argmax(xp.where(rows >= k, _size(xp, lu[..., :, k]), -1.0), axis=-1)
    order = xp.where(rows == pivot[..., None], k, rows)
    lu = take_rows(xp, lu, xp.where(rows == k, pivot[..., None], order))
    head = lu[..., k, k]
    # Where the pivot is zero the whole column is, and is its own multiple.
    head = xp.where(head == 0, xp.ones_like(head), head)[..., None]
    zero = xp.zeros_like(head)
    multiples = xp.where(rows > k, lu[..., :, k], zero) / head
    row = xp.where(columns > k, lu[..., k, :], zero)
    lu = lu - multiples[..., :, None] * row[..., None, :]
    below = (rows[:, None] > k) & (columns == k)
    return xp.where(below, multiples[..., :, None], lu), pivot


def _size(xp: Namespace, x: Array) -> Array:
    """|x|, for complex x as LAPACK takes it when it compares pivots: |Re x| + |Im x|."""
    if xp.isdtype(x.dtype, "complex floating"):
        return xp.abs(xp.real(x)) + xp.abs(xp.imag(x))
    return xp.abs(x)


def permutation(xp: Namespace, pivots: Array) -> Array:
    """
    Turn the exchanges of `lu_factor` into one permutation p of the rows: a[p] = L U.

    Parameters
    ----------
    pivots : array of integers, shape (..., m)

    Returns
    -------
    p : array of the namespace's default integers, shape (..., m)
    """
    m = pivots.shape[-1]
    places = xp.arange(m, device=device_of(pivots))
    pivots = xp.astype(pivots, places.dtype)
    places = xp.broadcast_to(places, pivots.shape)
    rows = xp.asarray(places, copy=True)
    for k in range(m):
        taken = pivots[..., k, None]
        here = rows[..., k, None]
        there = xp.take_along_axis(rows, taken, axis=-1)
        rows = xp.where(places == k, there, xp.where(places == taken, here, rows))
    return rows


def lu_solve(xp: Namespace, lu: Array, pivots: Array, b: Array, *, transposed: bool) -> Array:
    """
    Solve a y = b, or aᵀ y = b (not aᴴ), with the factors that `lu_factor` made of a.

    Parameters
    ----------
    lu, pivots : arrays, shapes (..., m, m) and (..., m)
    b : array, shape (..., m, k)

    Returns
    -------
    y : array, shape (..., m, k)
    """
    lead, b, restore = as_columns(xp, lu.shape[:-2], b)
    lu, rows = matched(xp, lead, lu, 2), matched(xp, lead, permutation(xp, pivots), 1)
    if transposed:
        y = solve_triangular(xp, lu, b, lower=False, transposed=True, unit_diagonal=False)
        y = solve_triangular(xp, lu, y, lower=True, transposed=True, unit_diagonal=True)
        return restore(take_rows(xp, y, xp.argsort(rows, axis=-1)))
    y = take_rows(xp, b, rows)
    y = solve_triangular(xp, lu, y, lower=True, transposed=False, unit_diagonal=True)
    y = solve_triangular(xp, lu, y, lower=False, transposed=False, unit_diagonal=False)
    return restore(y)


def solve_triangular(
    xp: Namespace, a: Array, b: Array, *, lower: bool, transposed: bool, unit_diagonal: bool
) -> Array:
    """
    Solve a y = b or aᵀ y = b, reading only one triangle of a, and of that not a unit diagonal.

    Parameters
    ----------
    a : array, shape (..., m, m)
    b : array, shape (..., m, k)
    lower : bool
        Which triangle of a is read; of a itself, also when `transposed`.

    Returns
    -------
    y : array, shape (..., m, k)

    Notes
    -----
    An upper triangular matrix is its own U, so the namespace's `solve` only substitutes; a lower
    one is made upper by reversing the order of its rows and columns.
    """
    a, b = promoted(xp, a, b)
    skipped = 1 if unit_diagonal else 0
    triangle = xp.tril(a, k=-skipped) if lower else xp.triu(a, k=skipped)
    if unit_diagonal:
        triangle = triangle + eye_like(xp, a)
    if transposed:
        triangle = xp.matrix_transpose(triangle)
    if lower == transposed:
        return xp.linalg.solve(triangle, b)
    triangle, b = xp.flip(triangle, axis=(-2, -1)), xp.flip(b, axis=-2)
    return xp.flip(xp.linalg.solve(triangle, b), axis=-2)


def take_rows(xp: Namespace, b: Array, rows: Array) -> Array:
    """b[..., rows, :] for each matrix of the stack, which has its own `rows`."""
    rows, b = xp.broadcast_arrays(rows[..., None], b)
    return xp.take_along_axis(b, rows, axis=-2)


def adjoint(xp: Namespace, a: Array) -> Array:
    """aᴴ"""
    a = xp.matrix_transpose(a)
    return xp.conj(a) if kind_of(a) == "complex" else a


def eye_like(xp: Namespace, a: Array) -> Array:
    """The identity matrix of a's size, dtype and device."""
    return xp.eye(a.shape[-1], dtype=a.dtype, device=device_of(a))


def promoted(xp: Namespace, *arrays: Array) -> list[Array]:
    """The arrays, all of the dtype that they promote to."""
    dtype = xp.result_type(*arrays)
    return [a if a.dtype == dtype else xp.astype(a, dtype) for a in arrays]


def matched(xp: Namespace, lead: tuple[int, ...], x: Array, core: int) -> Array:
    """x, of which the last `core` axes are no stack, with the stack `lead` of `as_columns`."""
    stack, shape = x.shape[: len(x.shape) - core], x.shape[len(x.shape) - core :]
    surplus = len(stack) - len(lead)
    if surplus > 0:  # of length 1
        x = xp.reshape(x, stack[surplus:] + shape)
    return xp.broadcast_to(x, lead + shape)


def as_columns(
    xp: Namespace, stack: tuple[int, ...], b: Array
) -> tuple[tuple[int, ...], Array, Callable[[Array], Array]]:
    """
    Arrange right-hand sides so that each matrix of a stack is used once.

    The axes of b's stack that go before the axes of the matrices' stack count the right-hand
    sides of one and the same matrix: they become columns.

    Parameters
    ----------
    stack : tuple of int
        The shape of the matrices' stack.
    b : array, shape (..., m, k)

    Returns
    -------
    lead : tuple of int
        The stack that is left, for `matched`.
    columns : array, shape (*lead, m, K)
    restore : function
        It takes an array of shape (*lead, m, K) back to shape (..., m, k).
    """
    full = broadcast_shapes([stack, b.shape[:-2]])
    while stack and stack[0] == 1:
        stack = stack[1:]
    m, k = b.shape[-2:]
    split = len(full) - len(stack)
    extra, lead = full[:split], full[split:]
    b = xp.broadcast_to(b, (*full, m, k))
    if not extra:
        return lead, b, lambda y: y
    count, axes = len(extra), len(full)
    there = (*range(count, axes), axes, *range(count), axes + 1)
    back = (*range(len(lead) + 1, axes + 1), *range(len(lead) + 1), axes + 1)

    def restore(y: Array) -> Array:
        return xp.permute_dims(xp.reshape(y, (*lead, m, *extra, k)), back)

    return lead, xp.reshape(xp.permute_dims(b, there), (*lead, m, math.prod(extra) * k)), restore
