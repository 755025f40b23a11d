"""Arrays made of traced numbers: nested lists of them, filled and evenly spaced arrays, copies."""

from __future__ import annotations

import numpy as np
import pytest

import unidiff as ud

LIBRARIES = ("numpy", "array_api_strict")
H = 1e-6


@pytest.fixture(params=LIBRARIES)
def xp(request):
    return ud.backend(request.param).xp


def plain(x):
    return np.asarray(getattr(x, "_array", x))


def check(xp, f, numbers):
    """The value of f(xp, x) is NumPy's own; tangents are differences, and .T is their dual."""
    x, dx = np.asarray(numbers), np.cos(np.asarray(numbers))
    wanted = np.asarray(f(np, x))
    y, dy = ud.jvp(lambda x: f(xp, x), (xp.asarray(x),), (xp.asarray(dx),))
    recorded, pull = ud.vjp(lambda x: f(xp, x), xp.asarray(x))
    w = np.sin(1 + np.arange(wanted.size)).reshape(wanted.shape).astype(wanted.dtype)
    (found,) = pull(xp.asarray(w))
    slope = (np.asarray(f(np, x + H * dx)) - np.asarray(f(np, x - H * dx))) / (2 * H)

    for value in map(plain, (y, recorded)):
        assert value.dtype == wanted.dtype
        np.testing.assert_allclose(value, wanted, rtol=1e-15, atol=1e-15)
    np.testing.assert_allclose(plain(dy), slope, rtol=1e-6, atol=1e-8)
    assert np.sum(plain(found) * dx).real == pytest.approx(np.sum(w * plain(dy)).real, rel=1e-13)
    assert np.any(slope != 0)


# -- asarray --------------------------------------------------------------------------------------

LISTS = {
    "numbers": lambda xp, x: xp.asarray([x, 2.0 * x, x * x]),
    "one": lambda xp, x: xp.asarray([x]),
    "Python numbers among them": lambda xp, x: xp.asarray([1, x, 2.5, True]),
    "nested": lambda xp, x: xp.asarray([[x, 1.0], [2, x * x]]),
    "tuples": lambda xp, x: xp.asarray(((x, 1.0), [2, -x])),
    "deep": lambda xp, x: xp.asarray([[[x]], [[3.0 * x]]]),
    "complex numbers among them": lambda xp, x: xp.asarray([x, 1j]),
    "a bare one": lambda xp, x: xp.asarray(x),
    "a dtype": lambda xp, x: xp.asarray([x, 1.0], dtype=xp.complex128),
}
OF_VECTORS = {
    "rows": lambda xp, x: xp.asarray([x, 2.0 * x]),
    "a row of numbers": lambda xp, x: xp.asarray([x, [3.0, 4, True]]),
    "numbers of a row": lambda xp, x: xp.asarray([[x[0], x[2]], [0.0, x[1]]]),
    "every one": lambda xp, x: xp.asarray([x[k] * k for k in range(3)]),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_traced_numbers(xp, name):
    check(xp, LISTS[name], 0.7)


@pytest.mark.parametrize("name", OF_VECTORS)
def test_lists_of_traced_arrays(xp, name):
    check(xp, OF_VECTORS[name], [0.7, -0.2, 1.1])


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_a_python_number_takes_the_dtype_of_those_around_it(xp, dtype):
    x = xp.asarray(np.asarray(2.0, dtype))
    y, dy = ud.jvp(lambda x: xp.asarray([x, 1.5, 2]), (x,), (xp.ones_like(x),))

    assert plain(y).dtype == plain(dy).dtype == dtype
    assert np.array_equal(plain(dy), [1, 0, 0])


def test_plain_numbers_of_a_higher_precision_promote():
    y, dy = ud.jvp(
        lambda x: np.asarray(1.0) * ud.array_namespace(x).asarray([x, np.float64(0.1)]),
        (np.float32(2.0),),
        (np.float32(1.0),),
    )

    assert y.dtype == dy.dtype == "float64"
    assert np.array_equal(y, [2.0, 0.1])


RAGGED = {
    "of two lengths": lambda xp, x: xp.asarray([[x, x], [x]]),
    "of two depths": lambda xp, x: xp.asarray([x, [x]]),
    "with an empty one": lambda xp, x: xp.asarray([x, []]),
}


@pytest.mark.parametrize("name", RAGGED)
def test_ragged_lists_are_refused(xp, name):
    with pytest.raises(ValueError, match=r"one shape|at least one"):
        ud.jvp(lambda x: RAGGED[name](xp, x), (xp.asarray(1.0),), (xp.asarray(1.0),))


@pytest.mark.parametrize("number", ["text", None, {}])
def test_what_is_no_number_is_refused(xp, number):
    with pytest.raises((TypeError, ValueError)):
        ud.jvp(lambda x: xp.asarray([x, number]), (xp.asarray(1.0),), (xp.asarray(1.0),))


def test_a_cast_that_is_asked_to_copy_nothing_is_refused(xp):
    with pytest.raises(ValueError, match="copy=False"):
        ud.jvp(
            lambda x: xp.asarray(x, dtype=xp.float32, copy=False),
            (xp.asarray(1.0),),
            (xp.asarray(1.0),),
        )


def test_as_integers_an_array_does_not_move(xp):
    def f(x):
        k = xp.asarray([x, 2.0 * x], dtype=xp.int64)
        assert not isinstance(k, type(x))
        return xp.sum(x * xp.astype(k, x.dtype))

    assert float(ud.grad(f)(xp.asarray(3.5))) == 10.0


# -- copies ---------------------------------------------------------------------------------------

COPIES = {
    "asarray": lambda xp, x: xp.asarray(x, copy=True),
    "astype": lambda xp, x: xp.astype(x, x.dtype),
    "reshape": lambda xp, x: xp.reshape(x, (3,), copy=True),
    "full": lambda xp, x: xp.full((3,), x[0]),
    "full of one number": lambda xp, x: xp.full((1,), x[1]),
    "filled like": lambda xp, x: xp.full_like(xp.zeros(3), x[0]),
    "the same, a number more": lambda xp, x: x + 0,
    "meshgrid": lambda xp, x: xp.meshgrid(x)[0],
    "tile": lambda xp, x: xp.tile(x, (1,)),
    "repeat": lambda xp, x: xp.repeat(x, 1),
    "concat": lambda xp, x: xp.concat([x]),
    "stack": lambda xp, x: xp.stack([x]),
    "roll": lambda xp, x: xp.roll(x, 0),
    "asarray of a list": lambda xp, x: xp.asarray([x[0], x[1], x[2]]),
    "linspace": lambda xp, x: xp.linspace(x[0], x[1], 4),
    "take": lambda xp, x: xp.take(x, xp.asarray([0, 1, 2])),
    "sort": lambda xp, x: xp.sort(x),
    "cumulative_sum": lambda xp, x: xp.cumulative_sum(x),
    "tril": lambda xp, x: xp.tril(xp.stack([x, x])),
}


@pytest.mark.parametrize("name", COPIES)
def test_writing_to_a_copy_leaves_the_original(xp, name):
    def f(x):
        y = COPIES[name](xp, x)
        first = (0,) * y.ndim
        y[first] = 10.0 * x[2]
        return xp.concat([x, y[first][None]])

    x = xp.asarray([0.3, 0.5, 0.7])
    y, dy = ud.jvp(f, (x,), (xp.ones_like(x),))
    gradient = ud.grad(lambda x: xp.sum(f(x)))(x)

    np.testing.assert_allclose(plain(y), [0.3, 0.5, 0.7, 7.0])
    np.testing.assert_allclose(plain(dy), [1, 1, 1, 10])
    np.testing.assert_allclose(plain(gradient), [1, 1, 11])


def test_writing_to_the_original_leaves_a_copy(xp):
    def f(x):
        x = x * 1.0
        y = xp.asarray(x, copy=True)
        x[0] = 5.0
        return xp.sum(x * y)

    assert np.array_equal(plain(ud.grad(f)(xp.asarray([3.0, 4.0]))), [5.0, 8.0])


def test_without_a_copy_it_is_the_same_array(xp):
    def f(x):
        x = x * 1.0
        y = xp.asarray(x)
        y[0] = 5.0
        return xp.sum(x)

    assert np.array_equal(plain(ud.grad(f)(xp.asarray([3.0, 4.0]))), [0.0, 1.0])


# -- full, linspace, and the like -----------------------------------------------------------------

FILLED = {
    "full": lambda xp, x: xp.full((2, 3), x),
    "full of a length": lambda xp, x: xp.full(4, x),
    "full without axes": lambda xp, x: xp.full((), x),
    "full of nothing, and more": lambda xp, x: xp.concat([xp.full((0,), x), xp.full(1, x)]),
    "full of complex numbers": lambda xp, x: xp.full((2,), x, dtype=xp.complex128),
    "like": lambda xp, x: xp.full_like(xp.zeros((2, 2)), x * x),
    "like, as complex numbers": lambda xp, x: xp.full_like(xp.zeros(2), x, dtype=xp.complex128),
    "from": lambda xp, x: xp.linspace(x, 3.0, 4),
    "to": lambda xp, x: xp.linspace(-1, x, 5),
    "between": lambda xp, x: xp.linspace(x, x * x, 3),
    "without the end": lambda xp, x: xp.linspace(0.0, x, 4, endpoint=False),
    "one": lambda xp, x: xp.linspace(x, 7.0, 1),
    "one without the end": lambda xp, x: xp.linspace(x, 7.0, 1, endpoint=False),
    "backwards": lambda xp, x: xp.linspace(3.0, x, num=6),
    "complex ones": lambda xp, x: xp.linspace(x, x, 3, dtype=xp.complex128) * 1j,
}


@pytest.mark.parametrize("name", FILLED)
def test_an_array_of_a_traced_number(xp, name):
    check(xp, FILLED[name], 0.7)


@pytest.mark.parametrize("name", ["full", "from", "to", "between", "without the end"])
def test_single_precision_stays(xp, name):
    x = xp.asarray(np.float32(0.7))
    y, dy = ud.jvp(lambda x: FILLED[name](xp, x), (x,), (xp.ones_like(x),))

    assert plain(y).dtype == plain(dy).dtype == "float32"


def test_spaces_between_two_precisions_are_those_of_the_higher(xp):
    stop = xp.asarray(5.0)
    y, _ = ud.jvp(
        lambda x: xp.linspace(x, stop, 4),
        (xp.asarray(np.float32(3.0)),),
        (xp.asarray(np.float32(1.0)),),
    )

    np.testing.assert_array_equal(plain(y), np.linspace(3.0, 5.0, 4))


def test_spaces_between_arrays_are_numpys():
    a, b = np.array([[0.1, 0.2]]), np.array([[1.0], [2.0]])
    check(np, lambda xp, x: np.linspace(x, b, 3), a)
    check(np, lambda xp, x: np.linspace(x, 1.0, 3), a)


def test_no_spaces(xp):
    y = ud.vjp(lambda x: xp.linspace(x, 1.0, 0), xp.asarray(0.5))[0]

    assert tuple(y.shape) == (0,)
    with pytest.raises(ValueError, match="non-negative"):
        ud.vjp(lambda x: xp.linspace(x, 1.0, -1), xp.asarray(0.5))


CONSTANT = {
    "zeros_like": lambda xp, x: xp.zeros_like(x),
    "ones_like": lambda xp, x: xp.ones_like(x),
    "empty_like": lambda xp, x: xp.empty_like(x),
    "full_like": lambda xp, x: xp.full_like(x, 2.0),
    "zeros": lambda xp, x: xp.zeros(x.shape, dtype=x.dtype, device=x.device),
    "ones": lambda xp, x: xp.ones(x.shape, dtype=x.dtype),
    "empty": lambda xp, x: xp.empty(x.shape, dtype=x.dtype),
    "eye": lambda xp, x: xp.eye(*x.shape, dtype=x.dtype),
    "arange": lambda xp, x: xp.arange(x.shape[0], dtype=x.dtype),
    "linspace": lambda xp, x: xp.linspace(0.0, 1.0, x.shape[0], dtype=x.dtype),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_what_is_made_of_shapes_alone_is_plain(xp, name):
    seen = []

    def f(x):
        seen.append(CONSTANT[name](xp, x))
        return xp.sum(x)

    x = xp.asarray(np.ones(3, "float32"))
    ud.grad(f)(x)
    ud.jvp(f, (x,), (x,))

    for found in seen:
        assert type(found) is type(x)
        assert found.dtype == x.dtype


def test_from_dlpack_would_leave_the_tape(xp):
    with pytest.raises(ud.UnidiffError, match=r"leave the tape|lose its derivative"):
        ud.grad(lambda x: xp.sum(xp.from_dlpack(x)))(xp.asarray([1.0]))


@pytest.mark.parametrize("indexing", ["xy", "ij"])
def test_grids(xp, indexing):
    def grids(xp, x):
        y = xp.asarray([1.0, 2.0, 3.0, 4.0])
        a, b, c = xp.meshgrid(x, y, x * x, indexing=indexing)
        return a * b + c

    check(xp, grids, [0.3, 0.5])


NOT_INTERCEPTED = {
    "np.full": lambda x: np.full(3, x[0]),
    "np.full_like, of a plain array": lambda x: np.full_like(np.ones(3), x[0]),
    "np.array": lambda x: np.array([x[0], x[1]]),
    "np.asarray": lambda x: np.asarray([[x[0]]]),
    "np.arange": lambda x: np.arange(x[0]),
    "np.fromiter": lambda x: np.fromiter((x[0],), float),
    "np.zeros": lambda x: np.zeros(x[0]),
}


@pytest.mark.parametrize("name", NOT_INTERCEPTED)
def test_what_numpy_makes_itself_fails_aloud(name):
    with pytest.raises((ud.UnidiffError, TypeError, ValueError)):
        ud.grad(lambda x: np.sum(NOT_INTERCEPTED[name](x) * x[0]))(np.array([1.0, 2.0]))
