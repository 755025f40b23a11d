"""`np.sin(x)`, `np.sum(x)`, `xp.sin(x)`, methods and operators all record alike."""

from __future__ import annotations

import array_api_compat
import numpy as np
import pytest

import unidiff as ud

X = np.array([[0.3, -1.2, 0.8], [1.5, 0.1, -0.4]])
C = np.arange(6.0).reshape(2, 3) + 1
xp = ud.backend("numpy").xp

WAYS = {
    "sin": [np.sin, xp.sin, lambda x: ud.array_namespace(x).sin(x)],
    "exp": [np.exp, xp.exp, lambda x: array_api_compat.array_namespace(x).exp(x)],
    "abs": [np.abs, np.absolute, xp.abs, abs],
    "negative": [np.negative, xp.negative, lambda x: -x],
    "add": [lambda x: np.add(x, C), lambda x: xp.add(x, C), lambda x: x + C, lambda x: C + x],
    "subtract": [lambda x: np.subtract(C, x), lambda x: xp.subtract(C, x), lambda x: C - x],
    "multiply": [lambda x: np.multiply(C, x), lambda x: C * x, lambda x: x * C],
    "divide": [
        lambda x: np.divide(x, C),
        np.true_divide and (lambda x: np.true_divide(x, C)),
        lambda x: x / C,
    ],
    "pow": [lambda x: np.power(x, 2), lambda x: xp.pow(x, 2), lambda x: x**2],
    "maximum": [lambda x: np.maximum(x, 0.2), lambda x: xp.maximum(x, 0.2)],
    "matmul": [lambda x: np.matmul(x, C.T), lambda x: xp.matmul(x, C.T), lambda x: x @ C.T],
    "matmul from the right": [lambda x: np.matmul(C.T, x), lambda x: C.T @ x],
    "sum": [np.sum, xp.sum, lambda x: x.sum()],
    "sum axis": [lambda x: np.sum(x, axis=0), lambda x: xp.sum(x, axis=0), lambda x: x.sum(axis=0)],
    "mean": [lambda x: np.mean(x, axis=-1), lambda x: x.mean(axis=-1)],
    "reshape": [
        lambda x: np.reshape(x, (3, 2)),
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape((3, 2)),
    ],
    "transpose": [
        np.transpose,
        lambda x: x.T,
        lambda x: xp.permute_dims(x, (1, 0)),
        lambda x: x.mT,
    ],
    "concat": [
        lambda x: np.concatenate([x, C]),
        lambda x: np.concat([C * 0 + x, C]),
        lambda x: xp.concat([x, C]),
    ],
    "stack": [lambda x: np.stack([x, C]), lambda x: xp.stack([x, C])],
    "roll": [lambda x: np.roll(x, 1, axis=1), lambda x: xp.roll(x, 1, axis=1)],
    "cumulative_sum": [lambda x: np.cumsum(x, axis=0), lambda x: xp.cumulative_sum(x, axis=0)],
    "where": [lambda x: np.where(C > 2, x, 0.0), lambda x: xp.where(C > 2, x, 0.0)],
    "clip by maximum": [
        lambda x: np.minimum(np.maximum(x, -1), 1),
        lambda x: xp.minimum(xp.maximum(x, -1), 1),
    ],
    "inv": [
        lambda x: np.linalg.inv(x @ x.T),
        lambda x: xp.linalg.inv(x @ x.T),
        lambda x: ud.linalg.inv(x @ x.T),
    ],
    "solve": [lambda x: np.linalg.solve(x @ x.T, C), lambda x: ud.linalg.solve(x @ x.T, C)],
    "comparison": [lambda x: np.where(np.greater(x, 0), x, 0.0), lambda x: np.where(x > 0, x, 0.0)],
    "conj": [np.conjugate, xp.conj, lambda x: x.conj()],
    "real": [np.real, xp.real, lambda x: x.real],
    "zeros_like": [lambda x: x + np.zeros_like(x), lambda x: x + xp.zeros_like(x)],
}
WAYS |= {
    f"{name} along a position": ways
    for name, ways in {
        "sum": [lambda x: np.sum(x, 1), lambda x: x.sum(1), lambda x: xp.sum(x, axis=1)],
        "mean": [lambda x: np.mean(x, 0), lambda x: xp.mean(x, axis=0)],
        "concat": [lambda x: np.concatenate((x, x), 1), lambda x: xp.concat([x, x], axis=1)],
        "stack": [lambda x: np.stack((x, x), 1), lambda x: xp.stack([x, x], axis=1)],
        "roll": [lambda x: np.roll(x, 1, 0), lambda x: xp.roll(x, 1, axis=0)],
        "cumsum": [lambda x: np.cumsum(x, 1), lambda x: xp.cumulative_sum(x, axis=1)],
        "take": [
            lambda x: np.take(x, np.array([2, 0]), 1),
            lambda x: xp.take(x, np.array([2, 0]), axis=1),
        ],
        "expand_dims": [lambda x: np.expand_dims(x, 1), lambda x: xp.expand_dims(x, axis=1)],
        "tril": [lambda x: np.tril(x, -1), lambda x: xp.tril(x, k=-1)],
    }.items()
}
CASES = [(name, k) for name, ways in WAYS.items() for k in range(len(ways))]


@pytest.mark.parametrize(("name", "k"), CASES)
def test_every_spelling_records_alike(name, k):
    way, first = WAYS[name][k], WAYS[name][0]
    plain = np.asarray(way(X))
    y, dy = ud.jvp(way, (X,), (C,))
    _, pull = ud.vjp(way, X)
    _, first_dy = ud.jvp(first, (X,), (C,))
    h = 1e-6
    slope = (np.asarray(way(X + h * C)) - np.asarray(way(X - h * C))) / (2 * h)
    w = np.cos(plain)

    assert np.array_equal(y, plain) or np.allclose(y, plain, rtol=1e-14)
    np.testing.assert_allclose(dy, first_dy, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(dy, slope, rtol=1e-6, atol=1e-7)
    assert np.sum(pull(w)[0] * C) == pytest.approx(np.sum(w * dy), rel=1e-11)


@pytest.mark.parametrize("transform", [ud.grad, lambda f: lambda x: ud.jvp(f, (x,), (x,))])
@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.add.at(x, 0, 1.0),
        lambda x: np.sin(x, out=np.empty_like(X)),
        lambda x: np.add(x, x, where=C > 2),
        lambda x: np.multiply.outer(x, x),
    ],
)
def test_what_of_a_ufunc_does_not_record_is_a_type_error(call, transform):
    with pytest.raises(TypeError):
        transform(lambda x: np.sum(call(x)))(X)


@pytest.mark.parametrize("transform", [ud.grad, lambda f: lambda x: ud.jvp(f, (x,), (x,))])
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.interp(x, X[0], X[0]), "interp"),
        (lambda x: np.linalg.eig(x)[0], "eig"),
        (lambda x: np.i0(x), "i0"),
        (lambda x: np.einsum("ij->i", x), "einsum"),
    ],
)
def test_a_function_without_a_rule_names_itself(call, name, transform):
    with pytest.raises(ud.RuleError, match=f"{name} has no derivative rule"):
        transform(lambda x: xp.sum(call(x)))(X)


def test_an_array_knows_itself_while_traced():
    def f(x):
        assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3), 2, 6, 2)
        assert x.dtype == np.float64
        assert repr(x) in {
            "Tracer(shape=(2, 3), dtype=float64)",
            "Dual(shape=(2, 3), dtype=float64)",
        }
        with pytest.raises(TypeError, match="unhashable"):
            hash(x)
        return xp.sum(x)

    ud.grad(f)(X)
    ud.jvp(f, (X,), (X,))


def test_what_is_known_of_an_array_is_asked_by_name():
    def f(x):
        return np.sum(x) * np.shape(x)[0] * np.ndim(x) * np.size(x)

    np.testing.assert_array_equal(ud.grad(f)(np.ones((2, 3))), np.full((2, 3), 24.0))
