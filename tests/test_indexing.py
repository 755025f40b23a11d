"""Indices of every kind: the values are NumPy's, and the derivatives exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, basic_indices, integer_array_indices
from linear_functions import check_linear, check_same, whole_numbers

import unidiff as ud
from unidiff.tape._namespace import functions

xp = ud.backend("numpy").xp
at_set = functions["at_set"]
many = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
SHAPES = array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
FULL = array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)


@st.composite
def mixed_indices(draw, shape):
    """Integers, slices, arrays of integers, lists, masks, booleans and new axes, in any order."""
    entries, axis, count = [], 0, draw(st.integers(1, 3))
    while axis < len(shape) and draw(st.integers(0, 9)):
        n = shape[axis]
        kind = draw(st.sampled_from(("integer", "slice", "array", "array", "list", "mask")))
        rank = draw(st.integers(1, len(shape) - axis)) if kind == "mask" else 1
        if kind == "slice":
            entry = draw(st.slices(n))
        elif kind == "mask":
            entry = draw(arrays(bool, shape[axis : axis + rank]))
        elif n == 0:
            entry = slice(None)
        elif kind == "integer":
            entry = draw(st.sampled_from([int, np.int64, np.array]))(draw(st.integers(-n, n - 1)))
        else:
            sizes = draw(st.sampled_from([(count,), (1,), (2, count), (2, 1)]))
            entry = draw(
                arrays(
                    draw(st.sampled_from(["int64", "int8"])), sizes, elements=st.integers(-n, n - 1)
                )
            )
            entry = entry.tolist() if kind == "list" else entry
        entries.append(entry)
        axis += rank
    for extra in draw(st.lists(st.sampled_from([None, None, True, False, np.True_]), max_size=2)):
        entries.insert(draw(st.integers(0, len(entries))), extra)
    if draw(st.booleans()):
        entries.insert(draw(st.integers(0, len(entries))), ...)
    return tuple(entries)


KINDS = {
    "basic": (SHAPES, lambda shape: basic_indices(shape, allow_newaxis=True)),
    "arrays": (FULL, integer_array_indices),
    "masks": (SHAPES, lambda shape: arrays(bool, shape)),
    "mixed": (SHAPES, mixed_indices),
}


def drawn(data, kind):
    """An array, an index of it, and random numbers."""
    shapes, indices = KINDS[kind]
    shape = data.draw(shapes)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    dtype = data.draw(st.sampled_from(["float64", "float32", "complex128"]))
    return whole_numbers(rng, shape, dtype), data.draw(indices(shape)), rng


@pytest.mark.parametrize("kind", KINDS)
@many
@given(data=st.data())
def test_what_is_taken_is_what_numpy_takes(kind, data):
    x, index, rng = drawn(data, kind)

    check_linear(rng, lambda x: x[index], x)


@pytest.mark.parametrize("kind", KINDS)
@many
@given(data=st.data())
def test_what_is_assigned_is_what_numpy_assigns(kind, data):
    x, index, rng = drawn(data, kind)
    try:
        shape = x[index].shape
    except IndexError:
        shape = ()
    narrow = tuple(1 if data.draw(st.integers(0, 3)) == 0 else n for n in shape)
    narrow = narrow[data.draw(st.integers(0, len(narrow))) :] if set(narrow) <= {1} else narrow
    v = whole_numbers(rng, narrow, x.dtype)

    def assigned(x, v):
        y = np.array(x) if isinstance(x, np.ndarray) else xp.asarray(x, copy=True)
        y[index] = v
        return y

    check_linear(rng, assigned, x, v)


LAYOUTS = ("C", "F")


@pytest.mark.parametrize("of_index", LAYOUTS)
@pytest.mark.parametrize("of_value", LAYOUTS)
def test_of_values_for_one_place_the_one_that_numpy_keeps_moves_it(rng, of_index, of_value):
    index = np.asarray([[0, 1, 0], [1, 0, 1]], order=of_index)
    v = np.asarray(np.arange(6.0).reshape(2, 3), order=of_value)
    wanted = np.zeros(2)
    wanted[index] = v

    y, pull = ud.vjp(lambda v: at_set(np.zeros(2), index, v), v)
    (w,) = pull(np.asarray([10.0, 20.0]))

    assert np.array_equal(y, wanted)
    assert np.array_equal(np.sort(w[w != 0]), [10.0, 20.0])
    assert np.array_equal(v[w == 10.0], wanted[:1])
    assert np.array_equal(v[w == 20.0], wanted[1:])


def test_repeated_indices_add_up():
    g = ud.grad(lambda x: xp.sum(x[np.array([0, 2, 0, -1])] * np.array([1.0, 2.0, 4.0, 8.0])))

    assert g(np.zeros(3)).tolist() == [5.0, 0.0, 10.0]


def test_of_repeated_places_to_assign_to_only_the_last_moves_anything():
    f = lambda v: xp.sum(at_set(np.zeros(3), np.array([1, 1, 0]), v) * np.array([1.0, 2.0, 4.0]))  # noqa: E731

    assert ud.grad(f)(np.arange(3.0)).tolist() == [0.0, 2.0, 1.0]


SECOND = {
    "taken": lambda x: xp.sum(xp.sin(x[np.array([0, 2, 0])] * x[1])),
    "masked": lambda x: xp.sum(x[np.array([True, False, True])] ** 3) * x[0],
    "along": lambda x: xp.sum(xp.take_along_axis(x, np.array([2, 2, 0]), axis=0) ** 3),
    "assigned": lambda x: xp.sum(xp.sin(at_set(x, np.array([1, 1]), x[:2] * x[2])) * x),
    "assigned slices": lambda x: xp.sum(at_set(x * x, slice(0, 2), x[1]) ** 3),
}


@pytest.mark.parametrize("outer", [ud.jacfwd, ud.jacrev])
@pytest.mark.parametrize("inner", [ud.jacfwd, ud.jacrev])
@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives(name, inner, outer):
    x, h = np.array([0.3, -0.7, 1.1]), 1e-5
    g = ud.grad(SECOND[name])
    wanted = np.stack([(g(x + h * e) - g(x - h * e)) / (2 * h) for e in np.eye(3)])

    np.testing.assert_allclose(outer(inner(SECOND[name]))(x), wanted, rtol=0, atol=1e-8)


def test_an_array_of_a_level_below_takes_a_value_of_the_level_above():
    def f(x):
        return xp.sum(ud.grad(lambda v: xp.sum(at_set(x, 0, v * x[1]) ** 2))(x[0]) * x)

    x = np.array([3.0, 5.0])  # the inner one: 2 v x₁², times x₀ + x₁

    assert ud.grad(f)(x).tolist() == [
        2 * x[1] ** 2 * (x[0] + x[1]) + 2 * x[0] * x[1] ** 2,
        4 * x[0] * x[1] * (x[0] + x[1]) + 2 * x[0] * x[1] ** 2,
    ]


# -- what must not happen silently ----------------------------------------------------------------

X = np.arange(12.0).reshape(3, 4)


def into_plain(v):
    y = np.zeros(3)
    y[0] = v[0, 0]
    return y


def complex_into_real(x):
    y = x * 1.0
    y[0] = x[0] * 1j
    return y


REFUSED = {
    "a traced index": (lambda x: x[x[0, 0]], TypeError, "wanted integers, slices or booleans"),
    "a traced index of many": (lambda x: x[1:, x[0]], TypeError, "which do not move; got"),
    "a traced bound": (lambda x: x[x[0, 0] :], TypeError, "int\\(\\) of a traced array"),
    "a traced place": (lambda x: xp.take(x, x[0], axis=0), TypeError, "which do not move"),
    "places along, traced": (lambda x: xp.take_along_axis(x, x, axis=0), TypeError, "do not move"),
    "a place to assign to": (lambda x: at_set(x, x[0, 0], 1.0), TypeError, "which do not move"),
    "plain numbers take a traced index": (
        lambda x: np.arange(3)[x[0, 0]],
        TypeError,
        "of a traced",
    ),
    "a traced value in a plain array": (into_plain, ValueError, "setting an array element"),
    "a traced value among integers": (
        lambda x: at_set(np.arange(3), 0, x[0, 0]),
        TypeError,
        "which does not move",
    ),
    "complex into real": (complex_into_real, TypeError, "v is complex, complex128, and x is not"),
    "a complex number into real": (lambda x: at_set(x, 0, 1j), TypeError, "complex"),
}


@pytest.mark.parametrize("transform", [lambda f: ud.vjp(f, X), lambda f: ud.jvp(f, (X,), (X,))])
@pytest.mark.parametrize("name", REFUSED)
def test_what_would_lose_a_derivative_is_refused(name, transform):
    f, kind, text = REFUSED[name]

    with pytest.raises(kind, match=text):
        transform(f)


BAD = {
    "too large": 3,
    "too small": (slice(None), -5),
    "too many": (0, 0, 0),
    "two ellipses": (..., ...),
    "a number": 1.5,
    "a string": "a",
    "an array too large": np.array([0, 3]),
    "an array of numbers": np.array([0.0]),
    "shapes that do not broadcast": (np.array([0, 1]), np.array([0, 1, 2])),
    "a mask of another shape": np.ones((3, 3), bool),
    "a mask too long": (slice(None), np.ones(3, bool)),
}


@pytest.mark.parametrize("name", BAD)
def test_an_index_that_numpy_refuses_is_refused(rng, name):
    with pytest.raises(IndexError):
        X[BAD[name]]

    check_linear(rng, lambda x: x[BAD[name]], X)
    check_linear(
        rng, lambda x: at_set(x, BAD[name], 0.0) if type(x) is not np.ndarray else x[BAD[name]], X
    )


@pytest.mark.parametrize("shape", [(5,), (2, 4), (2, 3, 4)])
def test_a_value_that_does_not_fit_is_refused(shape):
    for index in (slice(None), np.array([0, 1, 0])):
        with pytest.raises(ValueError, match=r"broadcast|shape"):
            ud.vjp(lambda v, index=index: at_set(X, index, v), np.ones(shape))


# -- what is kept, and what is not ----------------------------------------------------------------


@pytest.mark.parametrize(
    "take",
    [
        lambda x, index: x[index],
        lambda x, index: x[:, index],
        lambda x, index: xp.take(x, index, axis=1),
        lambda x, index: xp.take_along_axis(x, index[None, :], axis=1),
        lambda x, index: at_set(x, index, 7.0),
        lambda x, index: xp.repeat(x, index, axis=0),
    ],
)
def test_an_index_that_its_owner_changes_later_is_used_as_it_was(take):
    index = np.array([0, 2, 1])
    y, pull = ud.vjp(lambda x: take(x, index), X)
    (wanted,) = ud.vjp(lambda x: take(x, np.array([0, 2, 1])), X)[1](np.ones_like(y))
    index[:] = 0

    assert np.array_equal(pull(np.ones_like(y))[0], wanted)


def test_a_handle_that_is_assigned_to_leaves_the_argument_alone():
    def f(x):
        y = xp.asarray(x, copy=True)
        y[0] = 0.0
        y[np.array([1, 2])] = x[0] * 2.0
        y[y > 5.0] = -1.0
        return xp.sum(x * x) + xp.sum(y)

    assert np.array_equal(ud.grad(f)(X), 2 * X + [[4.0, 4.0, 4.0, 0.0], [0.0] * 4, [0.0] * 4])


VALUES = {
    "a number": 3,
    "a list": [1, 2, 3, 4],
    "integers": np.arange(4),
    "doubles": np.linspace(0, 1, 4),
    "an array of one number": np.array(2.5),
}


@pytest.mark.parametrize("index", [1, (np.array([0, 2]),), np.array([True, False, True])])
@pytest.mark.parametrize("name", VALUES)
def test_what_is_assigned_takes_the_dtype_of_the_array(name, index):
    x = X.astype(np.float32)
    wanted = x.copy()
    wanted[index] = VALUES[name]

    y, dy = ud.jvp(lambda x: at_set(x, index, VALUES[name]), (x,), (np.ones_like(x),))
    kept = np.ones_like(x)
    kept[index] = 0.0

    check_same([y, dy], [wanted, kept])


def test_numbers_traced_in_a_list_are_assigned():
    g = ud.grad(lambda x: xp.sum(at_set(np.zeros(3), slice(1, 3), [x[0] * 2.0, x[1]]) * 5.0))

    assert g(np.ones(2)).tolist() == [10.0, 5.0]


def test_of_float_and_double_the_cotangent_has_the_dtype_of_the_value():
    g = ud.grad(lambda v: xp.sum(at_set(X.astype(np.float32), 0, v)))(np.ones(4))

    assert g.dtype == np.float64
    assert g.tolist() == [1.0] * 4


WIRED = {
    "positions": lambda xp, x: x[np.array([2, 0, 0])],
    "positions apart": lambda xp, x: x[:, None, np.array([1, 3])][np.array([0, 1])],
    "mask": lambda xp, x: x[np.eye(3, 4) == 1],
    "new axis": lambda xp, x: x[None, 1:],
    "take": lambda xp, x: xp.take(x, np.array([3, 3]), axis=1),
    "along": lambda xp, x: xp.take_along_axis(x, np.array([[0], [1], [1]]), axis=1),
    "stack": lambda xp, x: xp.stack([x[0], x[2], x[0]], axis=1),
    "flip": lambda xp, x: xp.flip(x, axis=0),
    "repeat": lambda xp, x: xp.repeat(x, 2, axis=0),
    "repeat each": lambda xp, x: xp.repeat(x, np.array([1, 0, 2]), axis=0),
    "tile": lambda xp, x: xp.tile(x, (2, 1)),
    "unstack": lambda xp, x: xp.unstack(x, axis=1)[2],
    "assigned": lambda xp, x: at_set(x, (slice(None), 0), x[:, 1]),
    "assigned at positions": lambda xp, x: at_set(x, np.array([1, 1]), x[:2]),
}


@pytest.mark.parametrize("name", WIRED)
def test_ids_move_as_numbers_do(name):
    f = WIRED[name]
    _, L = ud.linearize(lambda x: f(xp, x), X)
    (ids,) = L.flat.wires().outputs
    written = ids.written_out(np) if hasattr(ids, "written_out") else ids

    assert L.flat.wires().count == X.size
    np.testing.assert_array_equal(written, f(np, X))


@pytest.mark.parametrize("rows", [2, 40])
def test_an_index_is_one_node(rows):
    x = np.ones((rows, 3))
    index = np.arange(rows)

    for f in (
        lambda x: x[index, :, None],
        lambda x: x[:, index % 3],
        lambda x: x[x > 0.0],
        lambda x: xp.take(x, index, axis=0),
        lambda x: at_set(x, index, 1.0),
        lambda x: xp.stack([x] * rows),
    ):
        _, L = ud.linearize(f, x)
        assert len(L.flat.nodes) == 2
