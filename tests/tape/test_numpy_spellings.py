"""NumPy's spellings record: functions with NumPy's parameters, ufuncs, methods, operators."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from numpy_calls import CALLS, MATRICES, OF_ARRAYS, SQUARE, C, X, changed

import unidiff as ud
from unidiff.tape._protocols import METHODS
from unidiff.tape._spellings import ACCUMULATIONS, FORMS, FUNCTIONS, REDUCTIONS, UFUNCS

H = 1e-6


def check(call, x):
    """The value is NumPy's, to the last places; the tangent is the differences'; .T is dual."""
    plain = _flat(call(x))
    dx = np.cos(3 * np.arange(x.size)).reshape(x.shape) + (1j if x.dtype.kind == "c" else 0)
    y, dy = ud.jvp(lambda x: _flat(call(x)), (x,), (dx,))
    slopes = [
        (np.asarray(a) - np.asarray(b)) / (2 * H)
        for a, b in zip(_flat(call(x + H * dx)), _flat(call(x - H * dx)), strict=True)
    ]
    _, pull = ud.vjp(lambda x: _flat(call(x)), x)
    ws = [np.sin(1 + np.arange(a.size)).reshape(a.shape).astype(a.dtype) for a in y]

    for wanted, found, slope, tangent in zip(plain, y, slopes, dy, strict=True):
        assert found.shape == np.shape(wanted)
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(tangent, slope, rtol=1e-6, atol=1e-8)
    assert any(np.any(slope != 0) for slope in slopes), "a case that cannot fail"
    pushed = sum(np.sum(w * t).real for w, t in zip(ws, dy, strict=True))
    assert np.sum(pull(ws)[0] * dx).real == pytest.approx(pushed, rel=1e-11)


def _flat(y):
    return list(y) if isinstance(y, list | tuple) else [y]


# -- functions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "k"), [(name, k) for name, calls in CALLS.items() for k in range(len(calls))]
)
def test_a_function_of_numpy(name, k):
    check(CALLS[name][k], X)


@pytest.mark.parametrize(
    ("name", "k"), [(name, k) for name, calls in MATRICES.items() for k in range(len(calls))]
)
def test_a_function_of_matrices(name, k):
    check(MATRICES[name][k], SQUARE)


# -- ufuncs ---------------------------------------------------------------------------------------

OF_NUMBERS = {
    "absolute": lambda x: np.absolute(x - 0.5),
    "fabs": lambda x: np.fabs(x - 0.5),
    "arccos": np.arccos,
    "arccosh": lambda x: np.arccosh(1 + x),
    "arcsin": np.arcsin,
    "arcsinh": np.arcsinh,
    "arctan": np.arctan,
    "arctan2": lambda x: np.arctan2(C, x),
    "arctanh": np.arctanh,
    "conjugate": lambda x: np.conjugate(x * 1j),
    "mod": lambda x: np.mod(C, x),
    "remainder": lambda x: np.remainder(x, 0.4),
    "power": lambda x: np.power(x, C),
    "rint": lambda x: np.rint(10 * x) * x,
    "true_divide": lambda x: np.true_divide(C, x),
}
OF_INTEGERS = ("bitwise_not", "invert", "left_shift", "right_shift")


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_a_ufunc(name):
    check(OF_NUMBERS[name], X)


@pytest.mark.parametrize("name", OF_INTEGERS)
def test_a_ufunc_of_integers_refuses_what_is_traced(name):
    arguments = (2,) if name.endswith("shift") else ()
    with pytest.raises(TypeError):
        ud.grad(lambda x: np.sum(getattr(np, name)(x, *arguments)))(X)


REDUCED = {
    "add": [
        lambda x: np.add.reduce(x),
        lambda x: np.add.reduce(x, 1),
        lambda x: np.add.reduce(x, axis=None),
        lambda x: np.add.reduce(x, (0, 1), None, None, True),
        lambda x: np.add.reduce(x, axis=0, keepdims=True),
    ],
    "multiply": [lambda x: np.multiply.reduce(x), lambda x: np.multiply.reduce(x, axis=None)],
    "maximum": [lambda x: np.maximum.reduce(x), lambda x: np.maximum.reduce(x, 1, keepdims=True)],
    "minimum": [lambda x: np.minimum.reduce(x), lambda x: np.minimum.reduce(x, axis=None)],
}
ACCUMULATED = {
    "add": [lambda x: np.add.accumulate(x), lambda x: np.add.accumulate(x, 1)],
    "multiply": [lambda x: np.multiply.accumulate(x), lambda x: np.multiply.accumulate(x, axis=1)],
}
OF_UFUNCS = [*REDUCED.items(), *ACCUMULATED.items()]


@pytest.mark.parametrize("call", [call for _, calls in OF_UFUNCS for call in calls])
def test_a_reduction_by_a_ufunc(call):
    check(call, X)


# -- methods and operators ------------------------------------------------------------------------


OPERATORS = {
    "divmod": [lambda x: divmod(x, 0.4)[1], lambda x: divmod(C, x)[1], lambda x: x * (x // 0.1)],
    "remainder": [lambda x: x % 0.4, lambda x: C % x, lambda x: operator.imod(x * 1.0, 0.4)],
    "quotient": [lambda x: x * (x // 0.1), lambda x: x + (C // x)],
    "abs": [lambda x: abs(x - 0.5)],
    "matrix product": [lambda x: x @ C.T, lambda x: C.T @ x, lambda x: C[:, 0] @ x],
    "power": [lambda x: x**C, lambda x: C**x, lambda x: 2.0**x, lambda x: x ** (C > 0.9)],
    "in place": [
        changed(lambda y: operator.iadd(y, C)),
        changed(lambda y: operator.imul(y, y)),
        changed(lambda y: operator.ipow(y, 3)),
        changed(lambda y: operator.setitem(y, (0, slice(None)), 0.3)),
    ],
}
ON_ARRAYS = [
    (name, k) for name, calls in (OF_ARRAYS | OPERATORS).items() for k in range(len(calls))
]


@pytest.mark.parametrize(("name", "k"), ON_ARRAYS)
def test_a_method_or_an_operator(name, k):
    check((OF_ARRAYS | OPERATORS)[name][k], X)


CONSTANT = {
    "quotients": lambda x: x // 0.1,
    "quotients of a plain array": lambda x: C // x,
    "divmod": lambda x: np.divmod(C, x)[0],
    "round": lambda x: np.round(x, 1),
    "rint": np.rint,
    "floor": np.floor,
    "comparison": lambda x: np.greater_equal(C, x),
    "isin": lambda x: np.isin(x, X[0]),
    "isclose": lambda x: np.isclose(x, C),
    "nonzero": np.nonzero,
    "where": lambda x: np.where(x > 0.5),
    "argwhere": np.argwhere,
    "argsort": lambda x: np.argsort(x, axis=0, kind="stable"),
    "searchsorted": lambda x: np.searchsorted(x[0], 0.5, "right"),
    "count_nonzero": lambda x: np.count_nonzero(x, axis=1),
    "all": lambda x: np.all(x > 0, axis=0),
    "matrix_rank": np.linalg.matrix_rank,
    "result_type": lambda x: np.result_type(x, np.float32),
    "shape": np.shape,
    "zeros_like": lambda x: np.zeros_like(x, dtype=np.float32),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_what_is_constant_between_jumps_is_plain(name):
    found = []

    def f(x):
        found.append(CONSTANT[name](x))
        return np.sum(x)

    ud.grad(f)(X)
    ud.jvp(f, (X,), (X,))

    for value in found:
        assert type(value) is type(CONSTANT[name](X))
        np.testing.assert_equal(value, CONSTANT[name](X))


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_arrays_of_the_standard_have_no_methods_of_numpys(name):
    xp, seen = ud.backend("array_api_strict").xp, []
    x = xp.asarray(X)

    ud.grad(lambda x: seen.append(hasattr(x, name)) or xp.sum(x))(x)

    assert seen == [hasattr(x, name)]


@pytest.mark.parametrize(
    ("wanted", "tested"),
    [
        (FORMS, CALLS | MATRICES),
        (UFUNCS, [*OF_NUMBERS, *OF_INTEGERS]),
        (FUNCTIONS, CALLS),
        (REDUCTIONS, REDUCED),
        (ACCUMULATIONS, ACCUMULATED),
        (METHODS, OF_ARRAYS),
    ],
    ids=["forms", "ufuncs", "functions", "reductions", "accumulations", "methods"],
)
def test_no_spelling_is_left_out(wanted, tested):
    assert sorted(set(wanted) - set(tested)) == []


# -- what NumPy has of its own --------------------------------------------------------------------

REFUSED = {
    "a result's place": lambda x: np.sum(x, out=np.zeros(())),
    "a result's place, by position": lambda x: np.sum(x, 0, None, np.zeros(3)),
    "a mask": lambda x: np.sum(x, where=C > 1),
    "a mask of a mean": lambda x: np.mean(x, where=C > 1),
    "a first number": lambda x: np.sum(x, initial=2.0),
    "a first number of the largest": lambda x: np.max(x, initial=2.0),
    "a first number of a ufunc": lambda x: np.add.reduce(x, initial=2.0),
    "a mask of a ufunc": lambda x: np.add.reduce(x, where=C > 1),
    "a mean known": lambda x: np.std(x, mean=np.mean(X)),
    "Fortran's order": lambda x: np.reshape(x, (3, 2), order="F"),
    "any order": lambda x: np.reshape(x.T, (2, 3), order="A"),
    "Fortran's order, of a method": lambda x: x.reshape(3, 2, order="F"),
    "Fortran's order, all in a row": lambda x: x.ravel("F"),
    "the order in memory": lambda x: x.T.ravel("K"),
    "the order in memory, as a copy": lambda x: x.T.flatten("A"),
    "Fortran's order, as a copy": lambda x: x.flatten(order="F"),
    "places that wrap around": lambda x: np.take(x, [7], mode="wrap"),
    "places that are clipped": lambda x: x.take([7], mode="clip"),
    "axes apart": lambda x: np.cross(x.T, C, axisa=0),
    "steps too": lambda x: np.linspace(x, 1.0, 3, retstep=True)[0],
    "a factor alone": lambda x: np.linalg.qr(x, "r"),
    "the upper half": lambda x: np.linalg.eigh(x.T @ x, "U")[0],
    "Hermitian, by word": lambda x: np.linalg.svd(x.T @ x, hermitian=True)[1],
    "a shape like no other": lambda x: np.full_like(x, x[0, 0], shape=(2,)),
    "a dtype on the way": lambda x: np.concatenate([x, x], dtype=np.float32),
    "a ufunc's dtype": lambda x: np.add(x, x, dtype=np.float32),
    "another accumulation": lambda x: np.maximum.accumulate(x),
    "another reduction": lambda x: np.subtract.reduce(x),
    "pieces": lambda x: np.add.reduceat(x, [0, 1]),
    "axes of a ufunc": lambda x: np.matmul(x, C.T, axes=[(0, 1), (0, 1), (0, 1)]),
    "unsafe casts": lambda x: np.astype(x, np.complex128, casting="no"),
}
TRANSFORMS = {
    "grad": lambda f: ud.grad(lambda x: np.sum(np.real(f(x))))(X),
    "jvp": lambda f: ud.jvp(f, (X,), (X,)),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_changes_the_result_is_refused(name, transform):
    with pytest.raises((TypeError, ValueError)):
        TRANSFORMS[transform](REFUSED[name])
