"""What is counted: primitives, the library's factorizations, and those of its own pullback."""

import numpy as np
import pytest
from broken_for_one import FOR_ONE, factored_when_called, solved
from broken_inverses import A, B, rule

import unidiff as ud
from unidiff._primitive import Primitive
from unidiff.linalg._inverses import solve_matrix
from unidiff.maps import left
from unidiff.rules._elementwise import exp
from unidiff.testing import check_rule
from unidiff.testing._calls import recorded
from unidiff.testing._case import Case

ON = {"properties": ["one factorization"], "raises": False, "complex": False}
OF_FACTORS = [name for name, case in FOR_ONE.items() if case[3] == "one factorization"]
numpy = ud.backend("numpy")
xp = numpy.xp


def available(library):
    try:
        return ud.backend(library)
    except ud.BackendError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("library", ["array_api_strict", "jax", "torch"])
@pytest.mark.parametrize("mutant", OF_FACTORS)
def test_a_factorization_too_many_is_found_on_every_backend(mutant, library):
    f, args, *_ = FOR_ONE[mutant]

    report = check_rule(f, *args, backends=[available(library).name], **ON)

    assert [r.property for r in report.failures] == ["one factorization"]


def test_calls_within_calls_are_not_counted():
    with recorded(numpy) as calls:
        ud.linalg.solve(A, B), xp.linalg.inv(A), exp(A), left(A).inv(B)

    assert [call.name for call in calls] == ["solve", "inv", "factor", "factored_solve"]


def test_the_same_call_is_of_the_very_same_arrays_and_keywords():
    def called(a, **how):
        with recorded(numpy) as calls:
            ud.linalg.cholesky(a @ a.T) if how else ud.linalg.inv(a)
            solve_matrix(a, B)
        return calls[1]

    assert called(A).same(called(A))
    assert not called(A).same(called(A.copy()))


def test_what_is_wrapped_is_restored_whatever_happens():
    before = Primitive.__call__, Primitive.evaluate, numpy.plain.linalg.inv

    with pytest.raises(np.linalg.LinAlgError), recorded(numpy):
        ud.linalg.inv(np.zeros((2, 2)))

    assert before == (Primitive.__call__, Primitive.evaluate, numpy.plain.linalg.inv)


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_kernels_of_the_librarys_own_pullback_are_counted(library):
    of = available(library)
    if library == "jax":
        from unidiff.testing._native_jax import factored
    else:
        from unidiff.testing._native_torch import factored
    broken = rule("(m,m),(m,k)->(m,k)", solved, factored_when_called)

    def counted(f):
        case = Case(f, of, (A, B), {})
        case.map
        return factored(case, [B])

    by_library, by_map = counted(broken)
    assert by_map
    assert by_library == by_map
    assert counted(solve_matrix) == ([], [])


def test_a_binding_that_computes_the_value_twice_is_found():
    pytest.importorskip("torch")
    from torch.utils.checkpoint import checkpoint

    f = ud.primitive(solve_matrix.signature, saves=solve_matrix.saves, name="solve")(
        solve_matrix.value
    )
    f.derivative(solve_matrix.rule)
    bound = ud.backend("torch").bind(f)
    f.bound["torch"] = lambda a, b: checkpoint(bound, a, b, use_reentrant=False)

    report = check_rule(f, A, B, backends=["torch"], **ON)

    assert "the library's own pullback" in report.failures[0].text


def test_a_gradient_may_factor_what_it_makes_but_not_the_same_again_and_again():
    def of_new(a):
        return xp.sum(xp.sin(ud.linalg.inv(a @ a)))

    broken = rule("(m,m),(m,k)->(m,k)", solved, factored_when_called)

    def of_old(a):
        return xp.sin(broken(a, B))

    assert check_rule(ud.grad(of_new), A, backends=["numpy"], **ON).ok
    assert not check_rule(of_old, A, backends=["numpy"], **ON).ok
