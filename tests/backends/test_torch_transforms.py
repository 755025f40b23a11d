"""torch.func over rules: every transform and nesting, against closed forms."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch.func import (  # noqa: E402
    functional_call,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    vjp,
    vmap,
)
from torch_reference import (  # noqa: E402
    A_COMPLEX,
    A_STACK,
    B_STACK,
    A,
    B,
    ClosedForm,
    Derived,
    Ours,
    V,
    W,
    assert_close,
    leaf,
    normal,
    ours,
    program,
    reference,
)

import unidiff as ud  # noqa: E402  (what follows wants torch)

ONE = torch.ones((), dtype=torch.float64)
PROGRAMS = {"transpose given": ours, "transpose derived": program(Derived)}


def of_a(f):
    return lambda a: f(a, B)


def tangent(f):
    return lambda a: jvp(of_a(f), (a,), (V,))[1]


def batched_gradients(f):
    a = leaf(A_STACK)
    y = torch.stack([f(a[k], B) for k in range(3)])
    return torch.autograd.grad(y, a, torch.eye(3, dtype=y.dtype), is_grads_batched=True)


FIRST_ORDER = {
    "jvp": lambda f: jvp(f, (A, B), (V, W)),
    "vjp": lambda f: vjp(f, A, B)[1](ONE),
    "grad": lambda f: grad(f, (0, 1))(A, B),
    "grad of one of two": lambda f: grad(f, 1)(A, B),
    "grad with aux": lambda f: grad(lambda a: (f(a, B), a.sum()), has_aux=True)(A),
    "jacfwd": lambda f: jacfwd(f, (0, 1))(A, B),
    "jacrev": lambda f: jacrev(f, (0, 1))(A, B),
    "jacrev by chunks": lambda f: jacrev(f, chunk_size=2)(A, B),
    "linearize": lambda f: linearize(f, A, B)[1](V, W),
    "batched gradients": batched_gradients,
    "functional.jacobian": lambda f: torch.autograd.functional.jacobian(
        of_a(f), A, vectorize=True, strategy="forward-mode"
    ),
}
HIGHER_ORDER = {
    "hessian": lambda f: hessian(f, (0, 1))(A, B),
    "jacrev(jacfwd)": lambda f: jacrev(jacfwd(f))(A, B),
    "jacrev(jacrev)": lambda f: jacrev(jacrev(f))(A, B),
    "jacfwd(jacfwd)": lambda f: jacfwd(jacfwd(f))(A, B),
    "jacfwd³": lambda f: jacfwd(jacfwd(jacfwd(f)))(A, B),
    "jacrev³": lambda f: jacrev(jacrev(jacrev(f)))(A, B),
    "jacfwd(jacrev(jacfwd))": lambda f: jacfwd(jacrev(jacfwd(f)))(A, B),
    "jvp(grad)": lambda f: jvp(grad(of_a(f)), (A,), (V,))[1],
    "grad(jvp)": lambda f: grad(tangent(f))(A),
    "grad(grad)": lambda f: grad(lambda a: (grad(of_a(f))(a) * V).sum())(A),
    "functional.hessian": lambda f: torch.autograd.functional.hessian(of_a(f), A, vectorize=True),
}
BATCHES = {
    "vmap": lambda f: vmap(f)(A_STACK, B_STACK),
    "vmap of the first": lambda f: vmap(f, (0, None))(A_STACK, B),
    "vmap of the second": lambda f: vmap(f, (None, 0))(A, B_STACK),
    "vmap of other axes": lambda f: vmap(f, (2, 1))(A_STACK.movedim(0, 2), B_STACK.movedim(0, 1)),
    "vmap by chunks": lambda f: vmap(f, chunk_size=2)(A_STACK, B_STACK),
    "vmap(vmap)": lambda f: vmap(vmap(f, (0, None)), (None, 0))(A_STACK, B_STACK),
    "vmap(grad)": lambda f: vmap(grad(f, (0, 1)))(A_STACK, B_STACK),
    "vmap(grad) of the first": lambda f: vmap(grad(f, (0, 1)), (0, None))(A_STACK, B),
    "vmap(hessian)": lambda f: vmap(hessian(f))(A_STACK, B_STACK),
    "vmap(jvp)": lambda f: vmap(tangent(f))(A_STACK),
    "vmap(linearize)": lambda f: vmap(linearize(of_a(f), A)[1])(A_STACK),
    "grad(vmap)": lambda f: grad(lambda a, b: vmap(f)(a, b).sum(), (0, 1))(A_STACK, B_STACK),
    "grad(vmap) of the first": lambda f: grad(lambda a, b: vmap(f, (0, None))(a, b).sum(), (0, 1))(
        A_STACK, B
    ),
    "jvp(vmap)": lambda f: jvp(vmap(f), (A_STACK, B_STACK), (A_STACK, B_STACK)),
    "hessian(vmap)": lambda f: hessian(lambda a: vmap(f, (0, None))(a, B).sum())(A_STACK),
}
TRANSFORMS = FIRST_ORDER | HIGHER_ORDER | BATCHES


@pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node")  # torch's own linearize
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("f", PROGRAMS.values(), ids=PROGRAMS)
def test_transform_agrees_with_closed_forms(f, transform):
    assert_close(transform(f), transform(reference), factor=1e8)


@pytest.mark.parametrize("used", [(0,), (1,), (0, 1)], ids=str)
@pytest.mark.parametrize("transform", [grad, hessian], ids=["grad", "hessian"])
def test_outputs_that_are_not_used_cost_nothing_and_break_nothing(transform, used):
    def f(functions):
        return lambda a: sum((functions.squares(a)[k] ** 2).sum() for k in used)

    assert_close(transform(f(Ours))(A), transform(f(ClosedForm))(A))


X, INDEX = normal(5, 7, seed=10), torch.arange(20).reshape(5, 4) % 7
OF_INTEGERS = {
    "backward": lambda f: torch.autograd.grad((f(x := leaf(X), INDEX) ** 2).sum(), x),
    "vmap(grad)": lambda f: vmap(grad(lambda x, i: (f(x, i) ** 2).sum()))(X, INDEX),
    "jvp": lambda f: jvp(lambda x: f(x, INDEX), (X,), (X,)),
    "jacfwd": lambda f: jacfwd(lambda x: f(x, INDEX))(X),
    "hessian": lambda f: hessian(lambda x: (f(x, INDEX) ** 3).sum())(X),
}


@pytest.mark.parametrize("transform", OF_INTEGERS.values(), ids=OF_INTEGERS)
def test_argument_of_integers_has_no_derivative_and_leaves_the_other_one_right(transform):
    assert_close(transform(Ours.take), transform(ClosedForm.take))


def of_both_stacks(f):
    return torch.autograd.grad((f(a := leaf(A_STACK), b := leaf(B)) ** 2).sum(), (a, b))


BROADCASTS = {
    "a stack of matrices": of_both_stacks,
    "a stack of right-hand sides": lambda f: grad(lambda a: (f(a, B_STACK) ** 2).sum())(A),
    "its Hessian": lambda f: hessian(lambda a: (f(a, B_STACK) ** 2).sum())(A),
    "vmap of one of them": lambda f: vmap(lambda b: f(A, b))(B_STACK),
    "vmap(hessian) of one": lambda f: vmap(hessian(lambda b: (f(A, b) ** 3).sum()))(B_STACK),
    "vmap of stacks": lambda f: vmap(f, (0, None))(A_STACK[:, None], B_STACK),
    "vmap of as many as rows": lambda f: vmap(f, (None, 0))(A, B_STACK[:3]),
    "vmap of one sample": lambda f: vmap(f, (None, 0))(A, B_STACK[:1]),
}


@pytest.mark.parametrize("transform", BROADCASTS.values(), ids=BROADCASTS)
def test_stacks_broadcast_in_the_value_and_sum_in_the_gradient(transform):
    assert_close(transform(Ours.solve), transform(ClosedForm.solve), factor=1e7)


VIEWS = {
    "transposed": A.t(),
    "expanded": A.expand(4, 3, 3),
    "strided": torch.stack([A, A, A], -1)[..., 1],
    "flipped": A.flip(0),
}


@pytest.mark.parametrize("a", VIEWS.values(), ids=VIEWS)
def test_memory_layout_does_not_matter(a):
    def gradient(f):
        x = a.detach().requires_grad_()
        return torch.autograd.grad((f(x) ** 2).sum(), x)

    assert_close(gradient(Ours.inv), gradient(ClosedForm.inv))


def test_optional_axis_is_not_taken_for_a_batch():
    from unidiff.linalg import matmul

    u, v, m = normal(5, 3, seed=11), normal(5, 3, seed=12), normal(3, 4, seed=13)

    assert_close(vmap(matmul)(u, v), vmap(torch.dot)(u, v))
    assert_close(vmap(matmul, (0, None))(u, m), u @ m)
    assert_close(vmap(grad(matmul))(u, v), v)


def test_gradient_by_name_of_a_module():
    module = torch.nn.Linear(3, 3, dtype=torch.float64)
    parameters = dict(module.named_parameters())

    def loss(f):
        return lambda p: (f(functional_call(module, p, (A,)) + A) ** 2).sum()

    assert_close(grad(loss(Ours.inv))(parameters), grad(loss(ClosedForm.inv))(parameters))


def test_transforms_of_complex_functions_keep_the_convention_of_torch():
    def f(functions):
        return lambda a: functions.inv(a).abs().sum()

    assert_close(grad(f(Ours))(A_COMPLEX), grad(f(ClosedForm))(A_COMPLEX))
    tangents = [jvp(f(x), (A_COMPLEX,), (A_COMPLEX,)) for x in (Ours, ClosedForm)]
    assert_close(*tangents)


def test_values_under_vmap_are_those_of_a_stack():
    for f in (ud.linalg.inv, ud.linalg.det, ud.linalg.expm, lambda a: ud.linalg.slogdet(a)[1]):
        assert_close(vmap(f)(A_STACK), f(A_STACK))
