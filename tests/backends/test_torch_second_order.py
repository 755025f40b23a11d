"""Hessians of linear algebra in all four orders, against differences of the gradient."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch_reference import A, B, V, assert_close, differences  # noqa: E402

import unidiff as ud  # noqa: E402  (what follows wants torch)

SPD = A @ A.mT / 4
OURS = {
    "inv": (ud.linalg.inv, A),
    "det": (lambda a: ud.linalg.det(a / 4), A),
    "solve by the matrix": (lambda a: ud.linalg.solve(a, B), A),
    "solve by the right-hand side": (lambda b: ud.linalg.solve(A, b), B),
    "solve a vector": (lambda a: ud.linalg.solve(a, a[0]), A),
    "slogdet": (lambda a: ud.linalg.slogdet(a)[1], A),
    "cholesky": (lambda a: ud.linalg.cholesky(a @ a.mT), A),
    "solve_triangular": (lambda a: ud.linalg.solve_triangular(a, B, trans=1, lower=True), A),
    "lu_factor": (lambda a: ud.linalg.lu_factor(a)[0], A),
    "lu_solve": (lambda a: ud.linalg.lu_solve(ud.linalg.lu_factor(a), B), A),
    "expm": (lambda a: ud.linalg.expm(a / 4), A),
    "solve_sylvester": (lambda a: ud.linalg.solve_sylvester(a, SPD, V), A),
    "solve_continuous_lyapunov": (lambda a: ud.linalg.solve_continuous_lyapunov(a, V), A),
    "solve_discrete_lyapunov": (lambda a: ud.linalg.solve_discrete_lyapunov(a / 8, V), A),
}
TORCHS = {
    "linalg.inv": (torch.linalg.inv, A),
    "linalg.solve": (lambda a: torch.linalg.solve(a, B), A),
    "linalg.solve from the right": (lambda a: torch.linalg.solve(a, B.mT, left=False), A),
    "linalg.solve a vector": (lambda a: torch.linalg.solve(a, a[0]), A),
    "linalg.solve a stack of vectors": (lambda a: torch.linalg.solve(a[None], a[:1]), A),
    "linalg.solve_ex": (lambda a: torch.linalg.solve_ex(a, B).result, A),
    "linalg.tensorsolve": (lambda a: torch.linalg.tensorsolve(a, B[:, 0]), A),
    "linalg.tensorsolve of other axes": (
        lambda a: torch.linalg.tensorsolve(a[None].movedim(1, 0), B[:, :1], dims=(0,)),
        A,
    ),
    "linalg.det": (lambda a: torch.linalg.det(a / 4), A),
    "det": (lambda a: torch.det(input=a / 4), A),
    "Tensor.det": (lambda a: (a / 4).det(), A),
    "linalg.slogdet": (lambda a: torch.linalg.slogdet(a).logabsdet, A),
    "Tensor.slogdet": (lambda a: a.slogdet()[1], A),
    "logdet": (lambda a: torch.logdet(a @ a.mT), A),
    "Tensor.logdet": (lambda a: (a @ a.mT).logdet(), A),
    "linalg.lu_solve": (lambda a: torch.linalg.lu_solve(*torch.linalg.lu_factor(a), B), A),
    "cholesky_inverse": (lambda a: torch.cholesky_inverse(torch.linalg.cholesky(a @ a.mT)), A),
    "linalg.householder_product": (lambda a: torch.linalg.householder_product(a / 4, a[0] / 4), A),
    "linalg.cholesky": (lambda a: torch.linalg.cholesky(a @ a.mT), A),
    "cholesky_solve": (lambda a: torch.cholesky_solve(B, torch.linalg.cholesky(a @ a.mT)), A),
    "linalg.matrix_exp": (lambda a: torch.linalg.matrix_exp(a / 4), A),
    "linalg.pinv": (torch.linalg.pinv, A),
    "linalg.qr": (lambda a: torch.linalg.qr(a).R, A),
    "linalg.eigvalsh": (lambda a: torch.linalg.eigvalsh(a @ a.mT / 4), A),
    "linalg.svdvals": (torch.linalg.svdvals, A),
}
PROGRAMS = {f"ours {k}": v for k, v in OURS.items()} | {f"torch {k}": v for k, v in TORCHS.items()}
ORDERS = {
    "forward over forward": lambda f: ud.jacfwd(ud.jacfwd(f)),
    "forward over reverse": lambda f: ud.jacfwd(ud.jacrev(f)),
    "reverse over forward": lambda f: ud.jacrev(ud.jacfwd(f)),
    "reverse over reverse": lambda f: ud.jacrev(ud.jacrev(f)),
}


def scalar(f):
    return lambda x: (1.3 * f(x)).sin().sum()


@pytest.fixture(scope="module")
def expected():
    """The Hessians, each computed once."""
    found = {}

    def of(name):
        f, x = PROGRAMS[name]
        if name not in found:
            found[name] = differences(ud.grad(scalar(f)), x)
        return found[name]

    return of


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_hessian_is_the_difference_of_gradients(expected, name, order):
    f, x = PROGRAMS[name]

    assert_close(order(scalar(f))(x), expected(name), factor=1e9)


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradient_is_the_difference_of_values(name):
    f, x = PROGRAMS[name]

    assert_close(ud.grad(scalar(f))(x), differences(scalar(f), x), factor=1e8)


@pytest.mark.parametrize("name", PROGRAMS)
def test_batch_of_hessians_is_the_stack_of_them(name):
    f, x = PROGRAMS[name]
    xs = torch.stack([x, x + 0.1 * x.sin(), x - 0.1 * x.cos()])
    hessian = ud.hessian(scalar(f))

    assert_close(torch.func.vmap(hessian)(xs), torch.stack([hessian(x) for x in xs]), factor=1e7)
