"""Every rule of the catalogue with arguments it is smooth at: one line a case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import unidiff as ud
from unidiff.linalg import _equations, _factorizations, _inverses
from unidiff.maps import left, left_solve, right_solve
from unidiff.tape._namespace import functions

# -- kinds of arguments ---------------------------------------------------------------------------


def normal(rng, shape, dtype):
    x = rng.normal(size=shape)
    return (x + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def square(rng, shape, dtype):
    """Matrices with a dominant diagonal, whose pivots stay where they are."""
    n = shape[-1]
    sizes = np.linspace(2.0, 3.0, n) * n**0.5
    return (0.5 * normal(rng, shape, dtype) + sizes * np.eye(n)).astype(dtype)


def definite(rng, shape, dtype):
    x = square(rng, shape, dtype)
    return x @ x.conj().mT / shape[-1]


def small(rng, shape, dtype):
    return normal(rng, shape, dtype) * np.asarray(0.2, dtype)


def positive(rng, shape, dtype):
    """Numbers between 0.5 and 2, complex ones a little off the axis."""
    x = rng.uniform(0.5, 2.0, size=shape)
    turn = np.exp(0.4j) if np.dtype(dtype).kind == "c" else 1.0
    return (x * turn).astype(dtype)


def apart(rng, shape, dtype):
    """Numbers no two of which are near each other, nor near zero."""
    size = int(np.prod(shape))
    x = (rng.permutation(size) + 0.5) * np.where(rng.random(size) < 0.5, -1.0, 1.0)
    return x.reshape(shape).astype(dtype)


def chosen(rng, shape, dtype):
    return rng.random(shape) < 0.5


# -- cases ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RuleCase:
    """A function, the kinds and core shapes of its arguments, and what is known of it."""

    f: Any
    arguments: tuple[tuple[Any, tuple[int, ...]], ...]
    signature: str | None = None
    static: dict[str, Any] = field(default_factory=dict)
    dtypes: tuple[str, ...] = ("float64", "float32", "complex128")
    refused: dict[str, str] = field(default_factory=dict)  # reasons, by backend

    @property
    def leads(self):
        """The ways in which its arguments can be stacked."""
        if self.signature is None and not isinstance(self.f, ud._primitive.Primitive):
            return ("single",)
        return ("single", "stack", "broadcast") if len(self.arguments) > 1 else ("single", "stack")

    def numbers(self, rng, lead, dtype):
        """Return the arguments, with their leading axes."""
        shapes = {"single": [()], "stack": [(2,)], "broadcast": [(2, 1), (3,)]}[lead]
        return [
            kind(rng, shapes[k % len(shapes)] + core, dtype)
            for k, (kind, core) in enumerate(self.arguments)
        ]


REAL = ("float64", "float32")
COMPLEX = ("complex128",)
MATRIX, TWO = (3, 3), (3, 2)
of_pair = "(m,m),(m,k)->(m,k)"
of_matrix = "(m,m)->(m,m)"


def named(name, *args, **how):
    """Return the namespace's function of that name, with these arguments after the array."""

    def function(x):
        return getattr(ud.array_namespace(x), name)(x, *args, **how)

    function.__name__ = name
    return function


def of_numbers(name, *kinds, **how):
    """Return the case of a function of numbers, on small arrays of them."""
    return RuleCase(functions[name], tuple((kind, (3,)) for kind in kinds), **how)


def matrix(f, kind=square, **how):
    """Return the case of a function of one square matrix."""
    return RuleCase(f, ((kind, MATRIX),), **how)


def triangular(name, **how):
    def function(a, b):
        return ud.linalg.solve_triangular(a, b, **how)

    function.__name__ = name
    return RuleCase(function, ((square, MATRIX), (normal, TWO)), of_pair)


def lu_solved(trans):
    def function(a, b):
        return ud.linalg.lu_solve(ud.linalg.lu_factor(a), b, trans)

    return RuleCase(function, ((square, MATRIX), (normal, TWO)), of_pair)


def shaped(name, shape, *args, **how):
    """Return the case of a function of one array, of fixed shape."""
    return RuleCase(named(name, *args, **how), ((normal, shape),))


def product(*shapes):
    f = functions["matmul"]
    stacks = all(len(shape) > 1 for shape in shapes)
    return RuleCase(f if stacks else lambda a, b: f(a, b), tuple((normal, s) for s in shapes))


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


LINALG = {
    "inv": matrix(ud.linalg.inv),
    "solve": RuleCase(ud.linalg.solve, ((square, MATRIX), (normal, TWO)), of_pair),
    "solve: its rule": RuleCase(_inverses.solve_matrix, ((square, MATRIX), (normal, TWO))),
    "solve: a vector": RuleCase(ud.linalg.solve, ((square, MATRIX), (normal, (3,)))),
    "solve_triangular": triangular("upper"),
    "solve_triangular: lower": triangular("lower", lower=True),
    "solve_triangular: transposed": triangular("transposed", trans="T"),
    "solve_triangular: adjoint": triangular("adjoint", trans="C", lower=True),
    "solve_triangular: unit diagonal": triangular("unit", unit_diagonal=True),
    "solve_triangular: its rule": RuleCase(
        _inverses.solve_triangular_matrix, ((square, MATRIX), (normal, TWO)), static={"lower": True}
    ),
    "slogdet": matrix(ud.linalg.slogdet, signature="(m,m)->(),()"),
    "det": matrix(ud.linalg.det),
    "cholesky": matrix(ud.linalg.cholesky, definite, signature=of_matrix),
    "cholesky: upper": matrix(ud.linalg.cholesky, definite, static={"upper": True}),
    "cholesky: its rule": matrix(_factorizations.cholesky_lower, definite),
    "lu_factor": matrix(ud.linalg.lu_factor, signature="(m,m)->(m,m)"),
    "lu_solve": lu_solved(0),
    "lu_solve: transposed": lu_solved(1),
    "lu_solve: adjoint": lu_solved(2),
    "expm": matrix(ud.linalg.expm, small),
    "solve_sylvester": RuleCase(
        _equations.solve_sylvester, ((square, MATRIX), (square, (2, 2)), (normal, TWO))
    ),
    "solve_continuous_lyapunov": RuleCase(
        _equations.solve_continuous_lyapunov, ((square, MATRIX), (normal, MATRIX))
    ),
    "solve_discrete_lyapunov": RuleCase(
        _equations.solve_discrete_lyapunov, ((small, MATRIX), (normal, MATRIX))
    ),
}

MAPS = {
    "left_solve": RuleCase(
        lambda a, b: left_solve(a)(b), ((square, MATRIX), (normal, TWO)), of_pair
    ),
    "right_solve": RuleCase(
        lambda a, b: right_solve(a)(b), ((square, MATRIX), (normal, (2, 3))), "(m,m),(k,m)->(k,m)"
    ),
    "logabsdet": matrix(lambda a: left(a).on(a).logabsdet()),
}

ELEMENTWISE = {
    "add": of_numbers("add", normal, normal),
    "subtract": of_numbers("subtract", normal, normal),
    "multiply": of_numbers("multiply", normal, normal),
    "divide": of_numbers("divide", normal, positive),
    "negative": of_numbers("negative", normal),
    "positive": of_numbers("positive", normal),
    "reciprocal": of_numbers("reciprocal", positive),
    "square": of_numbers("square", normal),
    "exp": of_numbers("exp", normal),
    "expm1": of_numbers("expm1", normal),
    "log": of_numbers("log", positive),
    "log1p": of_numbers("log1p", positive),
    "sqrt": of_numbers("sqrt", positive),
    "sin": of_numbers("sin", normal),
    "cos": of_numbers("cos", normal),
    "tanh": of_numbers("tanh", small),
    "pow": of_numbers("pow", positive, normal),
    "pow: an integer": RuleCase(lambda x: x**3, ((normal, (3,)),), "()->()"),
    "pow: of a number": RuleCase(lambda x: 2.0**x, ((normal, (3,)),), "()->()"),
    "maximum": of_numbers("maximum", apart, normal, dtypes=REAL),
    "minimum": of_numbers("minimum", apart, normal, dtypes=REAL),
    "where": of_numbers("where", chosen, normal, normal),
    "abs": of_numbers("abs", apart),
    "conj": of_numbers("conj", normal, dtypes=COMPLEX),
    "real": of_numbers("real", normal, dtypes=COMPLEX),
    "imag": of_numbers("imag", normal, dtypes=COMPLEX),
}

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
    "matmul": product((3, 4), (4, 2)),
    "matmul: vectors": product((3,), (3,)),
    "matmul: a vector, a matrix": product((3,), (3, 2)),
    "matmul: a matrix, a vector": product((2, 3), (3,)),
    "matmul: a vector, a stack": product((3,), (2, 3, 4)),
    "matmul: a stack, a vector": product((2, 4, 3), (3,)),
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

CASES = LINALG | MAPS | ELEMENTWISE | MANIPULATION
