"""torch.compile, torch.export and make_fx of programs with rules in them."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap  # noqa: E402
from torch.fx.experimental.proxy_tensor import make_fx  # noqa: E402
from torch_reference import (  # noqa: E402
    A,
    B,
    ClosedForm,
    V,
    W,
    assert_close,
    leaf,
    normal,
    ours,
    reference,
)
from user_rules import power  # noqa: E402

import unidiff as ud  # noqa: E402  (what follows wants torch)

# inductor's own call of what torch has deprecated
pytestmark = pytest.mark.filterwarnings("ignore:.torch._prims_common.check. is:FutureWarning")

ud.backend("torch")  # dynamo does not import modules while it traces


@pytest.fixture(autouse=True)
def _fresh():
    torch._dynamo.reset()


def compiled(f, backend, **how):
    return torch.compile(f, fullgraph=True, backend=backend, **how)


def repeated(x):
    return x[None].expand(2, *x.shape) * 1.0


TRANSFORMS = {
    "value": lambda f: f,
    "grad": lambda f: grad(f, (0, 1)),
    "jvp": lambda f: lambda a, b: jvp(f, (a, b), (V, W)),
    "vmap": lambda f: lambda a, b: vmap(f)(repeated(a), repeated(b)),
    "vmap(grad)": lambda f: lambda a, b: vmap(grad(f), (0, None))(repeated(a), b),
    "jacfwd": jacfwd,
    "jacrev": jacrev,
    "hessian": hessian,
    "hvp": lambda f: lambda a, b: jvp(lambda x: grad(f)(x, b), (a,), (V,))[1],
    "ud.grad": lambda f: ud.grad(f, (0, 1)),
    "ud.jvp": lambda f: lambda a, b: ud.jvp(f, (a, b), (V, W)),
    "ud.vjp": lambda f: lambda a, b: ud.vjp(f, a, b)[1](a[0, 0]),
    "ud.jacfwd": ud.jacfwd,
    "ud.jacrev": ud.jacrev,
    "ud.hessian": ud.hessian,
    "ud.hvp": lambda f: lambda a, b: ud.hvp(f, (a, b), (V, W)),
    "ud.linearize": lambda f: lambda a, b: ud.linearize(f, a, b)[1](V, W),
    "ud.grad of a tree": lambda f: (
        lambda a, b: ud.grad(lambda t: f(t["a"], t["b"][0]))({"a": a, "b": [b]})
    ),
}
QUICK = ("grad", "vmap(grad)", "hessian", "ud.grad", "ud.jvp", "ud.hessian", "ud.grad of a tree")
CASES = [("aot_eager", name) for name in QUICK]
CASES += [
    pytest.param("aot_eager", name, marks=pytest.mark.slow)
    for name in TRANSFORMS
    if name not in QUICK
]
CASES += [pytest.param("eager", name, marks=pytest.mark.slow) for name in TRANSFORMS]
CASES += [
    pytest.param("inductor", name, marks=pytest.mark.slow)
    for name in ("value", "grad", "jvp", "vmap(grad)", "hessian", "ud.grad", "ud.hessian")
]


@pytest.mark.parametrize(("backend", "name"), CASES)
def test_compiled_transform_agrees_with_closed_forms(backend, name):
    transform = TRANSFORMS[name]

    found = compiled(transform(ours), backend)(A, B)

    assert_close(found, transform(reference)(A, B), factor=1e8)


@pytest.mark.parametrize(
    "backend", ["eager", "aot_eager", pytest.param("inductor", marks=pytest.mark.slow)]
)
def test_compiled_function_goes_backward(backend):
    def gradients(f):
        a, b = leaf(A), leaf(B)
        f(a, b).backward()
        return a.grad, b.grad

    assert_close(gradients(compiled(ours, backend)), gradients(reference))


def test_compiled_function_goes_backward_twice():
    a = leaf(A)
    (ga,) = torch.autograd.grad(compiled(ours, "eager")(a, B), a, create_graph=True)
    (found,) = torch.autograd.grad((ga * V).sum(), a)

    assert_close(found, jvp(lambda x: grad(reference)(x, B), (A,), (V,))[1])


def test_shapes_may_be_dynamic():
    f = compiled(lambda a: ud.linalg.inv(a).sum() + power(a, k=2).sum(), "aot_eager", dynamic=True)
    for n in (3, 4, 6):
        a = leaf(normal(n, n, seed=n) + 5 * torch.eye(n, dtype=torch.float64))
        f(a).backward()
        y = torch.linalg.inv(a.detach())

        ones = torch.ones_like(y)
        assert_close(a.grad, -y.mT @ ones @ y.mT + ones @ a.detach().mT + a.detach().mT @ ones)


def of_torch(a, b):
    y = torch.linalg.solve(a, b)
    return (y**2).sum() + torch.linalg.slogdet(a)[1]


def closed(a, b):
    return (ClosedForm.solve(a, b) ** 2).sum() + ClosedForm.slogdet(a)[1]


def test_compiled_hessian_of_torch_functions_is_right():
    assert_close(
        compiled(ud.hessian(of_torch), "aot_eager")(A, B), hessian(closed)(A, B), factor=1e7
    )


MATRIX_FUNCTIONS = {
    "expm": lambda a: ud.linalg.expm(a / 4),
    "cholesky": lambda a: ud.linalg.cholesky(a @ a.mT),
    "solve_sylvester": lambda a: ud.linalg.solve_sylvester(a, a @ a, a),
}


@pytest.mark.parametrize(
    "transform", [grad, pytest.param(hessian, marks=pytest.mark.slow)], ids=["grad", "hessian"]
)
@pytest.mark.parametrize("f", MATRIX_FUNCTIONS.values(), ids=MATRIX_FUNCTIONS)
def test_compiled_transform_of_a_matrix_function_is_that_of_the_function(f, transform):
    def scalar(a):
        return f(a).sin().sum()

    assert_close(compiled(transform(scalar), "aot_eager")(A), transform(scalar)(A), factor=1e7)


class Model(torch.nn.Module):
    """A module with a parameter that a rule takes."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(A.clone())

    def forward(self, b):
        return ours(self.weight, b)


@pytest.mark.parametrize("strict", [False, True], ids=["traced", "strict"])
def test_exported_program_has_the_same_value(strict):
    program = torch.export.export(Model(), (B,), strict=strict)

    assert_close(program.module()(B), reference(A, B))


def test_exported_program_goes_backward():
    b = leaf(B)
    torch.export.export(Model(), (B,), strict=False).module()(b).backward()

    assert_close(b.grad, grad(reference, 1)(A, B))


def test_traced_gradient_is_a_program_of_its_arguments():
    traced = make_fx(grad(ours))(A, B)

    assert_close(traced(A * 1.1, B), grad(reference)(A * 1.1, B))
