"""Strategies of hypothesis's: dtypes, shapes, arrays, and how they lie in memory.

    @given(x=arrays(dtypes("real floating"), shapes()).flatmap(strided))
    def test_my_rule(x):
        check_rule(my_rule, x)

Arrays are NumPy's; `check_rule` converts them to each backend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as of_numpy
except ModuleNotFoundError as error:
    missing = (
        "unidiff.testing.strategies needs hypothesis, which is not installed: "
        "python -m pip install 'unidiff-array[test]'"
    )
    raise ModuleNotFoundError(missing, name=error.name) from error

__all__ = ["arrays", "broadcastable", "dtypes", "shapes", "stacks", "strided"]

Shape = tuple[int, ...]
Strategy = st.SearchStrategy
Draw = Callable[[Strategy[Any]], Any]

KINDS = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "real floating": ("float32", "float64"),
    "complex floating": ("complex64", "complex128"),
}
KINDS["integral"] = KINDS["signed integer"] + KINDS["unsigned integer"]
KINDS["numeric"] = KINDS["integral"] + KINDS["real floating"] + KINDS["complex floating"]


def dtypes(*kinds: str) -> Strategy[Any]:
    """
    Return a strategy of the standard's dtypes.

    Parameters
    ----------
    *kinds : str
        As in the standard's `isdtype`: "bool", "signed integer", "unsigned integer", "integral",
        "real floating", "complex floating", "numeric". By default those that have derivatives,
        the real and the complex floating ones.

    Returns
    -------
    strategy : SearchStrategy of numpy.dtype

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        msg = f"dtypes: no kind {unknown[0]!r}; there are {', '.join(KINDS)}"
        raise ValueError(msg)
    wanted = kinds or ("real floating", "complex floating")
    names = dict.fromkeys(name for kind in wanted for name in KINDS[kind])
    return st.sampled_from([np.dtype(name) for name in names])


def shapes(
    *, min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4
) -> Strategy[Shape]:
    """
    Return a strategy of shapes, () and those of empty arrays among them.

    Parameters
    ----------
    min_dims, max_dims : int, optional
        How many axes.
    min_side, max_side : int, optional
        How long they are; with `min_side=1` no array is empty.

    Returns
    -------
    strategy : SearchStrategy of tuple of int
    """
    return of_numpy.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


def broadcastable(
    shapes: Strategy[Shape] | Shape = shapes(),  # noqa: B008  (strategies are immutable)
    count: int = 2,
) -> Strategy[tuple[Shape, ...]]:
    """
    Return a strategy of tuples of shapes that broadcast, together, to a shape.

    Parameters
    ----------
    shapes : strategy of shapes, or a shape, optional
        What they broadcast to.
    count : int, optional
        How many.

    Returns
    -------
    strategy : SearchStrategy of tuple of tuple of int
        Sizes of 1 stand where another shape has the size, and leading axes may be missing.
    """
    return _fixed(shapes).flatmap(lambda shape: _broadcasting(shape, count))


@st.composite
def _broadcasting(draw: Draw, shape: Shape, count: int) -> tuple[Shape, ...]:
    """Draw shapes, of which one has all the axes, and of each axis one has the size."""
    whole, *owners = (draw(st.integers(0, count - 1)) for _ in (None, *shape))
    found = []
    for k in range(count):
        pairs = zip(shape, owners, strict=True)
        sizes = [n if owner == k or draw(st.booleans()) else 1 for n, owner in pairs]
        ones = next((i for i, n in enumerate(sizes) if n != 1), len(sizes))
        missing = 0 if k == whole else draw(st.integers(0, ones))
        found.append(tuple(sizes[missing:]))
    return tuple(found)


def stacks(
    signature: str, *, max_dims: int = 2, min_side: int = 1, max_side: int = 3
) -> Strategy[tuple[Shape, ...]]:
    """
    Return a strategy of the shapes of all arguments of a function over stacks of arrays.

    Parameters
    ----------
    signature : str
        As NumPy's for generalized ufuncs, "(m,m),(m,k)->(m,k)".
    max_dims : int, optional
        How many axes a stack has; stacks broadcast.
    min_side, max_side : int, optional
        How long axes are.

    Returns
    -------
    strategy : SearchStrategy of tuple of tuple of int
    """
    how = {"max_dims": max_dims, "min_side": min_side, "max_side": max_side}
    found = of_numpy.mutually_broadcastable_shapes(signature=signature, **how)  # type: ignore[arg-type]
    return found.map(lambda drawn: drawn.input_shapes)


def arrays(
    dtypes: Strategy[Any] | Any = dtypes(),  # noqa: B008
    shapes: Strategy[Shape] | Shape = shapes(),  # noqa: B008
    elements: Strategy[Any] | None = None,
) -> Strategy[Any]:
    """
    Return a strategy of arrays.

    Parameters
    ----------
    dtypes : strategy of dtypes, or a dtype, optional
        Real and complex floating ones by default.
    shapes : strategy of shapes, or a shape, optional
    elements : strategy of numbers, optional
        By default numbers from −2 to 2 that are exact in half precision, of which no rule
        overflows; for integers and booleans, hypothesis's own.

    Returns
    -------
    strategy : SearchStrategy of numpy.ndarray
    """

    def of_dtype(dtype: Any) -> Strategy[Any]:
        wanted = _small(dtype) if elements is None and dtype.kind in "fc" else elements
        return of_numpy.arrays(dtype, shapes, elements=wanted)

    return _fixed(dtypes).map(np.dtype).flatmap(of_dtype)


def _small(dtype: Any) -> Strategy[Any]:
    """Return a strategy of numbers k / 64, real and imaginary parts from −2 to 2."""
    real = st.integers(-128, 128).map(lambda k: k / 64)
    return real if dtype.kind == "f" else st.builds(complex, real, real)


def strided(x: Any) -> Strategy[Any]:
    """
    Return a strategy of arrays equal to an array, that lie otherwise in memory.

    Parameters
    ----------
    x : numpy.ndarray

    Returns
    -------
    strategy : SearchStrategy of numpy.ndarray
        In C's and in Fortran's order, with negative strides, with gaps, not to be written to;
        and with strides of 0 along axes on which the numbers are all the same.

    Examples
    --------
    >>> import numpy as np
    >>> from unidiff.testing.strategies import strided
    >>> y = strided(np.ones((2, 3))).example()  # doctest: +SKIP
    """
    return st.sampled_from(LAYOUTS).map(lambda layout: layout(np.asarray(x)))


def in_rows(x: Any) -> Any:
    """Return a copy in C's order."""
    return np.array(x, order="C")


def in_columns(x: Any) -> Any:
    """Return a copy in Fortran's order."""
    return np.array(x, order="F")


def backwards(x: Any) -> Any:
    """Return a view with negative strides."""
    return np.flip(np.flip(x).copy())


def with_gaps(x: Any) -> Any:
    """Return a view of every other number of a larger array."""
    larger = np.full((*x.shape, 2), np.asarray(1, x.dtype))
    larger[..., 0] = x
    return larger[..., 0]


def read_only(x: Any) -> Any:
    """Return a copy that cannot be written to."""
    x = np.array(x)
    x.flags.writeable = False
    return x


def repeated(x: Any) -> Any:
    """Return a view with strides of 0 wherever that is the same array."""
    index = []
    for axis in range(x.ndim):
        first = x.take([0], axis) if x.shape[axis] else x
        index.append(
            slice(0, 1) if np.array_equal(x, np.broadcast_to(first, x.shape)) else slice(None)
        )
    return np.broadcast_to(x[tuple(index)].copy(), x.shape)


LAYOUTS: Sequence[Callable[[Any], Any]] = (
    in_rows,
    in_columns,
    backwards,
    with_gaps,
    read_only,
    repeated,
)


def _fixed(x: Any) -> Strategy[Any]:
    """Return a strategy, of one thing alone where it is none."""
    return x if isinstance(x, st.SearchStrategy) else st.just(x)
