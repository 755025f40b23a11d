"""Arrays of two backends or devices are refused; derivatives stay where their arrays are."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest
import torch

import unidiff as ud

xp = ud.backend("numpy").xp
X, M = np.arange(3.0), np.eye(3)


def total(x):
    return xp.sum(x * x)


def two(a, b):
    return a * b


T = torch.arange(3.0, dtype=torch.float64)
MIXED = {
    "arguments of a function": lambda: ud.linalg.solve(M, torch.eye(3, dtype=torch.float64)),
    "primals": lambda: ud.jvp(two, (X, T), (X, X)),
    "tangent": lambda: ud.jvp(total, (X,), (T,)),
    "cotangent": lambda: ud.vjp(lambda x: x * 1.0, X)[1](T),
    "other argument": lambda: ud.grad(lambda x, c: xp.sum(x))(X, T),
    "returned": lambda: ud.jvp(lambda x: T, (X,), (X,)),
    "strict and NumPy": lambda: ud.jvp(two, (X, array_api_strict.asarray(X)), (X, X)),
}


@pytest.mark.parametrize("name", MIXED)
def test_arrays_of_two_backends_are_refused(name):
    with pytest.raises(
        ud.BackendMismatchError,
        match=r"numpy.*(torch|array_api_strict)|(torch|array_api_strict).*numpy",
    ):
        MIXED[name]()


ELSEWHERE = array_api_strict.Device("device1")
S, S1 = (array_api_strict.asarray(X, device=d) for d in (None, ELSEWHERE))
DEVICES = {
    "primals": lambda: ud.jvp(two, (S, S1), (S, S1)),
    "tangent": lambda: ud.jvp(lambda x: x * x, (S,), (S1,)),
    "cotangent": lambda: ud.vjp(lambda x: x * x, S)[1](S1),
    "captured": lambda: ud.grad(lambda x: ud.backend("array_api_strict").xp.sum(x * S1))(S),
}


@pytest.mark.parametrize("name", DEVICES)
def test_arrays_of_two_devices_are_refused(name):
    with pytest.raises((ud.BackendMismatchError, ValueError), match="device"):
        DEVICES[name]()


def assigned(x):
    y = x * 1.0
    y[0] = 2.0
    y[1:] = y[:2] * y[0]
    return y


def test_derivatives_stay_on_the_device():
    sxp = ud.backend("array_api_strict").xp

    def f(x):
        return sxp.sum(sxp.concat([x[1:], sxp.tanh(x) * x]) ** 2) + sxp.sum(x @ x)

    results = [
        ud.grad(f)(S1),
        ud.hessian(f)(S1),
        ud.jvp(f, (S1,), (S1,))[1],
        ud.linearize(f, S1)[1].dense(),
        ud.jacrev(lambda x: x[:1])(S1),
        ud.grad(lambda x: sxp.sum(S1))(S1),
        ud.grad(lambda x: sxp.sum(assigned(x)))(S1),
        ud.derivative(lambda t: t * S1)(S1[1]),
        ud.vjp(f, S1)[1](1.0)[0],
    ]

    assert {x.device for x in results} == {ELSEWHERE}


@pytest.mark.parametrize("name", ["nonesuch", "no such", "../numpy", ""])
def test_a_missing_backend_names_those_that_are_there(name):
    with pytest.raises(
        ud.BackendError, match=r"no backend .*; installed: .*numpy.* is a package called unidiff_"
    ):
        ud.backend(name)


def test_a_missing_backend_is_an_import_error():
    with pytest.raises(ImportError):
        ud.backend("nonesuch")
