"""The judge is judged: rules broken on purpose are caught, by the property that must catch them."""

import pytest
from broken_for_one import BRANCHING, FOR_ONE
from broken_inverses import INV, A, assembled, inv, right_map, rule, scaled, scaled_both
from broken_rules import OTHERS, REPAIRED
from known_mistakes import MISTAKES

import unidiff as ud
from unidiff.testing import check_rule

COMPILED = ("differences", "transpose", "contract", "verbs", "native")  # JAX compiles everything


def available(library):
    try:
        return ud.backend(library).name
    except ud.BackendError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("mutant", INV)
def test_a_broken_rule_of_inv_is_caught(mutant):
    derivative, caught_by, diagnosis = INV[mutant]

    report = check_rule(rule("(m,m)->(m,m)", inv, derivative), A, backends=["numpy"], raises=False)

    failed = {r.property: r.text for r in report.failures}
    assert caught_by in failed
    assert diagnosis in failed[caught_by]


def test_the_unbroken_rule_of_inv_passes():
    good = rule("(m,m)->(m,m)", inv, lambda xp, y, a: assembled(right_map(xp, y, a)))

    assert check_rule(good, A, backends=["numpy"]).ok


@pytest.mark.parametrize("mutant", OTHERS)
def test_a_broken_rule_is_caught(mutant):
    f, args, static, caught_by, diagnosis = OTHERS[mutant]

    report = check_rule(f, *args, backends=["numpy"], raises=False, **static)

    failed = {r.property: r.text for r in report.failures}
    assert caught_by in failed
    assert diagnosis in failed[caught_by]


@pytest.mark.parametrize("mutant", FOR_ONE)
def test_one_property_alone_finds_it(mutant):
    f, args, how, alone, diagnosis = FOR_ONE[mutant]

    report = check_rule(f, *args, backends=["numpy"], raises=False, **how)

    assert {r.property.removesuffix(" (complex)") for r in report.failures} == {alone}
    assert diagnosis in report.failures[0].text


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_a_rule_that_looks_at_numbers_is_found_by_the_librarys_own_transforms(library):
    how = {"properties": ["transpose", "native"], "complex": False}
    report = check_rule(BRANCHING, A, backends=[available(library)], raises=False, **how)

    assert [r.property for r in report.failures] == ["native"]
    assert "a rule looks at numbers" in report.failures[0].text


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_known_mistake_is_named(mistake):
    f, args, found_by, diagnosis, *static = MISTAKES[mistake]
    how = {"backends": ["numpy"], "raises": False, "complex": False}

    report = check_rule(f, *args, **how, **dict(*static))

    failed = {r.property: r.text for r in report.failures}
    assert found_by in failed
    assert diagnosis in failed[found_by]


@pytest.mark.parametrize("mutant", REPAIRED)
def test_the_same_rule_repaired_passes(mutant, backend):
    f, args, static, *_ = OTHERS[mutant]
    repaired = rule(f.signature, f.value, REPAIRED[mutant])

    how = {"complex": False, "properties": COMPILED} if backend.name == "jax" else {}

    assert check_rule(repaired, *args, backends=[backend.name], **how, **static).ok


def test_a_wrong_function_of_many_rules_is_caught():
    broken = rule("(m,m)->(m,m)", inv, scaled_both)

    report = check_rule(lambda a: broken(a @ a), A, backends=["numpy"], raises=False)

    assert "differences" in {r.property for r in report.failures}


@pytest.mark.parametrize("dtype", ["float32", "complex64", "complex128"])
def test_a_good_rule_passes_in_every_dtype(dtype, backend):
    a = A.astype(dtype)

    assert check_rule(ud.linalg.inv, a, backends=[backend.name], properties=["differences"]).ok


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_a_wrong_factor_is_caught_in_every_dtype(dtype):
    f = rule("(m,m)->(m,m)", inv, lambda xp, y, a: scaled(right_map(xp, y, a), 1.01))

    report = check_rule(f, A.astype(dtype), backends=["numpy"], raises=False)

    assert "differences" in {r.property for r in report.failures}
