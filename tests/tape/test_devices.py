"""Values, tangents and gradients stay on the device of their arrays."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest

import unidiff as ud

xp = ud.backend("array_api_strict").xp
CPU, ONE, TWO = (array_api_strict.Device(name) for name in ("CPU_DEVICE", "device1", "device2"))
MATRIX = np.array([[2.1, 0.3, -0.4], [0.2, 1.7, 0.5], [-0.3, 0.1, 2.6]])


def on(device, numbers=MATRIX):
    return xp.asarray(numbers, device=device)


def numbers(x):
    return np.asarray(x.to_device(CPU))


def place(like, numbers, **how):
    """A plain array beside that one."""
    return xp.asarray(numbers, device=like.device, **how)


def assigned(x):
    y = xp.asarray(x, copy=True)
    y[0, :] = y[1, 0]
    y[x > 1] = 0.1
    y += 1.0
    return y * x


CALLS = {
    "exp": lambda x: xp.exp(x),
    "tanh": lambda x: xp.tanh(x) * 2.0 + 1,
    "sqrt": lambda x: xp.sqrt(x * x + 1),
    "pow": lambda x: 2.0**x + x**2 + x ** place(x, 3.0),
    "quotient": lambda x: 1 / x + x % 0.7 + x // 0.7,
    "abs": lambda x: xp.abs(x) + xp.sign(x),
    "hypot": lambda x: xp.hypot(x, place(x, 1.0)),
    "clip": lambda x: xp.clip(x, -0.2, 0.3) + xp.clip(x, min=place(x, 0.0)),
    "maximum": lambda x: xp.maximum(x, place(x, 0.25)),
    "logaddexp": lambda x: xp.logaddexp(x, -x),
    "complex": lambda x: xp.real(xp.exp(xp.astype(x, xp.complex128) * 1j)),
    "sum": lambda x: xp.sum(x, axis=0) * x,
    "mean": lambda x: xp.mean(x, axis=-1, keepdims=True) * x,
    "prod": lambda x: xp.prod(x, axis=0),
    "cumulative_prod": lambda x: xp.cumulative_prod(x, axis=1, include_initial=True),
    "std": lambda x: xp.std(x, axis=1, correction=1) + xp.var(x, axis=0),
    "max": lambda x: xp.max(x, axis=0) + xp.min(x, axis=1),
    "sort": lambda x: xp.sort(x, axis=0, descending=True) * xp.sort(x),
    "cumulative_sum": lambda x: xp.cumulative_sum(x, axis=0, include_initial=True),
    "diff": lambda x: xp.diff(x, prepend=place(x, np.ones((3, 1)))),
    "slices": lambda x: x[1:, ::2] * x[0, 0],
    "places": lambda x: (
        x[place(x, [0, 2, 0]), place(x, [1, 1, 2])] * xp.take(x, place(x, [1, 1, 0]), axis=1)
    ),
    "places along": lambda x: xp.take_along_axis(x, place(x, [[0, 1, 0]]), axis=0),
    "mask": lambda x: x[x > 0.25],
    "set": assigned,
    "concat": lambda x: xp.concat([x, place(x, MATRIX), 2 * x], axis=1),
    "stack": lambda x: xp.stack([x, place(x, MATRIX)]),
    "where": lambda x: xp.where(x > 0.25, x * x, 0.0) + xp.where(x > 0.25, x, place(x, MATRIX)),
    "reshape": lambda x: xp.reshape(x, (9,)) * xp.flip(xp.reshape(x.T, (9,))),
    "roll": lambda x: xp.roll(x, (1, 2), axis=(0, 1)) * xp.triu(x),
    "repeat": lambda x: xp.repeat(x, place(x, [1, 0, 2]), axis=0),
    "tile": lambda x: xp.tile(x, (2, 1)) * xp.broadcast_to(x[0, :], (6, 3)),
    "full": lambda x: xp.full_like(x, x[0, 1]) * xp.full((3, 3), x[1, 0]),
    "linspace": lambda x: xp.linspace(x[0, 0], x[1, 1], 5),
    "lists": lambda x: xp.asarray([x[0, 0], 2.0, x[1, 2]]),
    "constants": lambda x: x * xp.zeros_like(x) + x * xp.ones_like(x),
    "meshgrid": lambda x: xp.meshgrid(x[0, :], x[1, :])[0] * x,
    "matmul": lambda x: x @ x + place(x, MATRIX) @ x,
    "vector products": lambda x: xp.vecdot(x, x) + x @ x[0, :],
    "tensordot": lambda x: xp.tensordot(x, x, axes=1) + xp.linalg.outer(x[0, :], x[1, :]),
    "cross": lambda x: xp.linalg.cross(x, xp.flip(x)),
    "inv": lambda x: xp.linalg.inv(x),
    "solve": lambda x: xp.linalg.solve(x, x.T) + xp.linalg.solve(x, x[0, :]),
    "det": lambda x: xp.linalg.det(x) * xp.linalg.slogdet(x)[1],
    "cholesky": lambda x: xp.linalg.cholesky(x @ x.T),
    "qr": lambda x: xp.linalg.qr(x).Q @ xp.linalg.qr(x).R,
    "eigh": lambda x: xp.linalg.eigh(x + x.T).eigenvalues,
    "svd": lambda x: xp.linalg.svd(x).S + xp.linalg.svdvals(x),
    "pinv": lambda x: xp.linalg.pinv(x[:, :2]),
    "matrix_power": lambda x: xp.linalg.matrix_power(x, 3) + xp.linalg.matrix_power(x, 0),
    "vector_norm": lambda x: xp.linalg.vector_norm(x) + xp.linalg.vector_norm(x, axis=0, ord=3),
    "matrix_norm": lambda x: xp.linalg.matrix_norm(x) + xp.linalg.matrix_norm(x, ord="nuc"),
    "trace": lambda x: xp.linalg.trace(x, offset=1) * xp.linalg.diagonal(x),
    "fft": lambda x: xp.abs(xp.fft.fft(xp.astype(x, xp.complex128), n=4)),
    "rfft": lambda x: xp.real(xp.fft.rfft(x)),
}


@pytest.mark.parametrize("device", [ONE, TWO], ids=str)
@pytest.mark.parametrize("name", CALLS)
def test_all_stays_on_the_device(name, device):
    f = CALLS[name]
    here, there = on(CPU), on(device)
    y, dy = ud.jvp(f, (there,), (on(device, np.cos(MATRIX)),))
    recorded, pull = ud.vjp(f, there)
    (w,) = pull(xp.ones_like(recorded))
    wanted, wanted_dy = ud.jvp(f, (here,), (on(CPU, np.cos(MATRIX)),))
    (wanted_w,) = ud.vjp(f, here)[1](xp.ones_like(wanted))

    assert y.device == dy.device == recorded.device == w.device == device
    for found, there in [(y, wanted), (recorded, wanted), (dy, wanted_dy), (w, wanted_w)]:
        np.testing.assert_array_equal(numbers(found), numbers(there))


@pytest.mark.parametrize("name", ["exp", "matmul", "inv", "sum", "slices", "set", "vector_norm"])
def test_second_derivatives_stay_on_the_device(name):
    def f(x):
        return xp.sum(CALLS[name](x) * x[0, 0])

    x, dx = on(ONE), on(ONE, np.cos(MATRIX))

    for found in (ud.grad(f)(x), *ud.hvp(f, (x,), (dx,)), ud.jacobian(ud.grad(f))(x)):
        assert found.device == ONE
    np.testing.assert_array_equal(
        numbers(ud.jvp(ud.grad(f), (x,), (dx,))[1]),
        numbers(ud.jvp(ud.grad(f), (on(CPU),), (on(CPU, np.cos(MATRIX)),))[1]),
    )


def test_a_cotangent_comes_back_to_the_first_device():
    def f(x):
        y = x.to_device(TWO) * xp.asarray(3.0, device=TWO)
        return xp.sum(y * y) + xp.sum(x * x).to_device(TWO)

    x = on(ONE, [1.0, 2.0])
    value, gradient = ud.value_and_grad(f)(x)
    y, dy = ud.jvp(f, (x,), (on(ONE, [1.0, 0.0]),))
    hessian = ud.hessian(f)(x)

    assert (value.device, gradient.device, hessian.device) == (TWO, ONE, ONE)
    assert y.device == dy.device == TWO
    assert np.array_equal(numbers(gradient), [20.0, 40.0])
    assert np.array_equal(numbers(hessian), 20 * np.eye(2))
    assert float(dy) == 20.0


def test_to_the_same_device_is_no_step():
    def f(x):
        assert x.to_device(x.device) is x
        return xp.sum(x)

    ud.grad(f)(on(ONE, [1.0]))


def test_an_unknown_device_is_refused_as_plain():
    with pytest.raises(ValueError, match="device"):
        on(ONE).to_device("nowhere")
    with pytest.raises(ValueError, match="device"):
        ud.grad(lambda x: xp.sum(x.to_device("nowhere")))(on(ONE))


MIXED = {
    "sum": lambda x, y: x + y,
    "product": lambda x, y: xp.multiply(y, x),
    "matmul": lambda x, y: x @ y,
    "matmul from the left": lambda x, y: y @ x,
    "where": lambda x, y: xp.where(y > 0, x, x),
    "concat": lambda x, y: xp.concat([x, y]),
    "stack": lambda x, y: xp.stack([y, x]),
    "take": lambda x, y: xp.take(x, xp.astype(y[0, :], xp.int64), axis=0),
    "maximum": lambda x, y: xp.maximum(x, y),
    "tensordot": lambda x, y: xp.tensordot(x, y),
    "vecdot": lambda x, y: xp.vecdot(x, y),
    "cross": lambda x, y: xp.linalg.cross(x, y),
    "outer": lambda x, y: xp.linalg.outer(x[0, :], y[0, :]),
    "clip": lambda x, y: xp.clip(x, min=y),
    "searchsorted": lambda x, y: xp.searchsorted(x[0, :], y[0, :]),
    "set": lambda x, y: x.__setitem__((0, slice(None)), y[0, :]) or x,
    "diff": lambda x, y: xp.diff(x, prepend=y),
    "mask": lambda x, y: x[y > 0],
    "comparison": lambda x, y: x < y,
}


@pytest.mark.parametrize(("one", "two"), [(ONE, TWO), (TWO, CPU), (CPU, ONE)], ids=str)
@pytest.mark.parametrize("name", MIXED)
def test_two_devices_in_one_call_are_refused_as_plain(name, one, two):
    f, x, y = MIXED[name], on(one), on(two)
    refused = pytest.raises((TypeError, ValueError))

    with refused:
        f(x, y)
    with refused:
        ud.jvp(lambda x: f(x * 1.0, y), (x,), (x,))
    with refused:
        ud.vjp(lambda x: f(x * 1.0, y), x)
    with refused:
        ud.vjp(lambda x, y: f(x * 1.0, y), x, y)
