"""What the names of a namespace are to a derivative, where no rule stands behind them."""

from __future__ import annotations

COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
TESTS = ("isnan", "isfinite", "isinf", "isclose", "allclose", "array_equal", "signbit", "isin")
LOGICAL = ("logical_and", "logical_or", "logical_not", "logical_xor", "all", "any")
BITWISE = (
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_right_shift",
)
STEPS = ("floor", "ceil", "round", "trunc", "floor_divide")
PLACES = ("argmax", "argmin", "argsort", "searchsorted", "nonzero", "argwhere", "count_nonzero")
LIKE = ("zeros_like", "ones_like", "empty_like", "shape", "ndim", "size")
TYPES = ("result_type", "can_cast", "finfo", "iinfo")
RANKS = ("matrix_rank",)

LOCALLY_CONSTANT = frozenset(
    (
        *COMPARISONS,
        *TESTS,
        *LOGICAL,
        *BITWISE,
        *STEPS,
        *PLACES,
        *LIKE,
        *TYPES,
        *RANKS,
    )
)
"""Functions of the values alone: what they return is plain, for its derivative is zero."""

CREATION = frozenset(
    (
        "arange",
        "empty",
        "eye",
        "fftfreq",
        "isdtype",
        "ones",
        "rfftfreq",
        "zeros",
    )
)
"""Functions of sizes and dtypes: no array goes in."""

_UNIQUE = (
    "how many values there are, and which, depends on the numbers; take stop_gradient(x) first, "
    "and the values themselves from x at the indices that come out"
)
REFUSED = {
    "from_dlpack": "it would leave the tape: compute with the array itself",
    "nextafter": "it is a step in the last place, not a function of real numbers",
    "unique_all": _UNIQUE,
    "unique_counts": _UNIQUE,
    "unique_inverse": _UNIQUE,
    "unique_values": _UNIQUE,
}
"""Functions that cannot have a rule, and why."""

INSPECTION = ("__array_namespace_info__", "__array_api_version__")
"""What the namespace says of itself: the library's own."""
