"""Products of matrices and vectors."""

from __future__ import annotations

from unidiff.tape._namespace import functions

from .case import RuleCase
from .kinds import normal


def product(*shapes):
    f = functions["matmul"]
    stacks = all(len(shape) > 1 for shape in shapes)
    return RuleCase(f if stacks else lambda a, b: f(a, b), tuple((normal, s) for s in shapes))


PRODUCTS = {
    "matmul": product((3, 4), (4, 2)),
    "matmul: vectors": product((3,), (3,)),
    "matmul: a vector, a matrix": product((3,), (3, 2)),
    "matmul: a matrix, a vector": product((2, 3), (3,)),
    "matmul: a vector, a stack": product((3,), (2, 3, 4)),
    "matmul: a stack, a vector": product((2, 4, 3), (3,)),
}
