"""logsumexp, softmax, log_softmax: SciPy's values for every argument, and their hard points."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

import unidiff as ud

INF = np.inf
S = ud.special
rng = np.random.default_rng(3)
A = rng.normal(size=(2, 3, 4)) * 3
B = rng.uniform(-1, 2, size=(3, 1))
A_COMPLEX = A + 1j * rng.normal(size=A.shape)

AXES = [None, 0, 1, -1, (0, 1), (-1, 0), (2, 0, 1), (1,), np.int64(1), ()]
WEIGHTS = {"no weights": None, "weights": B, "integers": np.asarray([1, 0, -2, 3]), "number": 2.0}


def theirs(backend, x):
    return backend.plain.asarray(x) if isinstance(x, np.ndarray) else x


def assert_scipys(name, backend, *args, rtol=1e-13, **how):
    with np.errstate(all="ignore"):
        found = getattr(S, name)(
            *(theirs(backend, x) for x in args), **{k: theirs(backend, x) for k, x in how.items()}
        )
        wanted = getattr(scipy.special, name)(*args, **how)
    if not isinstance(found, tuple):
        found, wanted = (found,), (wanted,)
    for y, z in zip(found, wanted, strict=True):
        assert tuple(y.shape) == np.shape(z)
        np.testing.assert_allclose(np.asarray(y), z, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("return_sign", [False, True])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("axis", AXES[:-1], ids=str)
def test_logsumexp_is_scipys(axis, weights, keepdims, return_sign):
    how = {"axis": axis, "keepdims": keepdims, "return_sign": return_sign}

    assert_scipys("logsumexp", ud.backend("numpy"), A, b=WEIGHTS[weights], **how)


@pytest.mark.parametrize("return_sign", [False, True])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("axis", [None, (-1, 0)], ids=str)
def test_logsumexp_is_scipys_on_every_backend(backend, axis, weights, return_sign):
    assert_scipys("logsumexp", backend, A, axis=axis, b=WEIGHTS[weights], return_sign=return_sign)


@pytest.mark.parametrize("weights", [None, B * (1 - 2j)], ids=["no weights", "weights"])
@pytest.mark.parametrize("return_sign", [False, True])
def test_logsumexp_of_complex_numbers_is_scipys(backend, weights, return_sign):
    assert_scipys("logsumexp", backend, A_COMPLEX, axis=1, b=weights, return_sign=return_sign)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", AXES[:-1], ids=str)
def test_softmax_is_scipys(name, axis, backend):
    assert_scipys(name, backend, A, axis=axis)


def test_complex_weights_of_real_exponents():
    found = S.logsumexp(A.astype("float32"), b=1j)

    np.testing.assert_allclose(found, scipy.special.logsumexp(A, b=1j), rtol=1e-6)
    assert found.dtype == "complex64"


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_integers_are_taken_for_floating_numbers(name, backend):
    assert_scipys(name, backend, np.asarray([1, 5, 2]), rtol=1e-6)


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_a_number_is_a_sum_of_one(name):
    assert getattr(S, name)(2.0) == getattr(scipy.special, name)(2.0)


def test_the_small_terms_of_a_sum_near_1_count(backend):
    x = theirs(backend, np.asarray([0.0, -60.0, -61.0]))
    wanted = np.exp(-60.0) + np.exp(-61.0)

    np.testing.assert_allclose(np.asarray(S.logsumexp(x)), wanted, rtol=1e-14)
    np.testing.assert_allclose(np.asarray(S.log_softmax(x))[0], -wanted, rtol=1e-14)


# -- infinities -----------------------------------------------------------------------------------

ROWS = {
    "−∞ among them": [1.0, -INF, 2.0],
    "−∞ alone": [-INF, -INF, -INF],
    "∞ among them": [1.0, INF, 2.0],
    "∞ twice": [INF, 1.0, INF],
    "∞ and −∞": [INF, -INF, 1.0],
    "nan": [1.0, np.nan, 2.0],
    "∞ and numbers that overflow": [INF, 1e4, -1e4],
    "numbers that overflow": [1e4, 1e4 - 1, -1e4],
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_infinities_are_scipys(name, row, backend):
    assert_scipys(name, backend, np.asarray(ROWS[row]))


@pytest.mark.parametrize("row", ROWS)
def test_infinities_of_weight_1_are_those_of_none(row, backend):
    x, ones = (theirs(backend, np.asarray(z)) for z in (ROWS[row], np.ones(3)))

    with np.errstate(all="ignore"):
        found = S.logsumexp(x, b=ones, return_sign=True)
        wanted = scipy.special.logsumexp(np.asarray(ROWS[row]))
        sign = np.sign(np.exp(wanted))  # SciPy's own is nan at ∞ before 1.17
    for y, z in zip(found, (wanted, sign), strict=True):
        np.testing.assert_allclose(np.asarray(y), z, rtol=1e-13)


# weights, and the logarithm and sign of the sum: what has weight 0 adds nothing, nor does nan
WEIGHTED = {
    "a hidden ∞": ([0.0, INF], [2.0, 0.0], np.log(2.0), 1.0),
    "a hidden nan": ([0.0, np.nan], [2.0, 0.0], np.log(2.0), 1.0),
    "a hidden overflow": ([0.0, 1e4], [-2.0, 0.0], np.log(2.0), -1.0),
    "no weight": ([INF, np.nan], [0.0, 0.0], -INF, 0.0),
    "−∞ alone": ([-INF, -INF], [2.0, -1.0], -INF, 0.0),
    "∞, weighed down": ([INF, 1e4], [-2.0, 1.0], INF, -1.0),
    "what cancels": ([1.0, 1.0], [2.0, -2.0], -INF, 0.0),
    "∞ − ∞": ([INF, INF], [1.0, -1.0], np.nan, 0.0),
    "an infinite weight": ([0.0, 0.0], [INF, 1.0], INF, 1.0),
}


@pytest.mark.parametrize("name", WEIGHTED)
def test_weighted_infinities(name, backend):
    a, b, wanted, wanted_sign = WEIGHTED[name]
    with np.errstate(all="ignore"):
        y, sign = S.logsumexp(
            theirs(backend, np.asarray(a)), b=theirs(backend, np.asarray(b)), return_sign=True
        )

    np.testing.assert_allclose(np.asarray(y), wanted)
    np.testing.assert_allclose(np.asarray(sign), wanted_sign)


# exponents, and the gradient of their logsumexp
GRADIENTS = {
    "−∞ among them": (ROWS["−∞ among them"], [1 / (1 + np.e), 0.0, 1 / (1 + np.exp(-1))]),
    "−∞ alone": (ROWS["−∞ alone"], [0.0, 0.0, 0.0]),
    "∞ among them": (ROWS["∞ among them"], [0.0, 1.0, 0.0]),
    "∞ twice": (ROWS["∞ twice"], [0.5, 0.0, 0.5]),
    "nan": (ROWS["nan"], [np.nan, np.nan, np.nan]),
    "numbers that overflow": (
        ROWS["numbers that overflow"],
        [1 / (1 + np.exp(-1)), 1 / (1 + np.e), 0.0],
    ),
    "large numbers": ([1e12, 1e12 - 2, 0.0], [1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2)), 0.0]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row", GRADIENTS)
def test_the_gradient_of_logsumexp(row, backend, dtype):
    x, wanted = (np.asarray(v, dtype) for v in GRADIENTS[row])
    if row == "large numbers" and dtype == "float32":
        x = x / np.float32(2.0**40) * 0 + np.asarray([2.0**20, 2.0**20 - 2, 0.0], dtype)
    found = ud.grad(S.logsumexp)(theirs(backend, x))

    assert str(found.dtype).endswith(dtype)
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=8 * np.finfo(dtype).eps)


def test_rows_of_minus_infinity_do_not_disturb_the_others(backend):
    x = theirs(backend, np.asarray([[1.0, 2.0], [-INF, -INF]]))

    def f(x):
        y = S.logsumexp(x, axis=1)
        return backend.xp.sum(backend.xp.where(backend.xp.isfinite(y), y, 0.0))

    p = 1 / (1 + np.e)
    np.testing.assert_allclose(np.asarray(ud.grad(f)(x)), [[p, 1 - p], [0.0, 0.0]], rtol=1e-14)
    hessian = np.asarray(ud.hessian(f)(x))
    assert np.isfinite(hessian).all()
    np.testing.assert_allclose(hessian[0, :, 0, :], p * (1 - p) * np.asarray([[1, -1], [-1, 1]]))


def weighted(backend, a, b):
    """The gradients of the weighted logsumexp."""
    f = ud.grad(lambda a, b: S.logsumexp(a, b=b, return_sign=True)[0], argnums=(0, 1))
    return [np.asarray(w) for w in f(*(theirs(backend, np.asarray(x)) for x in (a, b)))]


def test_a_weight_of_zero(backend):
    da, db = weighted(backend, [0.0, 1.0, 3.0], [2.0, 0.0, -1.0])
    total = 2 - np.exp(3)

    np.testing.assert_allclose(da, np.asarray([2, 0, -np.exp(3)]) / total, rtol=1e-14)
    np.testing.assert_allclose(db, np.exp([0, 1, 3]) / total, rtol=1e-14)


def test_a_weight_of_zero_on_infinity(backend):
    da, db = weighted(backend, [0.0, INF, 1.0], [2.0, 0.0, 1.0])
    total = 2 + np.e

    np.testing.assert_allclose(da, np.asarray([2, 0, np.e]) / total, rtol=1e-14)
    np.testing.assert_allclose(db, np.asarray([1, INF, np.e]) / total, rtol=1e-14)


def test_a_weighted_sum_without_a_term(backend):
    da, db = weighted(backend, [-INF, -INF], [2.0, 1.0])

    assert da.tolist() == db.tolist() == [0.0, 0.0]


def test_a_negative_sum_has_no_logarithm(backend):
    x = theirs(backend, np.zeros(2))

    assert np.isnan(np.asarray(S.logsumexp(x, b=theirs(backend, np.asarray([1.0, -2.0])))))


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 2)])
def test_sums_of_nothing(backend, shape):
    x = theirs(backend, np.zeros(shape))
    y = np.asarray(S.logsumexp(x, axis=-1))

    np.testing.assert_array_equal(y, np.full(shape[:-1], -INF if shape[-1] == 0 else 0.0))
    assert tuple(S.softmax(x, axis=-1).shape) == tuple(S.log_softmax(x, axis=-1).shape) == shape
    assert ud.grad(lambda x: backend.xp.sum(S.softmax(x, axis=-1)))(x).shape == shape


@pytest.mark.parametrize("axis", [3, -4, (0, 0), (0, -3)], ids=str)
@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_a_wrong_axis_is_refused(name, axis):
    with pytest.raises(ValueError, match="axis"):
        getattr(S, name)(A, axis=axis)


def test_a_list_is_no_array():
    with pytest.raises(TypeError, match="turn it into an array first"):
        S.logsumexp([1.0, 2.0])


def test_weights_that_do_not_fit():
    with pytest.raises(ValueError, match="broadcast"):
        S.logsumexp(A, b=np.ones(3))
