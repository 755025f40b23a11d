"""A traced array has the value, shape and dtype of the plain one, whatever is done to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import unidiff as ud

xp = ud.backend("numpy").xp
derandomized = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
SHAPES = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
DTYPES = st.sampled_from(["float32", "float64", "complex128"])


@st.composite
def drawn(draw, dtypes=DTYPES, shapes=SHAPES):
    dtype = draw(dtypes)
    elements = st.integers(-8, 8).map(lambda n: np.dtype(dtype).type(n / 4))
    return draw(arrays(dtype, draw(shapes), elements=elements))


def both_ways(f, x):
    """The value of f as a tracer of either kind finds it, and its tangent."""
    y, dy = ud.jvp(f, (x,), (np.ones_like(x),))
    recorded, pull = ud.vjp(f, x)
    (w,) = pull(np.ones_like(recorded))
    return y, dy, recorded, w


def check(f, x):
    wanted = np.asarray(f(x))
    y, dy, recorded, w = both_ways(f, x)
    for found in (y, recorded):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype
        assert type(found) is np.ndarray
    assert dy.shape == wanted.shape
    assert dy.dtype == wanted.dtype
    assert w.shape == x.shape
    assert w.dtype == x.dtype


OF_ONE = {
    "negative": lambda x: -x,
    "positive": lambda x: +x,
    "exp": lambda x: xp.exp(x),
    "sin": lambda x: xp.sin(x),
    "cos": lambda x: xp.cos(x),
    "tanh": lambda x: xp.tanh(x),
    "sqrt": lambda x: xp.sqrt(x * x + 1),
    "log": lambda x: xp.log(x * x + 1),
    "log1p": lambda x: xp.log1p(x * x),
    "abs": lambda x: abs(x),
    "square": lambda x: x**2,
    "scalars": lambda x: 2 * x - 1.5 + (3 - x) * 0.5 + x / 4,
    "reciprocal": lambda x: 1 / (x * x + 1),
    "sum": lambda x: xp.sum(x),
    "mean of one more": lambda x: xp.mean(xp.concat([xp.reshape(x, (-1,)), np.ones(1, x.dtype)])),
    "flat": lambda x: xp.reshape(x, (x.size,)),
    "transposed": lambda x: xp.permute_dims(x, tuple(reversed(range(x.ndim)))),
    "broadcast": lambda x: xp.broadcast_to(x, (2, *x.shape)),
    "ellipsis": lambda x: x[...],
    "new axis": lambda x: x[None, ..., None],
    "stack": lambda x: xp.stack([x, 2.0 * x], axis=-1),
    "expand": lambda x: xp.expand_dims(x, axis=0),
    "where": lambda x: xp.where(True, x, 2 * x),
    "real": lambda x: xp.real(x) * x,
    "conj": lambda x: xp.conj(x) * x,
}


@pytest.mark.parametrize("name", OF_ONE)
@derandomized
@given(x=drawn())
def test_functions_of_any_shape(name, x):
    check(OF_ONE[name], x)


OF_AXES = {
    "sum": lambda x, a: xp.sum(x, axis=a),
    "sum kept": lambda x, a: xp.sum(x, axis=a, keepdims=True),
    "cumulative_sum": lambda x, a: xp.cumulative_sum(x, axis=a),
    "cumulative_sum with zero": lambda x, a: xp.cumulative_sum(x, axis=a, include_initial=True),
    "roll": lambda x, a: xp.roll(x, 2, axis=a),
    "roll all": lambda x, a: xp.roll(x, -1),
    "concat": lambda x, a: xp.concat(
        [x, x[..., :1] if a % x.ndim < x.ndim - 1 and x.ndim < 2 else x], axis=a
    ),
    "moveaxis": lambda x, a: xp.moveaxis(x, a, 0),
    "slice": lambda x, a: xp.moveaxis(x, a, 0)[1:],
    "every other": lambda x, a: xp.moveaxis(x, a, -1)[..., ::-2],
    "stack": lambda x, a: xp.stack([x, -x], axis=a),
    "squeeze": lambda x, a: xp.squeeze(xp.expand_dims(x, axis=a), axis=a),
}


@pytest.mark.parametrize("name", OF_AXES)
@derandomized
@given(data=st.data(), x=drawn(shapes=array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3)))
def test_functions_along_an_axis(name, x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    check(lambda x: OF_AXES[name](x, axis), x)


MATMULS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
]


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
@pytest.mark.parametrize(("left", "right"), MATMULS)
def test_products(rng, left, right, dtype):
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in (left, right))

    check(lambda a: a @ b, a)
    check(lambda b: a @ b, b)
    check(lambda a: xp.matmul(a, b), a)
    check(lambda b: np.matmul(a, b), b)


BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b * b + 1),
    "maximum": lambda a, b: xp.maximum(a, b),
    "minimum": lambda a, b: xp.minimum(a, b),
    "where": lambda a, b: xp.where(np.asarray(True), a, b),
    "pow": lambda a, b: (a * a + 1) ** b,
}


@pytest.mark.parametrize("name", BINARY)
@derandomized
@given(
    a=drawn(st.sampled_from(["float32", "float64"]), st.sampled_from([(), (3,), (2, 1), (0, 3)])),
    b=drawn(st.sampled_from(["float32", "float64"]), st.sampled_from([(), (1,), (3,), (1, 3)])),
)
def test_functions_of_two_arrays_broadcast_and_promote(name, a, b):
    f = BINARY[name]
    for wanted, found in [
        (f(a, b), ud.jvp(f, (a, b), (a, b))[0]),
        (f(a, b), ud.vjp(f, a, b)[0]),
    ]:
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype
    check(lambda a: f(a, b), a)
    check(lambda b: f(a, b), b)


INTEGERS = {
    "int array": np.array([1, 2, 3]),
    "bool array": np.array([True, False, True]),
    "int8": np.array([1, -2, 3], np.int8),
    "Python int": 3,
    "Python bool": True,
    "int scalar": np.int64(2),
}


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_integers_and_booleans_are_constants(name, dtype):
    k, x = INTEGERS[name], np.array([0.5, 1.5, -2.0], dtype)

    check(lambda x: x * k + k - x / (np.abs(k) + 1), x)


def test_an_integer_matrix_promotes_as_in_plain_numpy():
    m, x = np.array([[1, 2], [3, 4], [0, -1]]), np.array([0.5, 2.0], np.float32)

    check(lambda x: m @ x, x)
    check(lambda x: x @ m.T, x)
    assert np.array_equal(ud.grad(lambda x: xp.sum(m @ x))(x), [4, 5])


def test_a_quotient_of_two_precisions_is_differentiated_in_the_higher():
    a, b = np.array([1.0]), np.array([3.0], np.float32)

    assert ud.grad(lambda a: xp.sum(a / b))(a) == 1 / np.float64(3)


INDICES = {
    "row": lambda x: x[1],
    "entry": lambda x: x[1, 2],
    "last": lambda x: x[-1, -1],
    "slice": lambda x: x[0:2, 1:],
    "empty slice": lambda x: x[2:1],
    "NumPy integer": lambda x: x[np.int64(1)],
    "slice of NumPy integers": lambda x: x[np.int64(1) : np.int32(3)],
    "list": lambda x: x[[0, 2, 0]],
    "array from the end": lambda x: x[np.array([-1, 0, -1])],
    "matrix of indices": lambda x: x[np.array([[0, 1], [2, 2]])],
    "mask": lambda x: x[np.asarray(ud.value_of(x)) > 0],
    "own mask": lambda x: x[x > 0],
    "array and slice": lambda x: x[np.array([0, 2]), 1:],
    "slice and array": lambda x: x[1:, np.array([0, 0])],
    "arrays apart": lambda x: x[np.array([0, 2])[:, None], np.array([1, 3])],
    "new axes": lambda x: x[None, 1, ..., None],
    "rows one by one": lambda x: sum(row * row for row in x),
    "unpacked": lambda x: (lambda a, b, c: a * b + c)(*x),
    "take": lambda x: xp.take(x, np.array([-1, 1, 1]), axis=1),
    "take of a matrix": lambda x: np.take(x, np.array([[0, 1]]), axis=0),
}


@pytest.mark.parametrize("name", INDICES)
def test_indexing(name):
    check(INDICES[name], np.arange(12.0).reshape(3, 4) - 5.5)
