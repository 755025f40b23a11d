"""Reductions, running products and sorting at their hard points, empty, and where refused."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from linear_functions import alike, check_linear, check_same, outcome, whole_numbers

import unidiff as ud

xp = ud.backend("numpy").xp
NAN, INF = float("nan"), float("inf")


def weighted(f, *weights):
    """The sum of what f returns, times these weights."""
    return lambda x: xp.sum(f(x) * np.asarray(weights, ud.value_of(x).dtype))


# a function of an array, where, its gradient by convention
POINTS = {
    "prod of one zero": (xp.prod, [2, 0, 3], [0, 6, 0]),
    "prod of two zeros": (xp.prod, [2, 0, 0], [0, 0, 0]),
    "prod of zeros": (xp.prod, [0, 0, 0], [0, 0, 0]),
    "prod of a zero alone": (xp.prod, [0], [1]),
    "prod of none": (xp.prod, [], []),
    "prod of −0": (xp.prod, [2, -0.0, 3], [0, 6, 0]),
    "prods with zeros": (
        lambda x: xp.sum(xp.prod(x, axis=0)),
        [[0, 0, 2], [5, 0, 3]],
        [[5, 0, 3], [0, 0, 2]],
    ),
    "prod over two axes, a zero": (
        lambda x: xp.sum(xp.prod(x, axis=(0, 1), keepdims=True)),
        [[2, 3], [0, 5]],
        [[0, 0], [30, 0]],
    ),
    "cumulative_prod with a zero": (weighted(xp.cumulative_prod, 1, 1, 1), [2, 0, 3], [1, 8, 0]),
    "cumulative_prod with two": (weighted(xp.cumulative_prod, 1, 2, 4), [2, 0, 0], [1, 4, 0]),
    "cumulative_prod from zero": (weighted(xp.cumulative_prod, 1, 2, 4), [0, 3, 5], [67, 0, 0]),
    "var of equals": (xp.var, [3, 3, 3], [0, 0, 0]),
    "std of equals": (xp.std, [3, 3, 3], [0, 0, 0]),
    "std of one": (xp.std, [3], [0]),
    "std of equals in a row": (
        lambda x: xp.sum(xp.std(x, axis=1)),
        [[2, 2], [1, 3]],
        [[0, 0], [-0.5, 0.5]],
    ),
    "max at a tie": (xp.max, [1, 3, 3], [0, 0.5, 0.5]),
    "max of equals": (xp.max, [2, 2, 2, 2], [0.25] * 4),
    "max at ties over all axes": (
        xp.max,
        [[3, 1], [3, 3], [0, 3]],
        [[0.25, 0], [0.25] * 2, [0, 0.25]],
    ),
    "max at ties over two axes": (
        lambda x: (lambda y: y[0] + 8.0 * y[1])(xp.max(x, axis=(0, 2))),
        [[[3, 1], [2, 2]], [[3, 3], [2, 1]]],
        [[[1 / 3, 0], [8 / 3, 8 / 3]], [[1 / 3, 1 / 3], [8 / 3, 0]]],
    ),
    "max at ties of some rows": (
        lambda x: xp.sum(xp.max(x, axis=-1, keepdims=True)),
        [[1, 1], [1, 2]],
        [[0.5, 0.5], [0, 1]],
    ),
    "max of infinities": (xp.max, [INF, 1, INF], [0.5, 0, 0.5]),
    "max where one is no number": (xp.max, [1, NAN, 2], [0, 1, 0]),
    "max where two are no numbers": (xp.max, [NAN, INF, NAN], [0.5, 0, 0.5]),
    "max of 0 and −0": (xp.max, [0.0, -0.0], [0.5, 0.5]),
    "min at a tie": (xp.min, [1, 1, 3], [0.5, 0.5, 0]),
    "min where one is no number": (xp.min, [1, NAN, 2], [0, 1, 0]),
    "min over two axes": (
        lambda x: xp.min(x, axis=(0, 1)),
        [[1, 2], [1, 1]],
        [[1 / 3, 0], [1 / 3, 1 / 3]],
    ),
    "sort at ties": (weighted(xp.sort, 1, 2, 4), [5, 5, 0], [2, 4, 1]),
    "sort of equals": (weighted(xp.sort, 1, 2, 4), [5, 5, 5], [1, 2, 4]),
    "sort at ties, descending": (
        weighted(lambda x: xp.sort(x, descending=True), 1, 2, 4),
        [5, 0, 5],
        [1, 4, 2],
    ),
    "sort where one is no number": (weighted(xp.sort, 1, 2, 0), [NAN, 1, 0], [0, 2, 1]),
}
DIRECTIONS = {
    "reverse": lambda f, x: ud.grad(f)(x),
    "forward": lambda f, x: ud.jacfwd(f)(x),
    "by rows": lambda f, x: ud.jacrev(f)(x),
    "linearized": lambda f, x: ud.linearize(f, x)[1].T(np.asarray(1.0, x.dtype)),
}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", POINTS)
def test_the_convention_holds(name, dtype, direction):
    f, x, wanted = POINTS[name]
    x = np.asarray(x, dtype)

    found = DIRECTIONS[direction](f, x)

    np.testing.assert_allclose(found, np.asarray(wanted, dtype).reshape(x.shape), rtol=1e-6)
    assert found.dtype == dtype


# -- second derivatives and third, where numbers are zero -----------------------------------------

ZEROS = [[2, 0, 3, 5], [0, 0, 3, 5], [2, 0, 3, 0], [0, 0, 0, 5], [0, 0, 0, 0], [2, -1, 3, 5]]
BOTH = [ud.jacfwd, ud.jacrev]


def without(x, *places):
    """The product of the others."""
    return np.prod(np.delete(x, places))


def hessian_of_prod(x):
    h = np.zeros((x.size, x.size))
    for j, k in combinations(range(x.size), 2):
        h[j, k] = h[k, j] = without(x, j, k)
    return h


@pytest.mark.parametrize("outer", BOTH)
@pytest.mark.parametrize("inner", BOTH)
@pytest.mark.parametrize("numbers", ZEROS)
def test_products_are_differentiated_twice_at_zeros(numbers, inner, outer):
    x = np.asarray(numbers, float)

    assert np.array_equal(outer(inner(xp.prod))(x), hessian_of_prod(x))


@pytest.mark.parametrize("outer", BOTH)
@pytest.mark.parametrize("inner", BOTH)
@pytest.mark.parametrize("numbers", ZEROS)
def test_running_products_are_differentiated_twice_at_zeros(numbers, inner, outer):
    x = np.asarray(numbers, float)
    wanted = np.zeros((4, 4, 4))
    for k in range(1, 5):
        wanted[k - 1, :k, :k] = hessian_of_prod(x[:k])

    assert np.array_equal(outer(inner(xp.cumulative_prod))(x), wanted)


@pytest.mark.parametrize("numbers", ZEROS)
def test_products_are_differentiated_thrice_at_zeros(numbers):
    x = np.asarray(numbers, float)
    found = ud.jacrev(ud.jacfwd(ud.grad(xp.prod)))(x)

    for places in np.ndindex(found.shape):
        assert found[places] == (without(x, *places) if len(set(places)) == 3 else 0.0)


FLAT = {
    "std of equals": (xp.std, [3.0, 3.0]),
    "max at a tie": (xp.max, [3.0, 3.0]),
    "min at a tie": (xp.min, [[3.0, 3.0], [4.0, 3.0]]),
    "sort at a tie": (weighted(xp.sort, 1, 2), [3.0, 3.0]),
}


@pytest.mark.parametrize("outer", BOTH)
@pytest.mark.parametrize("inner", BOTH)
@pytest.mark.parametrize("name", FLAT)
def test_the_second_derivative_is_zero(name, inner, outer):
    f, x = FLAT[name]

    assert not np.any(outer(inner(f))(np.asarray(x)))


def test_the_second_derivative_of_a_variance_is_that_of_a_square():
    centring = np.eye(3) - 1 / 3

    found = ud.hessian(lambda x: xp.var(x, correction=1))(np.array([5.0, 5.0, 5.0]))

    np.testing.assert_allclose(found, 2 / 2 * centring, atol=1e-15)


def test_long_running_products_agree_with_differences(rng):
    x = rng.uniform(0.5, 1.5, (2, 37))
    x[0, 20] = x[1, 5] = x[1, 6] = 0.0
    dx, w = rng.normal(size=x.shape), rng.normal(size=x.shape)
    h = 1e-6
    wanted = (np.cumprod(x + h * dx, 1) - np.cumprod(x - h * dx, 1)) / (2 * h)

    _, dy = ud.jvp(lambda x: xp.cumulative_prod(x, axis=1), (x,), (dx,))
    (v,) = ud.vjp(lambda x: xp.cumulative_prod(x, axis=1), x)[1](w)

    np.testing.assert_allclose(dy, wanted, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(np.sum(w * dy), np.sum(v * dx), rtol=1e-12)


# -- empty, refused, in another dtype --------------------------------------------------------------

many = settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
OVER_AXES = ["sum", "prod", "max", "min", "mean", "var", "std"]


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("name", OVER_AXES)
@many
@given(data=st.data())
def test_the_value_is_that_of_the_library_over_any_axes(name, data):
    shape = data.draw(array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    n = len(shape)
    axes = data.draw(st.sets(st.integers(-n, n - 1) if n else st.nothing()))
    how = {
        "axis": data.draw(st.sampled_from([None, tuple(axes), *axes])),
        "keepdims": data.draw(st.booleans()),
    }
    x = whole_numbers(np.random.default_rng(1), shape, data.draw(st.sampled_from(["f4", "f8"])))
    f = lambda x: getattr(xp, name)(x, **how)  # noqa: E731

    wanted = outcome(f, x)
    for found in (outcome(lambda: ud.vjp(f, x)[0]), outcome(lambda: ud.jvp(f, (x,), (x,))[0])):
        if isinstance(wanted, Exception):
            assert alike(found, wanted)
        else:
            np.testing.assert_allclose(found[0], wanted[0], rtol=1e-6, atol=1e-6)
            assert found[0].shape == wanted[0].shape
            assert found[0].dtype == wanted[0].dtype


ALONG_AXIS = {
    "cumulative_sum": lambda x, a: xp.cumulative_sum(x, axis=a),
    "cumulative_sum from zero": lambda x, a: xp.cumulative_sum(x, axis=a, include_initial=True),
    "sort": lambda x, a: xp.sort(x, axis=a),
    "sort descending": lambda x, a: xp.sort(x, axis=a, descending=True),
    "sort in any order": lambda x, a: xp.sort(x, axis=a, stable=False),
    "cumulative_prod": lambda x, a: xp.cumulative_prod(x, axis=a),
    "cumulative_prod from one": lambda x, a: xp.cumulative_prod(x, axis=a, include_initial=True),
    "argsort": lambda x, a: xp.argsort(x, axis=a) * 1.0 + x,
    "argsort descending": lambda x, a: xp.argsort(x, axis=a, descending=True) * 1.0 + x,
}


@pytest.mark.parametrize("name", ALONG_AXIS)
@many
@given(data=st.data())
def test_the_value_is_that_of_the_library_along_any_axis(name, data):
    shape = data.draw(array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    axis = data.draw(st.integers(-4, 3))
    x = whole_numbers(np.random.default_rng(2), shape)
    f = lambda x: ALONG_AXIS[name](x, axis)  # noqa: E731

    wanted = outcome(f, x)
    for found in (outcome(lambda: ud.vjp(f, x)[0]), outcome(lambda: ud.jvp(f, (x,), (x,))[0])):
        if isinstance(wanted, Exception):
            assert alike(found, wanted)
        else:
            check_same(found, wanted)


@many
@given(data=st.data())
def test_sums_are_exact(data):
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    x = whole_numbers(rng, shape, data.draw(st.sampled_from(["float32", "complex128"])))

    check_linear(rng, lambda x: xp.sum(x, axis=axis, keepdims=True), x)
    check_linear(rng, lambda x: xp.cumulative_sum(x, axis=axis, include_initial=True), x)


X = np.arange(12.0).reshape(3, 4) + 1.0
Z = X * (1 + 1j)
BAD = {
    **{f"{name} of no such axis": (name, X, {"axis": 2}) for name in OVER_AXES},
    **{f"{name} over an axis twice": (name, X, {"axis": (0, -2)}) for name in OVER_AXES},
    "max of none": ("max", X[:0], {}),
    "max over an empty axis": ("max", X[:, :0], {"axis": 1}),
    "min of none": ("min", X[:0], {"axis": 0}),
    "cumulative_sum without an axis": ("cumulative_sum", X, {}),
    "cumulative_sum of no such axis": ("cumulative_sum", X, {"axis": -3}),
    "cumulative_prod without an axis": ("cumulative_prod", X, {}),
    "cumulative_prod of no such axis": ("cumulative_prod", X, {"axis": -3}),
    "sort along no such axis": ("sort", X, {"axis": 2}),
    "sort of a number": ("sort", X[0, 0], {}),
    "argsort along no such axis": ("argsort", X, {"axis": 2}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_the_library_refuses_is_refused_alike(name):
    function, x, how = BAD[name]
    f = lambda x: getattr(xp, function)(x, **how)  # noqa: E731
    wanted = outcome(f, x)

    assert isinstance(wanted, Exception)
    assert alike(outcome(lambda: ud.vjp(f, x)), wanted)
    assert alike(outcome(lambda: ud.jvp(f, (x,), (x,))), wanted)


@pytest.mark.parametrize("name", ["max", "min", "sort", "argsort"])
def test_complex_numbers_have_no_order(name):
    with pytest.raises(TypeError, match=f"{name}: complex numbers have no order, got complex128"):
        ud.vjp(getattr(xp, name), Z)


WITH_DTYPE = ["sum", "prod", "cumulative_sum", "cumulative_prod"]


@pytest.mark.parametrize("name", WITH_DTYPE)
def test_in_another_dtype_it_is_computed_there(name):
    f = lambda x: getattr(xp, name)(x, axis=0, dtype=np.float64)  # noqa: E731
    x = X.astype(np.float32) / 3

    y, pull = ud.vjp(f, x)
    (w,) = pull(np.ones_like(y))

    assert np.array_equal(y, f(x))
    assert y.dtype == np.float64
    assert w.dtype == np.float32


@pytest.mark.parametrize("name", WITH_DTYPE)
def test_as_integers_it_is_a_constant(name):
    seen = []

    def f(x):
        seen.append(getattr(xp, name)(x, axis=0, dtype=np.int64))
        return xp.sum(x * seen[-1])

    g = ud.grad(f)(X)

    assert type(seen[0]) is np.ndarray
    assert seen[0].dtype == np.int64
    assert np.array_equal(g, np.broadcast_to(seen[0], X.shape))


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:invalid value", "ignore:divide")
@pytest.mark.parametrize("name", ["var", "std"])
def test_without_degrees_of_freedom_there_is_no_derivative(name):
    assert np.isnan(ud.grad(lambda x: getattr(xp, name)(x, correction=1))(np.array([2.0]))).all()


@pytest.mark.parametrize("how", [{}, {"side": "right"}, {"sorter": np.array([0, 2, 1])}])
def test_where_numbers_would_go_is_a_constant(how):
    seen = []

    def f(x, y):
        seen.append(xp.searchsorted(x, y, **how))
        return xp.sum(x) + xp.sum(y)

    x, y = np.array([1.0, 2.0, 2.0]), np.array([2.0, 0.0])
    ud.grad(f, argnums=(0, 1))(x, y)
    ud.grad(lambda y: f(x, y))(y)

    for places in seen:
        check_same([places], [np.searchsorted(x, y, **how)])


def test_a_dead_branch_before_a_maximum_is_dead():
    f = lambda x: xp.max(xp.sqrt(x))  # noqa: E731

    assert ud.jvp(f, (np.array([0.0, 4.0]),), (np.ones(2),))[1] == 0.25
    assert ud.grad(f)(np.array([0.0, 4.0])).tolist() == [0.0, 0.25]


def test_torch_agrees_on_products_with_zeros():
    torch = pytest.importorskip("torch")
    x, w = np.array([[2.0, 0.0, 3.0, 0.0, 5.0]] * 2), np.arange(10.0).reshape(2, 5)
    z = torch.tensor(x, requires_grad=True)
    (torch.cumprod(z, 1) * torch.tensor(w)).sum().backward()

    found = ud.grad(lambda x: xp.sum(xp.cumulative_prod(x, axis=1) * w))(x)

    np.testing.assert_allclose(found, z.grad.numpy(), rtol=1e-14)
