"""What the user gets is his own; what he gave is not written to, and he may change it after."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import unidiff as ud

xp = ud.backend("numpy").xp
X, Y = np.arange(3.0) + 1, np.array([2.0, -1.0, 0.5])
M = np.arange(9.0).reshape(3, 3) + 4 * np.eye(3)

# functions of two vectors whose derivatives are tempted to be views, or the same array twice
FUNCTIONS = {
    "sum": lambda x, y: xp.sum(x) + xp.sum(y),
    "sum of sums": lambda x, y: xp.sum(x + y),
    "first": lambda x, y: xp.sum(x),
    "broadcast": lambda x, y: xp.sum(xp.broadcast_to(x, (4, 3)) + y),
    "slice": lambda x, y: xp.sum(x[:2]) + xp.sum(y[1:]),
    "reshape": lambda x, y: xp.sum(xp.reshape(x, (3, 1)) + xp.reshape(y, (3, 1))),
    "product": lambda x, y: xp.sum(x * y),
    "constant": lambda x, y: xp.sum(M),
    "captured": lambda x, y: xp.sum(x * X) + xp.sum(y * X),
    "concat": lambda x, y: xp.sum(xp.concat([x, y])),
    "transpose": lambda x, y: xp.sum(x[None, :].T) + xp.sum(y[:, None].T),
}
VECTORS = {
    "identity": lambda x, y: (x, x, y),
    "sum": lambda x, y: (x + y, x + y),
    "views": lambda x, y: (x[::-1], xp.reshape(y, (3, 1)), xp.broadcast_to(x, (2, 3))),
    "constants": lambda x, y: (X, M[0], x),
}


def ways(name):
    if name in FUNCTIONS:
        f = FUNCTIONS[name]
        return [
            ud.grad(f, argnums=(0, 1))(X, Y),
            ud.vjp(f, X, Y)[1](1.0),
            [ud.linearize(f, X, Y)[1].T(np.asarray(1.0))],
            [ud.jvp(f, (X, Y), (X, Y))],
            [ud.jacrev(f, argnums=(0, 1))(X, Y)],
            [ud.jacfwd(f, argnums=(0, 1))(X, Y)],
            [ud.hessian(f, argnums=(0, 1))(X, Y)],
            [ud.hvp(f, (X, Y), (X, Y))],
        ]
    f = VECTORS[name]
    return [
        ud.jvp(f, (X, Y), (X, Y))[1],
        ud.linearize(f, X, Y)[1](X, Y),
        ud.vjp(f, X, Y)[1](f(X, Y)),
        [ud.jacobian(f, argnums=(0, 1))(X, Y)],
    ]


def arrays_of(tree):
    if isinstance(tree, tuple | list):
        return list(itertools.chain.from_iterable(map(arrays_of, tree)))
    return [tree]


@pytest.mark.parametrize("name", [*FUNCTIONS, *(f"vectors of {n}" for n in VECTORS)])
def test_derivatives_are_writeable_and_share_no_memory(name):
    for results in ways(name.removeprefix("vectors of ") if name.startswith("v") else name):
        arrays = arrays_of(results)
        for x in arrays:
            assert isinstance(x, np.ndarray)
            assert x.flags.writeable
            x[...] = x
        for x, y in itertools.combinations([*arrays, X, Y, M], 2):
            assert not np.shares_memory(x, y)


def test_nothing_given_is_written_to():
    given = [X.copy(), Y.copy(), M.copy()]
    for x in given:
        x.flags.writeable = False
    x, y, m = given

    def f(x, y):
        z = x * 2.0
        z[0] = y[1]
        z += y
        return xp.sum(m @ (z * x + z) + z)

    ud.hessian(f, argnums=(0, 1))(x, y)
    ud.linearize(f, x, y)[1](x, y)
    ud.vjp(lambda x, y: x * y + x + x, x, y)[1](x)

    assert all(np.array_equal(a, b) for a, b in zip(given, (X, Y, M), strict=True))


@pytest.mark.parametrize("transform", ["linearize", "vjp"])
def test_the_caller_may_change_his_arrays_before_he_pulls_back(transform):
    def pulled(change):
        x, c, a, k = X.copy(), Y.copy(), M.copy(), np.array([2, 0, 0])
        kept = c > 0
        f = lambda x: ud.linalg.solve(  # noqa: E731
            a, xp.sin(x) * c + x[::-1] * xp.where(kept, x, c) + xp.take(x, k) * xp.real(x)
        )
        y, L = getattr(ud, transform)(f, x)
        if change:
            x[:], c[:], a[:], k[:], kept[:] = 7, 8, np.eye(3), 1, True
            y[:] = 9
        return L.T(Y) if transform == "linearize" else L(Y)[0]

    assert np.array_equal(pulled(change=True), pulled(change=False))


def test_a_pullback_may_be_called_again():
    _, pull = ud.vjp(lambda x: xp.sum(xp.sin(x) * x), X)
    first = pull(1.0)[0]
    kept = first.copy()
    first[:] = 0

    assert np.array_equal(pull(1.0)[0], kept)


def test_a_cotangent_is_not_written_to():
    w = np.ones(3)
    w.flags.writeable = False
    _, pull = ud.vjp(lambda x: x + x + x * 1.0, X)

    assert np.array_equal(pull(w)[0], [3, 3, 3])
    assert not np.shares_memory(ud.vjp(lambda x: x, X)[1](w)[0], w)


def test_assignment_to_a_traced_array_binds_it_anew():
    def f(x):
        y = x
        x[0] = 2.0 * x[1]
        return xp.sum(x * x) + 0.0 * xp.sum(y)

    x = X.copy()

    assert np.array_equal(ud.grad(f)(x), [0, 8 * 2 + 2 * 2, 2 * 3])
    assert np.array_equal(x, X), "the caller's array is as it was"


def test_assignment_keeps_the_dtype():
    def f(x):
        x[0] = np.float64(3) * np.ones(())
        x[1:] = X[1:] * ud.value_of(x)[1:]
        x[2] = x[0] * X[1]
        return xp.sum(x)

    x = X.astype(np.float32)

    assert ud.grad(f)(x).dtype == np.float32
    assert ud.jvp(f, (x,), (x,))[1].dtype == np.float32


def test_what_cannot_be_assigned_is_refused():
    def complex_into_real(x):
        x[0] = 1j * x[1]

    def forward_into_backward(x):
        def inner(t):
            y = x * 1.0
            y[0] = t
            return y

        return xp.sum(ud.jvp(inner, (np.ones(()),), (np.ones(()),))[1])

    with pytest.raises(TypeError, match=r"v is complex, complex128, and x is not, float64"):
        ud.grad(complex_into_real)(X)
    with pytest.raises(TypeError, match=r"traced forward and x backward.* use xp.where"):
        ud.grad(forward_into_backward)(X)


def test_float32_stays_float32_everywhere():
    x = X.astype(np.float32)

    def f(x):
        y = xp.tanh(x[:2]) * 2.0 + xp.sum(x**2) / 3 - xp.mean(x) * np.pi
        return xp.sum(xp.where(y > 0, y, xp.exp(y)) @ xp.stack([y, xp.maximum(y, 0.5)]))

    results = [
        ud.grad(f)(x),
        ud.hessian(f)(x),
        ud.hvp(f, (x,), (x,)),
        ud.jvp(f, (x,), (x,)),
        ud.jacfwd(f)(x),
        ud.linearize(f, x)[1].dense(),
        ud.linearize(ud.linalg.inv, M.astype(np.float32))[1].matrix(),
        ud.grad(lambda m: ud.linalg.slogdet(m)[1])(M.astype(np.float32)),
    ]

    assert {str(r.dtype) for r in arrays_of(tuple(results))} == {"float32"}
