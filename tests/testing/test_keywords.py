"""Keywords: every combination of their values is checked, and what was left out is said."""

from typing import Literal

import numpy as np
import pytest
from broken_inverses import A, B, X, rule

import unidiff as ud
from unidiff.maps import diag, sum_over
from unidiff.testing import check_rule

ON_NUMPY = {"backends": ["numpy"], "raises": False}


def scaled(xp, x, *, squared=False, factor=2.0):
    return factor * (x * x if squared else x)


def forgetful(xp, y, x, *, squared, factor):
    """Wrong where squared is True"""
    return diag(factor * xp.ones_like(x))


def total(xp, x, *, axis=-1):
    if axis > 1:
        raise ValueError("there are two axes")
    return xp.sum(x, axis=axis)


SCALED = rule("()->()", scaled, forgetful)
TOTAL = rule("(m,n)->(k)", total, lambda xp, y, x, *, axis: sum_over(x.shape[-2:], axis - 2))


def test_a_default_hides_a_mistake_that_keywords_find():
    hidden = check_rule(SCALED, X, **ON_NUMPY)
    found = check_rule(SCALED, X, **ON_NUMPY, keywords={"squared": (False, True)})

    assert hidden.ok
    assert {r.keywords for r in found.failures} == {"squared=True"}
    assert "on numpy with squared=True, seed 0" in found.failures[0].text


def test_all_combinations_are_checked():
    keywords = {"squared": (False, True), "factor": (2.0, 3.0, -1.0)}
    report = check_rule(SCALED, X, **ON_NUMPY, properties=["contract"], keywords=keywords)

    written = {r.keywords for r in report.results}
    assert len(written) == 6
    assert "squared=True, factor=-1.0" in written
    assert "all combinations of squared in (False, True), factor in (2.0, 3.0, -1.0)" in str(report)


def test_the_table_shows_the_worst_of_all_combinations():
    report = check_rule(SCALED, X, **ON_NUMPY, keywords={"squared": (True, False)})

    (row,) = (line for line in str(report).splitlines() if "│ differences  " in line)
    assert "failed" in row


def test_a_combination_that_the_value_refuses_is_skipped_and_said():
    report = check_rule(TOTAL, A, **ON_NUMPY, properties=["transpose"], keywords={"axis": (0, 2)})

    assert {(r.keywords, r.status) for r in report.results if r.property == "transpose"} == {
        ("axis=0", "ok"),
        ("axis=2", "skipped"),
    }
    assert "the value refuses axis=2: ValueError: there are two axes" in str(report)


def test_a_value_that_refuses_everything_passes_nothing():
    assert not check_rule(TOTAL, A, **ON_NUMPY, keywords={"axis": (2,)}).ok


def test_a_keyword_may_have_the_name_of_a_parameter_of_check_rule():
    def root(x, *, order=2, seed=0):
        return x ** (1 / order) + seed

    report = check_rule(root, X * X, **ON_NUMPY, keywords={"order": (2, 3), "seed": (1,)})

    assert report.ok
    assert {r.keywords for r in report.results} == {"order=2, seed=1", "order=3, seed=1"}


def of_choices(x, mode: Literal["full", "half"] = "full", *, twice: bool = False, by: float = 1.0):
    return by * (2 * x if twice else x) * (0.5 if mode == "half" else 1)


@pytest.mark.parametrize(
    ("how", "missed"),
    [
        ({}, {"mode='full', never 'half'", "twice=False, never True", "by=1.0 only"}),
        ({"twice": True}, {"mode='full', never 'half'", "by=1.0 only"}),
        ({"keywords": {"mode": ("full", "half"), "by": (2.0,)}}, {"twice=False, never True"}),
        ({"keywords": {"twice": (False,)}, "mode": "half", "by": 3.0}, {"twice=False, never True"}),
    ],
)
def test_keywords_left_at_their_defaults_are_not_covered(how, missed):
    report = check_rule(of_choices, X, **ON_NUMPY, properties=["transpose"], **how)

    assert report.ok
    assert set(report.not_covered) == missed
    assert all(f"not covered: {each}" in str(report) for each in missed)


def test_a_rule_seen_at_square_matrices_alone_is_not_covered():
    def covered(*args, f=ud.linalg.solve):
        how = {"signature": "(m,m),(m,k)->(m,k)", "properties": ["transpose"]}
        return check_rule(f, *args, **ON_NUMPY, **how).not_covered

    assert covered(A, A) == ("arrays that are not square: m = k = 3",)
    assert covered(A, B) == ()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"keywords": {"cubed": (True,)}}, "no keyword 'cubed'; the function has factor, squared"),
        ({"keywords": {"factor": ()}}, "must be a tuple of values"),
        ({"keywords": {"factor": "12"}}, "must be a tuple of values"),
        ({"keywords": {"factor": (1.0,)}, "factor": 2.0}, "factor is given twice"),
    ],
)
def test_keywords_that_make_no_sense_are_refused(how, message):
    with pytest.raises(TypeError, match=message):
        check_rule(SCALED, X, **ON_NUMPY, **how)


def test_every_keyword_of_solve_triangular():
    keywords = {"trans": ("N", "T", "C"), "lower": (False, True), "unit_diagonal": (False, True)}

    report = check_rule(ud.linalg.solve_triangular, A, B, backends=["numpy"], keywords=keywords)

    assert report.ok
    assert report.not_covered == ()
    assert np.size({r.keywords for r in report.results}) == 1
    assert len({r.keywords for r in report.results}) == 12
