"""Writes to traced arrays show where they do on plain ones; those that would lose numbers fail."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import unidiff as ud

xp = ud.backend("numpy").xp
X = np.array([0.5, 1.0, 1.5])


UPDATES = {
    "+=": (operator.iadd, lambda x: x),
    "-=": (operator.isub, lambda x: 3.0 * x),
    "*=": (operator.imul, lambda x: x),
    "/=": (operator.itruediv, lambda x: x * x),
    "**=": (operator.ipow, lambda x: 2),
    "%=": (operator.imod, lambda x: 0.7),
}


@pytest.mark.parametrize("name", UPDATES)
def test_an_update_in_place_shows_under_every_name_as_on_plain_arrays(name):
    update, operand = UPDATES[name]

    def f(x):
        y = x
        update(y, operand(x))
        return xp.sum(y * x)

    x, h = X.copy(), 1e-6
    slopes = [(f(X + h * e) - f(X - h * e)) / (2 * h) for e in np.eye(len(X))]

    np.testing.assert_allclose(ud.grad(f)(x), slopes, rtol=1e-7, atol=1e-9)
    assert ud.value_and_grad(f)(x)[0] == f(X.copy())
    assert np.array_equal(x, X)


def test_an_update_keeps_the_dtype_and_the_shape():
    def single(x):
        x += np.ones(3)
        assert x.dtype == np.float32
        return xp.sum(x)

    def wider(x):
        x += np.ones((2, 3))
        return xp.sum(x)

    def complex_into_real(x):
        x += 1j
        return xp.sum(xp.real(x))

    assert ud.grad(single)(np.ones(3, np.float32)).dtype == np.float32
    with pytest.raises(ValueError, match=r"x has the shape \(3,\), and v makes it \(2, 3\)"):
        ud.grad(wider)(np.ones(3))
    with pytest.raises(TypeError, match="the result is complex, complex128, and x is not"):
        ud.grad(complex_into_real)(np.ones(3))


VIEWS = {
    "row": lambda x: x[0],
    "reshaped": lambda x: np.reshape(x, (3, 2)),
    "raveled": lambda x: x.ravel(),
    "transposed": lambda x: x.T,
    "reversed": lambda x: x[::-1, 1:],
    "expanded": lambda x: np.expand_dims(x, 0),
    "row of a slice": lambda x: x[:, 1:][0],
    "copied by reshape": lambda x: np.reshape(x.T, (6,)),
    "picked": lambda x: x[np.array([0])],
    "flattened": lambda x: x.flatten(),
    "copied": lambda x: x.copy(),
    "orphan": lambda x: (x * 2.0)[0],
}


def into_view(view, x):
    view[...] = x[1, 1] * x[0, 2]


def update_view(view, x):
    view *= x[1, 2]


def part_of_view(view, x):
    view[0] = x[0, 1] ** 2


def under_view(view, x):
    x[0] = x[1] * x[0]
    x *= 2.0


def twice(view, x):
    view += 1.0
    x *= x
    view[-1] = 3.0 * x[0, 0]


def whole_and_part(view, x):
    x[0] *= 3.0
    x[:, 1] += x[:, 0]


STORIES = (into_view, update_view, part_of_view, under_view, twice, whole_and_part)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("story", STORIES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", VIEWS)
def test_a_write_shows_in_every_view_as_on_plain_arrays(name, story, mode):
    def f(x):
        x = x * 1.0
        other = x[:, 0]
        view = VIEWS[name](x)
        story(view, x)
        return np.sum(np.sin(x)) + np.sum(view * view) + np.sum(other * other * other)

    x = np.linspace(0.5, 1.7, 6).reshape(2, 3)
    basis = np.eye(6).reshape(6, 2, 3)
    slopes = [(f(x + 1e-6 * e) - f(x - 1e-6 * e)) / 2e-6 for e in basis]
    if mode == "reverse":
        value, gradient = ud.value_and_grad(f)(x)
    else:
        value, gradient = f(x), [ud.jvp(f, (x,), (e,))[1] for e in basis]

    np.testing.assert_allclose(value, f(x), rtol=1e-14)
    np.testing.assert_allclose(np.ravel(gradient), slopes, rtol=1e-6, atol=1e-7)


READ_ONLY = {
    "broadcast": lambda x: np.broadcast_to(x, (4, 2, 3)),
    "part of a broadcast": lambda x: np.broadcast_to(x, (4, 2, 3))[0],
    "diagonal": lambda x: np.diagonal(x),
    "real part": lambda x: (x * (1 + 1j)).real,
}


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_view_that_cannot_be_written_to_says_so(name):
    def assign(x):
        READ_ONLY[name](x)[0] = 0.0
        return xp.sum(x)

    def update(x):
        view = READ_ONLY[name](x)
        view *= 2.0
        return xp.sum(x)

    for f in (assign, update):
        with pytest.raises(ValueError, match="is read-only; write to a copy"):
            ud.grad(f)(np.ones((2, 3)))


def write_whole(c):
    c[:] = 100.0


def add_in_place(c):
    c += 1.0


WRITES = {"whole": write_whole, "in place": add_in_place}
READERS = {
    "operand of *": lambda x, c: x * c,
    "operand of @": lambda x, c: x @ c[:, None],
    "left operand": lambda x, c: c * x,
    "divisor": lambda x, c: x / c,
    "function of two": lambda x, c: np.arctan2(x, c),
    "view": lambda x, c: x * c[::-1],
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("name", READERS)
def test_a_plain_array_is_not_written_to_between_its_use_and_the_sweep(name, write):
    """NumPy cannot know that the derivative needs the old numbers: it would be wrong in silence."""
    c = np.array([1.0, 2.0, 3.0])

    def f(x):
        y = xp.sum(READERS[name](x, c))
        WRITES[write](c)
        return y

    for transform in (ud.grad(f), lambda x: ud.vjp(f, x), lambda x: ud.linearize(f, x)):
        with pytest.raises(ValueError, match="read-only") as raised:
            transform(X)
        assert "write to a copy" in raised.value.__notes__[0]
        assert c.flags.writeable
        assert np.array_equal(c, [1, 2, 3])


def test_an_array_whose_numbers_the_sweep_does_not_need_may_be_written_to():
    def f(x):
        buffer = np.zeros(3)
        y = x
        for k in range(3):
            buffer[:] = k
            y = y + buffer - buffer
        return xp.sum(y * x)

    np.testing.assert_allclose(ud.grad(f)(X), 2 * X)


def test_the_argument_itself_is_not_written_to():
    x = X.copy()

    def f(y):
        z = xp.sum(y * y)
        x[:] = 0.0
        return z

    with pytest.raises(ValueError, match="read-only"):
        ud.grad(f)(x)
    assert np.array_equal(ud.grad(lambda y: xp.sum(y * y))(x), 2 * X)


def test_nested_transforms_hold_until_the_outermost_returns():
    c = np.array([1.0, 2.0, 3.0])

    def inner(y):
        return xp.sum(y * y * c)

    def f(x):
        z = xp.sum(ud.grad(inner)(x) * x)
        c[:] = 0.0
        return z

    with pytest.raises(ValueError, match="read-only"):
        ud.grad(f)(X)
    assert c.flags.writeable
