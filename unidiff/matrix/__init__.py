"""Linear maps made of matrices, and the factorization primitives they use."""

from ._maps import (
    Left,
    Right,
    TraceSolve,
    congruence,
    dense,
    factor,
    factored_inverse,
    factored_solve,
    left,
    left_solve,
    logabsdet,
    right,
    right_solve,
)

__all__ = [
    "Left",
    "Right",
    "TraceSolve",
    "congruence",
    "dense",
    "factor",
    "factored_inverse",
    "factored_solve",
    "left",
    "left_solve",
    "logabsdet",
    "right",
    "right_solve",
]
