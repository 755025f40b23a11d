"""unidiff's verbs on tensors: conventions, nesting, structures, and the mode they run under."""

import threading
from functools import partial

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch_reference import (  # noqa: E402
    A_COMPLEX,
    A_STACK,
    V_COMPLEX,
    A,
    B,
    ClosedForm,
    Ours,
    V,
    W,
    assert_close,
    leaf,
    normal,
    ours,
    reference,
)

import unidiff as ud  # noqa: E402  (what follows wants torch)

VERBS = {
    "grad": lambda f: ud.grad(f)(A, B),
    "grad of both": lambda f: ud.grad(f, (0, 1))(A, B),
    "value_and_grad": lambda f: ud.value_and_grad(f, 1)(A, B),
    "jvp": lambda f: ud.jvp(f, (A, B), (V, W)),
    "jvp along one": lambda f: ud.jvp(f, (A, B), (None, W)),
    "vjp": lambda f: ud.vjp(f, A, B)[1](A[0, 0]),
    "linearize": lambda f: ud.linearize(f, A, B)[1](V, W),
    "linearize, transposed": lambda f: ud.linearize(f, A, B)[1].T(A[0, 0]),
    "linearize, a basis": lambda f: ud.linearize(lambda a: f(a, B), A)[1](A_STACK),
    "linearize, a basis back": lambda f: ud.linearize(lambda a: f(a, B), A)[1].T(A[0]),
    "linearize, written out": lambda f: ud.linearize(f, A, B)[1].dense(),
    "jacobian": lambda f: ud.jacobian(f, (0, 1))(A, B),
    "jacfwd": lambda f: ud.jacfwd(f, (0, 1))(A, B),
    "hessian": lambda f: ud.hessian(f, (0, 1))(A, B),
    "hvp": lambda f: ud.hvp(f, (A, B), (V, W)),
    "grad(grad)": lambda f: ud.grad(lambda a: (ud.grad(f)(a, B) * V).sum())(A),
    "grad(linearize)": lambda f: ud.grad(lambda a: ud.linearize(f, a, B)[1](V, W))(A),
    "jacfwd³": lambda f: ud.jacfwd(ud.jacfwd(ud.jacfwd(f)))(A, B),
}
OVER_TORCH = {
    "vmap(grad)": lambda f: torch.func.vmap(lambda a: ud.grad(f)(a, B))(A_STACK),
    "vmap(hessian)": lambda f: torch.func.vmap(lambda a: ud.hessian(f)(a, B))(A_STACK),
    "vmap(linearize)": lambda f: torch.func.vmap(lambda a: ud.linearize(f, a, B)[1](V, W))(A_STACK),
    "torch grad(ud.grad)": lambda f: torch.func.grad(lambda a: (ud.grad(f)(a, B) * V).sum())(A),
    "torch jacfwd(ud.jacrev)": lambda f: torch.func.jacfwd(ud.jacrev(f))(A, B),
    "ud.grad(torch.jvp)": lambda f: ud.grad(
        lambda a: torch.func.jvp(lambda x: f(x, B), (a,), (V,))[1]
    )(A),
    "backward(ud.grad)": lambda f: torch.autograd.grad((ud.grad(f)(a := leaf(A), B) * V).sum(), a),
}


@pytest.mark.parametrize("verb", (VERBS | OVER_TORCH).values(), ids=VERBS | OVER_TORCH)
def test_verb_agrees_with_closed_forms(verb):
    assert_close(verb(ours), verb(reference), factor=1e8)


def of_many(x):
    y = ud.linalg.inv(x["a"]) @ x["b"][0]
    return {"y": y, "z": (y.sin(), x["b"][0].sum(0))}


TREE = {"a": A, "b": [B]}


@pytest.mark.parametrize("jacobian", [ud.jacobian, ud.jacfwd, ud.jacrev])
def test_jacobian_of_trees_is_a_tree_of_trees(jacobian):
    found = jacobian(of_many)(TREE)
    L = ud.linearize(of_many, TREE)[1]

    assert found["z"][1]["b"][0].shape == (2, 3, 2)
    assert_close(found, L.dense())
    assert_close(
        found["y"]["b"][0], torch.einsum("ij,kl->ikjl", ClosedForm.inv(A), torch.eye(2).to(A))
    )


def test_none_is_an_empty_tree():
    gradient = ud.grad(lambda x: (x["a"] ** 2).sum())({"a": A, "nothing": None})

    assert gradient["nothing"] is None
    assert_close(gradient["a"], 2 * A)


def test_auxiliary_output_comes_as_it_is():
    def f(a):
        return (a**2).sum(), {"a": a + 1, "name": "f"}

    (value, aux), gradient = ud.value_and_grad(f, has_aux=True)(A)
    jacobian, aux_of_jacobian = ud.jacfwd(f, has_aux=True)(A)

    assert aux["name"] == "f"
    assert_close((value, aux["a"], aux_of_jacobian["a"]), ((A**2).sum(), A + 1, A + 1))
    assert_close((gradient, jacobian), (2 * A, 2 * A))


def real_of_complex(functions):
    return lambda z: (functions.inv(z) * V_COMPLEX).real.sum() + functions.absolute(z).sum()


def test_gradient_of_a_complex_argument_is_the_conjugate_of_that_of_torch():
    expected = torch.func.grad(real_of_complex(ClosedForm))(A_COMPLEX)

    assert_close(ud.grad(real_of_complex(Ours))(A_COMPLEX), expected.conj().resolve_conj())


def test_pullback_of_a_complex_function_does_not_conjugate():
    y, pull = ud.vjp(ud.linalg.inv, A_COMPLEX)

    assert_close(pull(V_COMPLEX)[0], -y.mT @ V_COMPLEX @ y.mT)


def test_holomorphic_functions_have_complex_jacobians():
    def f(z):
        return z**3

    z = A_COMPLEX[0]
    expected = torch.diag(3 * z**2)

    for jacobian in (ud.jacfwd, ud.jacrev):
        assert_close(jacobian(f, holomorphic=True)(z), expected)
    assert_close(ud.grad(lambda z: f(z).sum(), holomorphic=True)(z), 3 * z**2)


def test_backward_keeps_the_convention_of_torch():
    def gradient(inverse):
        z = leaf(A_COMPLEX)
        (inverse(z) * V_COMPLEX).real.sum().backward()
        return z.grad

    assert_close(gradient(ud.linalg.inv), gradient(ClosedForm.inv))


def test_function_runs_once_and_is_remembered_when_it_is_linearized():
    calls = []

    def f(x):
        calls.append(x)
        return ud.linalg.inv(x)

    x = A.clone()
    y, L = ud.linearize(f, x)
    x.zero_()

    assert_close(L(V), -y @ V @ y)
    assert_close(L.T(V), -y.mT @ V @ y.mT)
    assert len(calls) == 1


def test_pullback_remembers_where_it_was_taken():
    x = A.clone()
    _, pull = ud.vjp(lambda x: x * x, x)
    x.zero_()

    assert_close(pull(V)[0], 2 * A * V)


def test_results_may_be_written_to():
    x, w = A.clone(), V.clone()
    (pulled,) = ud.vjp(lambda x: x, x)[1](w)
    pulled.zero_()
    _, pushed = ud.jvp(lambda x: x, (x,), (w,))
    pushed.zero_()
    ud.grad(lambda x: x.sum())(x).zero_()

    assert_close((x, w), (A, V))


def test_functions_that_branch_on_values_are_differentiated():
    def f(x):
        while x.sum() < 10:
            x = x * x + 1
        return x.sum() if x[0] > 0 else -x.sum()

    assert_close(ud.hessian(f)(A[0]), torch.func.hessian(f)(A[0]))


def test_function_of_integer_outputs_only_has_the_derivative_zero():
    _, L = ud.linearize(lambda x: x.argmax(), A)

    assert L(V) == 0
    assert_close(L.T(torch.zeros((), dtype=torch.int64)), torch.zeros_like(A))


def test_integer_outputs_have_no_derivative():
    def f(x):
        return x**2, x.argmax()

    y, dy = ud.jvp(f, (A,), (V,))
    _, pull = ud.vjp(f, A)

    assert_close((y[0], dy[0]), (A**2, 2 * A * V))
    assert dy[1] == 0
    assert_close(pull((V, None))[0], 2 * A * V)


def test_stopped_gradient_is_zero_for_every_transform():
    def f(x):
        return (x * ud.stop_gradient(x)).sum()

    assert_close(ud.grad(f)(A), A)
    assert_close(ud.hessian(f)(A[0]), torch.zeros(3, 3, dtype=A.dtype))
    assert_close(ud.jvp(f, (A,), (V,))[1], (A * V).sum())


def test_empty_arrays_have_empty_jacobians():
    empty = A[:0]

    assert ud.jacfwd(lambda x: x * 2)(empty).shape == (0, 3, 0, 3)
    assert ud.jacrev(lambda x: x * 2)(empty).shape == (0, 3, 0, 3)
    assert ud.jacrev(lambda x: x.sum())(empty).shape == (0, 3)


def test_namespace_is_torch_with_our_linear_algebra():
    of = ud.backend("torch")

    assert of.xp.linalg.inv is ud.linalg.inv
    assert_close(of.xp.linalg.matrix_norm(A), A.norm())
    assert ud.array_namespace(A) is of.xp
    assert of.plain.linalg.inv is not ud.linalg.inv


SPECIAL_CASES = {
    "concat": lambda xp: (xp.concat([A, V], axis=-1), torch.cat([A, V], -1)),
    "concat of all": lambda xp: (xp.concat([A, V], axis=None), torch.cat([A, V]).ravel()),
    "broadcast_to": lambda xp: (xp.broadcast_to(B, (4, 3, 2)), B.expand(4, 3, 2)),
    "broadcast_arrays": lambda xp: (xp.broadcast_arrays(B, B[:1])[1], B[:1].expand(3, 2)),
    "matrix_transpose": lambda xp: (xp.matrix_transpose(A), A.mT),
    "moveaxis": lambda xp: (xp.moveaxis(A_STACK, 0, -1), A_STACK.permute(1, 2, 0)),
    "unstack": lambda xp: (xp.unstack(A_STACK, axis=1)[2], A_STACK[:, 2]),
    "sign": lambda xp: (xp.sign(A), torch.sign(A)),
    "sign of complex": lambda xp: (xp.sign(A_COMPLEX), torch.sgn(A_COMPLEX)),
    "vecdot": lambda xp: (xp.vecdot(A_COMPLEX, V_COMPLEX), (A_COMPLEX.conj() * V_COMPLEX).sum(-1)),
    "diagonal": lambda xp: (xp.linalg.diagonal(A_STACK, offset=1), A_STACK.diagonal(1, 1, 2)),
}


@pytest.mark.parametrize("case", SPECIAL_CASES.values(), ids=SPECIAL_CASES)
def test_corrected_function_of_the_namespace(case):
    assert_close(*case(ud.backend("torch").xp))


def test_sign_of_nan_is_nan_under_vmap():
    sign = ud.backend("torch").xp.sign
    x = torch.tensor([float("nan"), -2.0, 0.0])

    assert torch.equal(torch.func.vmap(sign)(x).isnan(), x.isnan())


# -- the mode -------------------------------------------------------------------------------------

CHANGED = {
    "logdet of a negative determinant": (lambda: torch.logdet(-A), float("nan")),
    "logdet of a singular matrix": (lambda: torch.logdet(A * 0), float("-inf")),
    "solve_ex of a singular matrix": (lambda: torch.linalg.solve_ex(A * 0, B).info.item(), 1),
    "lu_solve of a stack": (
        lambda: _lu_solve_error(torch.linalg.lu_solve),
        0.0,
    ),
}


def _lu_solve_error(lu_solve):
    a = normal(5, 1, 4, 4, seed=30) + 4 * torch.eye(4, dtype=torch.float64)
    b = normal(5, 9, 4, 2, seed=31)
    return float((a @ lu_solve(*torch.linalg.lu_factor(a), b) - b).abs().max().round(decimals=9))


@pytest.mark.parametrize(("call", "expected"), CHANGED.values(), ids=CHANGED)
def test_functions_of_torch_keep_their_corners_under_a_verb(call, expected):
    found = []

    def f(x):
        found.append(call())
        return x.sum()

    ud.grad(f)(A)

    assert float(found[0]) == pytest.approx(expected, nan_ok=True)


def test_result_types_of_torch_are_kept_under_a_verb():
    def f(a):
        return torch.linalg.slogdet(a).logabsdet + torch.linalg.solve_ex(a, B).result.sum()

    assert_close(ud.jvp(f, (A,), (V,))[0], f(A))


def test_mode_is_left_when_the_function_raises():
    def f(x):
        raise KeyError("the user's own")

    for verb in (ud.grad(f), partial(ud.vjp, f), ud.jacfwd(f)):
        with pytest.raises(KeyError):
            verb(A)

    assert torch.overrides._get_current_function_mode_stack() == []


def test_mode_of_one_thread_is_not_seen_by_another():
    inside, seen = threading.Event(), threading.Event()
    found = []

    def other():
        inside.wait(10)
        found.append(len(torch.overrides._get_current_function_mode_stack()))
        seen.set()

    def f(x):
        inside.set()
        seen.wait(10)
        found.append(len(torch.overrides._get_current_function_mode_stack()))
        return x.sum()

    thread = threading.Thread(target=other)
    thread.start()
    ud.grad(f)(A)
    thread.join()

    assert found == [0, 1]


def test_out_argument_goes_to_torch():
    out = torch.empty_like(B)

    def f(x):
        torch.linalg.solve(A, B, out=out)
        return x.sum()

    ud.grad(f)(A)

    assert_close(out, ClosedForm.solve(A, B))
