"""What would lose a derivative silently is refused aloud: conversions, missing rules, leaks."""

from __future__ import annotations

import math
import operator
import pickle

import numpy as np
import pytest
import scipy.linalg
import torch

import unidiff as ud

xp = ud.backend("numpy").xp
X = np.arange(3.0)


def total(x):
    return xp.sum(x * x)


@ud.primitive("(n)->(n)")
def without_rule(xp, x):
    return 2.0 * x


CONVERSIONS = {
    "np.asarray": lambda x: np.asarray(x),
    "np.array": lambda x: np.array([x[0], x[1]]),
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "complex": lambda x: complex(x[0]),
    "index": lambda x: operator.index(x[0]),
    "subscript": lambda x: X[x[0]],
    "range": lambda x: range(x[0]),
    "pickle": lambda x: pickle.dumps(x),
    "math.sin": lambda x: math.sin(x[0]),
    "scipy.linalg.expm": lambda x: scipy.linalg.expm(x[:, None] * x),
    "from_dlpack": lambda x: np.from_dlpack(x),
    "torch.asarray": lambda x: torch.asarray(x),
}
TRANSFORMS = {
    "grad": lambda f: ud.grad(f)(X),
    "jvp": lambda f: ud.jvp(f, (X,), (X,)),
    "hessian": lambda f: ud.hessian(f)(X),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", CONVERSIONS)
def test_a_conversion_to_a_plain_array_is_refused(name, transform):
    with pytest.raises(
        ud.ConcretizationError,
        match=r"of a traced array.* would lose its derivative: compute with ud\.array_namespace",
    ):
        TRANSFORMS[transform](lambda x: total(x) + 0 * len(str(CONVERSIONS[name](x))))


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_traced_number_is_not_written_into_a_plain_array(transform):
    def f(x):
        y = np.zeros(3)
        y[0] = x[0]
        return total(y)

    with pytest.raises(
        (ud.ConcretizationError, ValueError), match=r"sequence|would lose its derivative"
    ):
        TRANSFORMS[transform](f)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_traced_array_is_not_added_into_a_plain_one(transform):
    def f(x):
        y = np.zeros(3)
        y += x
        return total(y)

    with pytest.raises(TypeError, match="NotImplemented"):
        TRANSFORMS[transform](f)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_missing_rule_names_the_function_and_the_ways_out(transform):
    with pytest.raises(
        ud.RuleError,
        match=r"without_rule has no derivative rule.*write one with @without_rule.derivative",
    ):
        TRANSFORMS[transform](lambda x: total(without_rule(x)))


def test_a_function_without_a_rule_still_has_its_value():
    assert np.array_equal(without_rule(X), 2 * X)
    assert ud.grad(lambda x: total(x * without_rule(ud.stop_gradient(x))))(X).shape == (3,)


KEPT = []
LEAKS = {
    "grad": lambda: ud.grad(lambda x: total(x * KEPT[0]))(X),
    "jvp": lambda: ud.jvp(lambda x: x * KEPT[0], (X,), (X,)),
    "linearize": lambda: ud.linearize(lambda x: x * KEPT[0], X),
    "jacobian": lambda: ud.jacobian(lambda x: x * KEPT[0])(X),
    "returned": lambda: ud.vjp(lambda x: (x, KEPT[0]), X),
    "auxiliary": lambda: ud.grad(lambda x: (total(x), KEPT[0]), has_aux=True)(X),
    "captured alone": lambda: ud.grad(lambda x: total(x) + total(KEPT[0]))(X),
}


@pytest.mark.parametrize("leak", ["grad", "jvp"])
@pytest.mark.parametrize("name", LEAKS)
def test_a_leaked_tracer_is_told(name, leak):
    KEPT.clear()
    TRANSFORMS[leak](lambda x: KEPT.append(x) or total(x))

    with pytest.raises(
        ud.LeakedTracerError,
        match="traced by a transform that has returned already; return what you need",
    ):
        LEAKS[name]()
    with pytest.raises(ud.ConcretizationError):
        np.asarray(KEPT[0])


def test_a_traced_array_may_be_an_auxiliary_result():
    gradient, aux = ud.grad(lambda x: (total(x), {"y": x * 2.0, "n": 3}), has_aux=True)(X)

    assert np.array_equal(gradient, 2 * X)
    assert type(aux["y"]) is np.ndarray
    assert aux["n"] == 3
