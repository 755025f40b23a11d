"""What holds of a linear function of arrays, exactly: on whole numbers nothing is rounded."""

from __future__ import annotations

import numpy as np

import unidiff as ud


def whole_numbers(rng, shape, dtype="float64"):
    """Small whole numbers, complex ones too."""
    x = rng.integers(-9, 10, shape)
    return (x + 1j * rng.integers(-9, 10, shape) if np.dtype(dtype).kind == "c" else x).astype(
        dtype
    )


def outcome(f, *xs):
    """The value of f, a tuple, or the exception that it raises."""
    try:
        y = f(*xs)
    except Exception as error:
        return error
    return tuple(map(np.asarray, y)) if isinstance(y, list | tuple) else (np.asarray(y),)


def alike(error, wanted):
    """Whether an exception is of the kind of the library's own."""
    kinds = (IndexError, ValueError, TypeError)
    return any(isinstance(error, kind) and isinstance(wanted, kind) for kind in kinds)


def check_linear(rng, f, *xs):
    """Both kinds of tracers find the value of f; its tangent is f of the tangents; it pairs."""
    wanted = outcome(f, *xs)
    dxs = tuple(whole_numbers(rng, x.shape, x.dtype) for x in xs)
    pushed = outcome(lambda: ud.jvp(as_tuple(f), xs, dxs))
    pulled = outcome(lambda: ud.vjp(as_tuple(f), *xs)[0])
    if isinstance(wanted, Exception):
        assert alike(pulled, wanted)
        assert alike(pushed, wanted)
        return
    ys, dys = ud.jvp(as_tuple(f), xs, dxs)
    recorded, pull = ud.vjp(as_tuple(f), *xs)
    for found in (ys, recorded):
        check_same(found, wanted)
    check_same(dys, outcome(f, *dxs))
    ws = tuple(whole_numbers(rng, y.shape, y.dtype) for y in recorded)
    cotangents = pull(ws)
    for v, x in zip(cotangents, xs, strict=True):
        assert v.shape == x.shape
        assert v.dtype == x.dtype
    left = sum(np.sum(w * dy).real for w, dy in zip(ws, dys, strict=True))
    right = sum(np.sum(v * dx).real for v, dx in zip(cotangents, dxs, strict=True))
    assert left == right


def as_tuple(f):
    """The function, which then returns a tuple."""

    def function(*xs):
        y = f(*xs)
        return tuple(y) if isinstance(y, list | tuple) else (y,)

    return function


def check_same(found, wanted):
    """The arrays are the same: numbers, shapes and dtypes."""
    for y, z in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(y, z)
        assert y.shape == z.shape
        assert y.dtype == z.dtype
