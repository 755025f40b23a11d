"""What check_rule says, of rules right and wrong."""

import numpy as np
import pytest
from broken_inverses import A, X, inv, rule, wrong_sign
from broken_rules import OTHERS

import unidiff as ud
from unidiff.maps import diag
from unidiff.testing import PROPERTIES, check_rule
from unidiff.testing._properties import BY_DEFAULT, OF_ANY_ARGUMENTS


def broken_report(**how):
    return check_rule(rule("(m,m)->(m,m)", inv, wrong_sign), A, backends=["numpy"], seed=7, **how)


def test_a_failure_is_an_exception_with_the_map_the_seed_and_both_numbers():
    with pytest.raises(ud.RuleCheckError) as caught:
        broken_report()

    text = str(caught.value)
    assert "inv: differences does not hold on numpy, seed 7" in text
    assert "map       " in text
    assert "left(3×3) ∘ right(3×3)" in text
    for word in ("got       ", "wanted    ", "error     ", "allowed", "diagnosis "):
        assert word in text


def test_the_exception_of_a_rule_that_raises_is_the_cause():
    f, args, static, *_ = OTHERS["L raises"]

    with pytest.raises(ud.RuleCheckError) as caught:
        check_rule(f, *args, backends=["numpy"], **static)

    assert isinstance(caught.value.__cause__, ValueError)


def test_without_raises_the_report_tells():
    report = broken_report(raises=False)

    assert not report.ok
    assert {r.property for r in report.failures} >= {"differences", "differences (complex)"}
    assert all(r.backend == "numpy" for r in report.failures)


def test_the_report_is_a_table_of_properties_by_backends():
    report = check_rule(ud.linalg.inv, A, backends=["numpy", "array_api_strict"], order=3)

    lines = str(report).splitlines()
    assert lines[0].startswith("inv, seed 0")
    assert "numpy" in lines[2]
    assert "array_api_strict" in lines[2]
    for name in PROPERTIES:
        assert sum(f"│ {name} " in line for line in lines) >= 1


def test_the_seed_decides_everything():
    texts = [str(broken_report(raises=False)) for _ in range(2)]

    assert texts[0] == texts[1]


def test_every_installed_backend_is_checked_by_default():
    report = check_rule(ud.linalg.inv, A, properties=["transpose"], complex=False)

    named = {r.backend for r in report.results}
    assert {"numpy", "array_api_strict"} <= named


def test_a_skip_says_why():
    report = check_rule(ud.linalg.det, A, backends=["numpy"], properties=["inverse", "basis"])

    skipped = [r for r in report.results if r.status == "skipped"]
    assert skipped
    assert all("has an inverse here" in r.text for r in skipped)


def test_a_value_that_refuses_complex_numbers_skips_them():
    def refusing(xp, x):
        if xp.isdtype(x.dtype, "complex floating"):
            raise TypeError("real numbers only")
        return x * x

    f = rule("()->()", refusing, lambda xp, y, x: diag(2 * x))
    report = check_rule(f, X, backends=["numpy"])

    skipped = {r.property for r in report.results if r.status == "skipped"}
    assert {f"{name} (complex)" for name in OF_ANY_ARGUMENTS if name in BY_DEFAULT[2]} <= skipped


def test_complex_false_leaves_complex_numbers_out():
    report = check_rule(ud.linalg.inv, A, backends=["numpy"], complex=False)

    assert not [r for r in report.results if "complex" in r.property]


def test_a_kink_at_the_arguments_is_said_to_be_one():
    with pytest.raises(ud.RuleCheckError, match="not smooth"):
        check_rule(lambda x: abs(x), np.zeros(2), backends=["numpy"], complex=False)


def test_arguments_that_do_not_move_are_refused():
    with pytest.raises(TypeError, match="no argument is a real or complex floating array"):
        check_rule(lambda x: x, np.arange(3), backends=["numpy"])


def test_a_property_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no property 'beauty'"):
        check_rule(ud.linalg.inv, A, properties=["beauty"])


def test_a_backend_without_double_precision_is_skipped(monkeypatch):
    numpy = ud.backend("numpy")
    real = numpy.plain.asarray
    monkeypatch.setattr(numpy.plain, "asarray", lambda x, **how: real(x.astype("complex64"), **how))

    report = check_rule(ud.linalg.inv, A, backends=["numpy"], raises=False)

    assert not report.ok
    assert all("double precision" in r.text for r in report.results)


def test_what_is_none_of_the_backends_is_said_and_not_passed_over():
    report = check_rule(ud.linalg.inv, A, backends=["numpy"], properties=["native", "basis"])

    (native,) = (r for r in report.results if r.property == "native")
    assert native.status == "skipped"
    assert native.text == "not of this backend: numpy has no transforms of its own"
    assert native.text in str(report)


def test_a_reason_that_several_properties_share_is_printed_once():
    text = str(check_rule(lambda x: x * x, X, backends=["numpy"]))

    assert text.count("whether it takes stacks is not said") == 1


def test_what_a_sweep_calls_and_how_remainders_shrink_is_noted():
    report = check_rule(ud.linalg.solve, A, X[:, None], backends=["numpy"], complex=False)

    notes = {r.property: r.note for r in report.results}
    assert notes["one factorization"] == "a sweep of L and L.T calls factored_solve 4 times"
    assert notes["taylor"] == "the remainders shrink like h^2.00 and h^3.00"
    assert all(f"{p} on numpy: {n}" in str(report) for p, n in notes.items() if n)


def test_timings_are_printed_when_asked_for():
    how = {"backends": ["numpy"], "properties": ["basis", "verbs"], "complex": False}
    report = check_rule(ud.linalg.inv, A, timings=True, **how)

    assert set(report.timings) == {"basis", "verbs"}
    assert all(0 < seconds < 60 for seconds in report.timings.values())
    assert str(report).count(" s ") == 2
    assert " s " not in str(check_rule(ud.linalg.inv, A, **how))
