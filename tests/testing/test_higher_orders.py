"""Taylor's remainders and third derivatives: what they find, and when they are content."""

from itertools import product

import numpy as np
import pytest
from broken_for_one import of_first_call, quartic
from broken_inverses import A, B, X, rule

import unidiff as ud
from unidiff.maps import diag
from unidiff.testing import check_rule
from unidiff.testing._taylor import STEPS, rate

xp = ud.backend("numpy").xp
TAYLOR = {"backends": ["numpy"], "properties": ["taylor"], "complex": False, "raises": False}


def remainders(power, size=1.0, noise=0.0):
    return [np.asarray([size * h**power + noise, 0.0]) for h in STEPS]


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [
        (remainders(2), 2.0),
        (remainders(3), 3.0),
        (remainders(3, size=1e-20), np.inf),
        ([np.zeros(2) for _ in STEPS], np.inf),
        ([np.asarray(h**3 * (h - STEPS[3])) for h in STEPS], 4.0),
        ([np.asarray(np.nan) for _ in STEPS], 0.0),
        ([np.zeros(0) for _ in STEPS], np.inf),
    ],
)
def test_the_rate_is_that_of_the_smallest_steps_above_roundoff(sizes, wanted):
    found = rate(sizes, floor=1e-13)

    assert found == pytest.approx(wanted, rel=0.25 if wanted == 4 else 1e-9)


FUNCTIONS = {
    "affine": (lambda x: 3 * x + 1, "h^∞ and h^∞"),
    "quadratic": (lambda x: x * x, "h^2.00 and h^∞"),
    "cubic": (lambda x: x**3, "h^2.00 and h^3.00"),
    "exponential": (xp.exp, "h^2.00 and h^3.00"),
    "with a large constant": (lambda x: xp.sin(x) + 1e6, "h^"),
    "nearly affine": (lambda x: x + 1e-9 * x**3, "h^"),
    "of the fourth order at 0": (lambda x: (x - x[1]) ** 4, "h^"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("seed", range(5))
def test_remainders_of_a_right_rule_shrink_as_they_should(name, seed):
    f, shown = FUNCTIONS[name]

    report = check_rule(f, X, seed=seed, **TAYLOR)

    assert report.ok, str(report)
    assert shown in report.results[0].note


def wrong_by(first, second):
    """Return x³ with its first two derivatives off by factors."""
    slope = ud.elementwise(
        "slope", lambda xp, y, x: 6 * second * x, value=lambda xp, x: 3 * first * x * x
    )
    return ud.elementwise("cube", lambda xp, y, x: slope(x), value=lambda xp, x: x**3)


@pytest.mark.parametrize(
    ("first", "second", "power"),
    [(1.1, 1.0, "2.0"), (0.9, 1.0, "2.0"), (1, 1.1, "3.0"), (1, 0, "3")],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_wrong_term_is_found_by_its_power(first, second, power, seed):
    report = check_rule(wrong_by(first, second), X, seed=seed, **TAYLOR)

    (failure,) = report.failures
    assert f"wanted    {power}" in failure.text


def test_the_first_order_leaves_second_derivatives_out():
    f = wrong_by(1.0, 0.5)

    assert not check_rule(f, X, backends=["numpy"], raises=False).ok
    report = check_rule(f, X, backends=["numpy"], order=1)

    assert report.ok
    assert "second order" not in report.timings


def test_a_second_derivative_that_is_right_at_the_first_point_only_is_found_there():
    report = check_rule(of_first_call(), X, **{**TAYLOR, "properties": ["taylor", "second order"]})

    assert [r.property for r in report.failures] == ["taylor"]


THIRD = {"properties": ["third order"], "order": 3, "raises": False}
SMOOTH = {
    "inv": (ud.linalg.inv, (A,)),
    "solve": (ud.linalg.solve, (A, B)),
    "expm": (ud.linalg.expm, (A / 4,)),
    "slogdet": (ud.linalg.slogdet, (A,)),
    "a function of numbers": (lambda x: ud.array_namespace(x).sin(x) * x, (X,)),
    "two outputs": (lambda x: (x * x * x, ud.array_namespace(x).exp(x)), (X,)),
}


@pytest.mark.parametrize(
    ("library", "name"),
    [
        *(("numpy", name) for name in SMOOTH),
        ("array_api_strict", "inv"),
        ("torch", "solve"),
        pytest.param("torch", "expm", marks=pytest.mark.slow),
        pytest.param("jax", "inv", marks=pytest.mark.slow),
    ],
)
def test_third_derivatives_agree_with_differences(library, name):
    f, args = SMOOTH[name]
    try:
        ud.backend(library)
    except ud.BackendError as error:
        pytest.skip(str(error))

    assert check_rule(f, *args, backends=[library], complex=library == "numpy", **THIRD).ok


@pytest.mark.parametrize("steps", list(product(("forward", "reverse"), repeat=3)))
def test_each_of_the_eight_orders_is_looked_at(steps, monkeypatch):
    from unidiff.testing import _third_order

    monkeypatch.setattr(_third_order, "product", lambda *args, **how: [_functions(steps)])
    report = check_rule(quartic, X, backends=["numpy"], **THIRD)

    assert " over ".join(reversed(steps)) in report.failures[0].text


def _functions(names):
    from unidiff.testing import _third_order

    return tuple(getattr(_third_order, name) for name in names)


def test_the_third_order_is_checked_when_asked_for_alone():
    by_default = check_rule(quartic, X, backends=["numpy"])

    assert by_default.ok
    assert "third order" not in by_default.timings
    assert not check_rule(quartic, X, backends=["numpy"], order=3, raises=False).ok


@pytest.mark.parametrize("order", [0, 4, "C"])
def test_an_order_that_is_not_is_refused(order):
    with pytest.raises(ValueError, match="order must be 1, 2 or 3"):
        check_rule(rule("()->()", lambda xp, x: x, lambda xp, y, x: diag(x)), X, order=order)
