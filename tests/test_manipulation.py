"""Shapes: the values are the library's, the derivatives exact, and so is what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, broadcastable_shapes
from linear_functions import alike, check_linear, outcome, whole_numbers

import unidiff as ud

xp = ud.backend("numpy").xp
many = settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
SHAPES = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
DTYPES = st.sampled_from(["float64", "float32", "complex128"])
some_axis = st.integers(-4, 3)
some_axes = st.one_of(some_axis, st.lists(some_axis, max_size=3, unique=True).map(tuple))
counts = st.integers(0, 3)


def permutations(n):
    """Orders of n axes, counted from either end."""
    flags = st.lists(st.booleans(), min_size=n, max_size=n)
    return st.tuples(st.permutations(range(n)), flags).map(
        lambda p: tuple(k - n if back else k for k, back in zip(*p, strict=True))
    )


# a function of an array and of something drawn, which may not fit the array at all
OF_ONE = {
    "broadcast_to": (
        lambda x, shape: xp.broadcast_to(x, shape),
        lambda x: broadcastable_shapes(x.shape, max_dims=4, max_side=3),
    ),
    "diff": (lambda x, a: xp.diff(x, axis=a), lambda x: some_axis),
    "diff again": (lambda x, k: xp.diff(x, axis=0, n=k), lambda x: st.integers(-1, 4)),
    "diff with ends": (
        lambda x, a: xp.diff(x, axis=a, prepend=2.0 * x, append=x),
        lambda x: some_axis,
    ),
    "expand_dims": (lambda x, a: xp.expand_dims(x, axis=a), lambda x: some_axis),
    "flip": (lambda x, a: xp.flip(x, axis=a), lambda x: st.none() | some_axes),
    "matrix_transpose": (lambda x, _: xp.matrix_transpose(x), lambda x: st.none()),
    "moveaxis": (lambda x, a: xp.moveaxis(x, *a), lambda x: st.tuples(some_axes, some_axes)),
    "permute_dims": (
        lambda x, a: xp.permute_dims(x, a),
        lambda x: permutations(x.ndim) | permutations(2),
    ),
    "repeat": (
        lambda x, k: xp.repeat(x, k[0], axis=k[1]),
        lambda x: st.tuples(counts, st.none() | some_axis),
    ),
    "repeat each": (
        lambda x, k: xp.repeat(x, np.asarray(k, int), axis=0),
        lambda x: st.lists(counts, min_size=1, max_size=3),
    ),
    "reshape": (
        lambda x, shape: xp.reshape(x, shape),
        lambda x: st.lists(st.integers(-1, 4), max_size=3).map(tuple),
    ),
    "reshape to a row": (
        lambda x, copy: xp.reshape(x, (-1,), copy=copy),
        lambda x: st.sampled_from([None, True]),
    ),
    "roll": (
        lambda x, k: xp.roll(x, k[0], axis=k[1]),
        lambda x: st.tuples(st.integers(-5, 5), st.none() | some_axes),
    ),
    "roll each": (lambda x, k: xp.roll(x, k, axis=(0, -1)), lambda x: st.tuples(counts, counts)),
    "squeeze": (lambda x, a: xp.squeeze(x, axis=a) if x.ndim else 1.0 * x, lambda x: some_axes),
    "tile": (lambda x, k: xp.tile(x, k), lambda x: st.lists(counts, max_size=4).map(tuple)),
    "tril": (lambda x, k: xp.tril(x, k=k) if x.ndim > 1 else 1.0 * x, lambda x: st.integers(-4, 4)),
    "triu": (lambda x, k: xp.triu(x, k=k) if x.ndim > 1 else 1.0 * x, lambda x: st.integers(-4, 4)),
    "unstack": (lambda x, a: xp.unstack(x, axis=a), lambda x: some_axis),
    "stack": (lambda x, a: xp.stack([x, 2.0 * x, x], axis=a), lambda x: some_axis),
    "concat": (lambda x, a: xp.concat([x, 2.0 * x], axis=a), lambda x: st.none() | some_axis),
    "concat of others": (lambda x, a: xp.concat([x, x[1:]], axis=a), lambda x: some_axis),
    "meshgrid": (
        lambda x, how: xp.meshgrid(*x, indexing=how) if x.ndim == 2 and x.size else 1.0 * x,
        lambda x: st.sampled_from(["xy", "ij"]),
    ),
    "take": (
        lambda x, k: xp.take(x, np.asarray(k, int), axis=0),
        lambda x: st.lists(st.integers(-2, 1), max_size=3),
    ),
}


@pytest.mark.parametrize("name", OF_ONE)
@many
@given(data=st.data())
def test_the_value_is_that_of_the_library_and_the_derivative_exact(name, data):
    f, strategy = OF_ONE[name]
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    x = whole_numbers(rng, data.draw(SHAPES), data.draw(DTYPES))
    given_too = data.draw(strategy(x))

    check_linear(rng, lambda x: f(x, given_too), x)


OF_SEVERAL = {
    "concat": lambda a, b, c: xp.concat([a, b, c], axis=-1),
    "concat in a row": lambda a, b, c: xp.concat([a, b, c], axis=None),
    "stack": lambda a, b, c: xp.stack([a, b, c], axis=1),
    "broadcast_arrays": lambda a, b, c: xp.broadcast_arrays(a, b[:, :1], c[:1]),
    "diff": lambda a, b, c: xp.diff(a, axis=0, prepend=b, append=c),
    "meshgrid": lambda a, b, c: xp.meshgrid(a[0], b[:, 0], c[1]),
}


@pytest.mark.parametrize("dtypes", ["ddd", "fdd", "dfd", "ddf", "fff", "fDd", "Fdf"])
@pytest.mark.parametrize("plain", ["", "0", "1", "02"])
@pytest.mark.parametrize("name", OF_SEVERAL)
def test_traced_and_plain_arrays_of_any_precision_are_joined(rng, name, plain, dtypes):
    arrays = [whole_numbers(rng, (2, 3), dtype) for dtype in dtypes]
    moving = [k for k in range(3) if str(k) not in plain]

    def f(*xs):
        full = [np.zeros_like(x) for x in arrays]
        for k, x in zip(moving, xs, strict=True):
            full[k] = x
        return OF_SEVERAL[name](*full)

    check_linear(rng, f, *(arrays[k] for k in moving))


def test_constants_beside_traced_arrays_are_themselves():
    x, ones = np.array([5.0, 6.0], np.float32), np.array([1, 2])
    f = lambda x: xp.concat([x, ones, xp.stack([x[0], 7.0]), xp.diff(x, prepend=3.0)])  # noqa: E731

    y, dy = ud.jvp(f, (x,), (x,))

    assert y.tolist() == [5.0, 6.0, 1.0, 2.0, 5.0, 7.0, 2.0, 1.0]
    assert y.dtype == f(x).dtype == np.float64
    assert dy.tolist() == [5.0, 6.0, 0.0, 0.0, 5.0, 0.0, 5.0, 1.0]


def test_numbers_of_python_are_stacked_with_traced_ones():
    g = ud.grad(lambda x: xp.sum(np.stack([x[0], 2.0, x[1] * x[0]]) * np.arange(3.0)))

    assert g(np.array([3.0, 5.0])).tolist() == [10.0, 6.0]


X = np.arange(12.0).reshape(3, 4) + 1.0
BAD = {
    "broadcast_to": lambda x: xp.broadcast_to(x, (3, 3)),
    "broadcast_to fewer": lambda x: xp.broadcast_to(x, (4,)),
    "concat of ranks": lambda x: xp.concat([x, x[0]]),
    "concat of shapes": lambda x: xp.concat([x, x[:, :2]]),
    "concat of a number": lambda x: xp.concat([x, x[0, 0]]),
    "concat of numbers": lambda x: xp.concat([x[0, 0], x[1, 1]]),
    "concat of a plain number": lambda x: xp.concat([x[0], np.float64(1.0)]),
    "concat along no such axis": lambda x: xp.concat([x, x], axis=2),
    "diff along no such axis": lambda x: xp.diff(x, axis=2),
    "diff less than never": lambda x: xp.diff(x, n=-1),
    "expand_dims": lambda x: xp.expand_dims(x, axis=4),
    "flip": lambda x: xp.flip(x, axis=2),
    "matrix_transpose of a vector": lambda x: xp.matrix_transpose(x[0]),
    "moveaxis": lambda x: xp.moveaxis(x, 0, 2),
    "moveaxis of two to one": lambda x: xp.moveaxis(x, (0, 1), 0),
    "permute_dims of fewer": lambda x: xp.permute_dims(x, (0,)),
    "permute_dims of one twice": lambda x: xp.permute_dims(x, (0, 0)),
    "repeat less than never": lambda x: xp.repeat(x, -1, axis=0),
    "repeat of too many": lambda x: xp.repeat(x, np.array([1, 2]), axis=0),
    "repeat half": lambda x: xp.repeat(x, np.array([0.5]), axis=0),
    "reshape": lambda x: xp.reshape(x, (5, -1)),
    "reshape to more": lambda x: xp.reshape(x, (5, 4)),
    "reshape to two unknown": lambda x: xp.reshape(x, (-1, -1)),
    "reshape of none": lambda x: xp.reshape(x[:0], (-1, 0)),
    "reshape without a copy": lambda x: xp.reshape(xp.permute_dims(x, (1, 0)), (12,), copy=False),
    "roll": lambda x: xp.roll(x, 1, axis=2),
    "squeeze": lambda x: xp.squeeze(x, axis=0),
    "squeeze no such axis": lambda x: xp.squeeze(x, axis=2),
    "stack of shapes": lambda x: xp.stack([x, x[:2]]),
    "stack along no such axis": lambda x: xp.stack([x, x], axis=3),
    "take": lambda x: xp.take(x, np.array([3]), axis=0),
    "take along no such axis": lambda x: xp.take(x, np.array([0]), axis=2),
    "take_along_axis": lambda x: xp.take_along_axis(x, np.array([[4]]), axis=1),
    "take_along_axis of a rank": lambda x: xp.take_along_axis(x, np.array([0]), axis=1),
    "unstack": lambda x: xp.unstack(x, axis=2),
    "meshgrid": lambda x: xp.meshgrid(x[0], x[1], indexing="yx"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_the_library_refuses_is_refused_alike(name):
    wanted = outcome(BAD[name], X)

    assert isinstance(wanted, Exception)
    assert alike(outcome(lambda: ud.vjp(BAD[name], X)), wanted)
    assert alike(outcome(lambda: ud.jvp(BAD[name], (X,), (X,))), wanted)


@pytest.mark.parametrize("name", ["tril", "triu"])
def test_a_triangle_is_one_of_matrices(name):
    with pytest.raises(ValueError, match=rf"{name}: wanted matrices, .* got shape \(4,\)"):
        ud.vjp(getattr(xp, name), X[0])


@pytest.mark.parametrize("name", ["tril", "triu"])
def test_behind_a_triangle_nothing_is_seen(name):
    x = np.array([[1.0, np.nan], [np.inf, 2.0]])
    f = lambda x: getattr(xp, name)(x, k=-1 if name == "tril" else 1)  # noqa: E731
    g = ud.grad(lambda x: xp.sum(xp.tril(xp.triu(1.0 / x))))

    y, dy = ud.jvp(f, (x,), (x,))

    np.testing.assert_array_equal(y, f(x))
    np.testing.assert_array_equal(dy, f(x))
    with np.errstate(divide="ignore"):
        assert g(np.array([[2.0, 0.0], [0.0, 1.0]])).tolist() == [[-0.25, 0.0], [0.0, -1.0]]


# -- dtypes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["int64", "int8", "bool", np.int32, bool])
def test_as_integers_and_booleans_it_is_a_plain_array(to):
    seen = []

    def f(x):
        seen.append(xp.astype(x, to))
        return xp.sum(x * seen[-1])

    g = ud.grad(f)(X)

    assert type(seen[0]) is np.ndarray
    np.testing.assert_array_equal(seen[0], X.astype(to))
    assert seen[0].dtype == np.dtype(to)
    np.testing.assert_array_equal(g, X.astype(to))


@pytest.mark.parametrize("of", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("to", ["float32", np.float64, "complex64", complex])
def test_floating_numbers_keep_their_derivative(rng, of, to):
    x, dx = whole_numbers(rng, (3,), of), whole_numbers(rng, (3,), of)
    real = np.dtype(to).kind == "f"
    wanted = [(v.real if real else v).astype(to) for v in (x, dx)]

    found = ud.jvp(lambda x: xp.astype(x, to), (x,), (dx,))
    (w,) = ud.vjp(lambda x: xp.astype(x, to), x)[1](wanted[1])

    for y, z in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(y, z)
        assert y.dtype == to
    assert w.dtype == of
    np.testing.assert_array_equal(
        w, wanted[1].astype(of) if np.dtype(of).kind == "c" else wanted[1].real
    )


def test_a_copy_as_the_same_dtype_is_another_array():
    def f(x):
        y, z = xp.astype(x, x.dtype), xp.astype(x, x.dtype, copy=False)
        y[0] = 0.0
        assert z is x
        return xp.sum(x) + xp.sum(y)

    assert ud.grad(f)(np.ones(2)).tolist() == [1.0, 2.0]


FRESH = {
    "repeat": lambda x: xp.repeat(x, 2, axis=0),
    "repeat once": lambda x: xp.repeat(x, 1, axis=0),
    "tile": lambda x: xp.tile(x, (2, 1)),
    "tile once": lambda x: xp.tile(x, (1, 1)),
    "meshgrid": lambda x: xp.meshgrid(x[0], x[1])[1],
    "reshape": lambda x: xp.reshape(x, (12,), copy=True),
    "reshape alike": lambda x: xp.reshape(x, (3, 4), copy=True),
    "roll": lambda x: xp.roll(x, 1),
    "take": lambda x: xp.take(x, np.array([0, 1]), axis=0),
    "positions": lambda x: x[np.array([0, 1])],
    "sort": lambda x: xp.sort(x),
    "tril": lambda x: xp.tril(x),
    "concat": lambda x: xp.concat([x]),
}


@pytest.mark.parametrize("name", FRESH)
def test_what_is_not_a_view_may_be_written_to(name):
    def f(x):
        x = x * 1.0
        y = FRESH[name](x)
        y[0] = 7.0
        return xp.sum(x) + 0.0 * xp.sum(y)

    assert np.array_equal(ud.grad(f)(X), np.ones_like(X))


# -- NumPy's own functions ------------------------------------------------------------------------

SPELLED = {
    "np.repeat": lambda x: np.repeat(x, 2, 1),
    "np.tile": lambda x: np.tile(x, 2),
    "np.flip": lambda x: np.flip(x, 0),
    "np.roll": lambda x: np.roll(x, 1, 0),
    "np.diff": lambda x: np.diff(x, 1, 0),
    "np.sort": lambda x: np.sort(x, 0),
    "np.argsort": lambda x: x * np.argsort(x),
    "np.prod": lambda x: np.prod(x, 0),
    "np.cumprod": lambda x: np.cumprod(x, 1),
    "np.std": lambda x: np.std(x, 0, ddof=1),
    "np.amax": lambda x: np.amax(x, 0, keepdims=True),
    "np.take": lambda x: np.take(x, [0, 5, 5]),
    "np.take_along_axis": lambda x: np.take_along_axis(x, np.argsort(-x, axis=1), 1),
    "np.meshgrid": lambda x: np.meshgrid(x[0], x[1])[0] * 1.0,
    "np.broadcast_arrays": lambda x: np.broadcast_arrays(x, x[0])[1] * 1.0,
    "np.unstack": lambda x: np.unstack(x)[1],
    "np.moveaxis": lambda x: np.moveaxis(x, [0, 1], [1, 0]),
    "np.squeeze": lambda x: np.squeeze(x[:1]),
    "np.expand_dims": lambda x: np.expand_dims(x, (0, 2)),
    "a method": lambda x: x.std(axis=0) + x.max(0) + x.prod(axis=0),
}


@pytest.mark.parametrize("name", SPELLED)
def test_numpys_spelling_does_the_same(name):
    x = X * np.array([1.0, -2.0, 0.5, 3.0])
    wanted = SPELLED[name](x)

    y, dy = ud.jvp(SPELLED[name], (x,), (np.ones_like(x),))
    h = 1e-6
    slope = (SPELLED[name](x + h) - SPELLED[name](x - h)) / (2 * h)

    np.testing.assert_allclose(y, wanted, rtol=1e-14)
    np.testing.assert_allclose(dy, slope, rtol=1e-6, atol=1e-6)
