"""Products and solves: of any axes by way of matrices, and what JAX solves by functions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from unidiff.linalg import matmul
from unidiff.linalg._triangular import solve_triangular_matrix
from unidiff.linear import identity, matrix_transpose, permute, reshape

from ._general import Inverse, derivative, general, recorded
from ._jaxpr import Equation, function_of
from ._walk import Translation, Walk

Array = Any


def dot_general(walk: Walk, equation: Equation, xs: list[Any]) -> list[Any]:
    """Record a product over any axes as one of matrices, or vectors, in stacks."""
    (of_a, of_b), stacks = equation.params["dimension_numbers"]
    (a, b), (y,) = xs, equation.bind(walk.values(xs))
    free = [
        [k for k in range(x.ndim) if k not in (*summed, *batch)]
        for x, summed, batch in zip(xs, (of_a, of_b), stacks, strict=True)
    ]
    vectors = [not (axes or stacks[0]) for axes in free]
    left = _laid_out(walk, a, [stacks[0], [] if vectors[0] else free[0], of_a], vectors[0])
    right = _laid_out(walk, b, [stacks[1], of_b, [] if vectors[1] else free[1]], vectors[1])
    shape = _of_product(walk.value(left).shape, walk.value(right).shape)
    z = walk.call(matmul, [left, right], jnp.reshape(y, shape))
    f = reshape(shape, y.shape)
    return [walk.same(z, y) if f is identity else walk.moved(z, f, y)]


def _laid_out(walk: Walk, x: Any, groups: list[Sequence[int]], vector: bool) -> Any:
    """Return x with the axes of a stack first, and those of each other group as one."""
    stack, *others = groups
    order = [*stack, *(k for group in others for k in group)]
    if order != list(range(x.ndim)):
        x = walk.moved(x, permute(order))
    sizes = [x.shape[order.index(k)] for k in stack]
    used = [group for group in others if group] if vector else others
    sizes += [prod(x.shape[order.index(k)] for k in group) for group in used] or [1] * vector
    f = reshape(x.shape, tuple(sizes))
    return x if f is identity else walk.moved(x, f)


def _of_product(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return (*a[:-1], *(b[-1:] if len(b) > 1 else ()))


def triangular_solve(walk: Walk, equation: Equation, xs: list[Any]) -> list[Any]:
    """Record a solve with a triangle: from the left, or, transposed, from the right."""
    (a, b), p = xs, equation.params
    if p["conjugate_a"]:
        return general(walk, equation, xs)
    (y,) = equation.bind(walk.values(xs))
    how = {"lower": bool(p["lower"]), "unit_diagonal": bool(p["unit_diagonal"])}
    if p["left_side"]:
        transposed = bool(p["transpose_a"])
        return [walk.call(solve_triangular_matrix, xs, y, transposed=transposed, **how)]
    columns, solution = walk.moved(b, matrix_transpose), jnp.swapaxes(y, -1, -2)
    transposed = not p["transpose_a"]
    z = walk.call(solve_triangular_matrix, [a, columns], solution, transposed=transposed, **how)
    return [walk.moved(z, matrix_transpose, y)]


def linear_solve(walk: Walk, equation: Equation, xs: list[Any]) -> list[Any]:
    """Record a solve by functions: with respect to the right-hand side, its inverse is known."""
    lengths, matvec = equation.params["const_lengths"], equation.params["jaxprs"].matvec
    count = sum(lengths)
    if any(map(walk.moves, xs[:count])) or len(xs) != count + 1:
        return general(walk, equation, xs)
    values = walk.values(xs)
    (y,) = equation.bind(values)
    function = function_of(matvec)

    def solve(b: Array) -> Array:
        return equation.bind([*values[:count], b])[0]

    def multiply(x: Array) -> Array:
        return function(*values[: lengths.matvec], x)[0]

    def inverse() -> Inverse:
        def pull(w: Array) -> Array:
            return jax.linear_transpose(multiply, y)(w)[0]

        return Inverse(multiply, pull, lambda: -_log_volume(multiply, y))

    f = derivative(equation.name, solve, values[-1], [y], inverse)
    return recorded(walk, equation.name, [f], xs[-1:], [y])


def _log_volume(f: Any, x: Array) -> Array:
    """Return log |det f|, of a linear function, written out."""
    basis = jnp.eye(x.size, dtype=x.dtype).reshape(x.size, *x.shape)
    return jnp.linalg.slogdet(jax.vmap(f)(basis).reshape(x.size, x.size))[1]


TABLE: dict[str, Translation] = {
    "custom_linear_solve": linear_solve,
    "dot_general": dot_general,
    "triangular_solve": triangular_solve,
}
