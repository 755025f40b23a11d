"""Linear maps as data."""

from ._blocks import Bare, column, parallel, pick, row
from ._elementwise import conjugate, diag, mask, real_part, scale, to_complex
from ._functions import from_functions
from ._index import embed, gather, scatter, slice_
from ._joins import concat, stack
from ._kinds import for_every_map, linear_map, static
from ._map import LinearMap, identity, zero
from ._scipy import from_scipy, to_scipy
from ._shape import (
    broadcast,
    cumulative_sum,
    flip,
    matrix_transpose,
    permute,
    reshape,
    roll,
    spread,
    sum_over,
    trace,
    triangle,
)
from ._space import ArraySpace, ProductSpace, space_of

__all__ = [
    "ArraySpace",
    "Bare",
    "LinearMap",
    "ProductSpace",
    "broadcast",
    "column",
    "concat",
    "conjugate",
    "cumulative_sum",
    "diag",
    "embed",
    "flip",
    "for_every_map",
    "from_functions",
    "from_scipy",
    "gather",
    "identity",
    "linear_map",
    "mask",
    "matrix_transpose",
    "parallel",
    "permute",
    "pick",
    "real_part",
    "reshape",
    "roll",
    "row",
    "scale",
    "scatter",
    "slice_",
    "space_of",
    "spread",
    "stack",
    "static",
    "sum_over",
    "to_complex",
    "to_scipy",
    "trace",
    "triangle",
    "zero",
]
