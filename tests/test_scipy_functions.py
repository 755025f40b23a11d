"""SciPy's functions take traced arrays where they take arrays of any namespace; else they raise.

SciPy reads SCIPY_ARRAY_API when it is imported, so the programs run in another process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.special
from scipy_programs import LOUD, MIXED, VERBS, WORKS

import unidiff as ud
from unidiff.tape._namespace import special_functions

PROGRAMS = Path(__file__).parent / "scipy_programs.py"
ALOUD = ("ConcretizationError", "RuleError", "TypeError", "ValueError")


@pytest.fixture(scope="module")
def outcomes():
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(PROGRAMS)],
        env={**os.environ, "SCIPY_ARRAY_API": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", WORKS)
def test_a_gradient_through_scipy_equals_differences(outcomes, name):
    distance = outcomes[name]

    assert isinstance(distance, float), distance
    assert distance < 1e-7


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", LOUD)
def test_what_is_not_of_the_array_api_fails_aloud(outcomes, name, verb):
    assert str(outcomes[f"{name} by {verb}"]).startswith(ALOUD)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", MIXED)
def test_arrays_of_two_namespaces_are_refused_by_scipy(outcomes, name, verb):
    assert str(outcomes[f"{name} by {verb}"]).startswith("TypeError: Multiple namespaces")


# -- without the flag: scipy.special's ufuncs are NumPy's ------------------------------------------

X = np.array([0.31, 0.72, 0.18])
UFUNCS = sorted(
    name for name in special_functions if isinstance(getattr(scipy.special, name, None), np.ufunc)
)


def call(name, x):
    f = getattr(scipy.special, name)
    return f(x, x * x + 1) if f.nin == 2 else f(x)


@pytest.mark.parametrize("name", UFUNCS)
def test_a_special_ufunc_records_without_the_flag(name):
    dx, h = np.cos(X), 1e-6
    y, dy = ud.jvp(lambda x: call(name, x), (X,), (dx,))
    gradient = ud.grad(lambda x: np.sum(call(name, x)))(X)
    slope = (call(name, X + h * dx) - call(name, X - h * dx)) / (2 * h)

    np.testing.assert_allclose(y, call(name, X), rtol=1e-13)
    np.testing.assert_allclose(dy, slope, rtol=1e-6, atol=1e-8)
    assert np.sum(gradient * dx) == pytest.approx(np.sum(dy), rel=1e-12)


def test_every_special_function_that_is_a_ufunc_of_scipys_is_among_these():
    assert {"erf", "erfc", "expit", "gammaln", "logit", "ndtr", "psi", "xlogy"} <= set(UFUNCS)


@pytest.mark.parametrize("name", ["jv", "gamma", "betainc", "airy", "wofz"])
def test_another_special_ufunc_names_itself(name):
    f = getattr(scipy.special, name)
    with pytest.raises(ud.UnidiffError, match=name):
        ud.grad(lambda x: np.sum(f(*[x] * f.nin)))(X)
