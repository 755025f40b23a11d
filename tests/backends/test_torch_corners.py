"""What else torch promises of a function: autocast, hooks, threads, memory, in-place checks."""

import gc
import threading
import weakref

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch._subclasses import FakeTensorMode  # noqa: E402
from torch.func import grad, hessian, vmap  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402
from torch_reference import (  # noqa: E402
    A,
    B,
    ClosedForm,
    assert_close,
    leaf,
    normal,
    ours,
    reference,
)
from user_rules import power  # noqa: E402

import unidiff as ud  # noqa: E402  (what follows wants torch)
from unidiff.maps import from_functions  # noqa: E402
from unidiff.matrix._maps import LeftSolve, Right  # noqa: E402


def test_constant_output_asks_for_no_gradient():
    sign, logabs = ud.linalg.slogdet(leaf(A))

    assert not sign.requires_grad
    assert logabs.requires_grad


@pytest.fixture
def pulled(monkeypatch):
    """How often the map of each operand of solve, and the solve itself, is pulled back."""
    counts = {"right": 0, "solve": 0}

    def counting(cls, name, method):
        original = getattr(cls, method)

        def counted(self, w):
            counts[name] += 1
            return original(self, w)

        monkeypatch.setattr(cls, method, counted)

    counting(Right, "right", "pull")
    counting(LeftSolve, "solve", "__call__")
    return counts


@pytest.mark.parametrize(("of_a", "of_b"), [(True, False), (False, True), (True, True)])
def test_backward_computes_only_what_is_needed(pulled, of_a, of_b):
    a, b = A.clone().requires_grad_(of_a), B.clone().requires_grad_(of_b)
    ud.linalg.solve(a, b).sum().backward()

    assert pulled == {"right": of_a, "solve": 1}
    assert (a.grad is None, b.grad is None) == (not of_a, not of_b)


def test_gradient_of_one_argument_computes_only_that(pulled):
    grad(lambda a, b: ud.linalg.solve(a, b).sum(), 1)(A, B)

    assert pulled == {"right": 0, "solve": 1}


def test_value_and_derivatives_share_one_factorization(monkeypatch):
    counts = {"lu": 0}
    original = torch.linalg.lu_factor_ex

    def counted(*args, **kwargs):
        counts["lu"] += 1
        return original(*args, **kwargs)

    monkeypatch.setattr(torch.linalg, "lu_factor_ex", counted)
    a = leaf(A)
    (g,) = torch.autograd.grad(ud.linalg.solve(a, B).sin().sum(), a, create_graph=True)
    torch.autograd.grad(g.sin().sum(), a)

    assert counts == {"lu": 1}


@pytest.mark.parametrize("f", [ud.linalg.inv, power], ids=["inv", "power"])
def test_argument_changed_in_place_is_noticed(f):
    c = leaf(A) * 1
    y = f(c)
    c.mul_(2)

    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y.sum().backward()


def test_backward_frees_what_was_saved():
    y = power(leaf(A)).sum()
    y.backward()

    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_output_is_freed_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        y = ud.linalg.inv(leaf(A))
        gone = weakref.ref(y)
        del y

        assert gone() is None
    finally:
        gc.enable()


def test_hooks_on_saved_tensors_are_called():
    packed = []

    def pack(x):
        packed.append(x)
        return x.clone()

    a = leaf(A)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        y = ours(a, B)
    y.backward()

    assert packed
    assert_close(a.grad, grad(reference)(A, B))


def test_checkpoint_has_the_same_gradient():
    a = leaf(A)
    checkpoint(ours, a, B, use_reentrant=False).backward()

    assert_close(a.grad, grad(reference)(A, B))


def test_optimizer_lowers_the_loss_of_a_module():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(A.clone())

        def forward(self, b):
            return ud.linalg.solve(self.weight, b)

    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), 1e-2)
    before = (model(B) ** 2).sum()
    before.backward()
    optimizer.step()

    assert (model(B) ** 2).sum() < before


def test_autocast_leaves_rules_in_single_precision():
    a, b = leaf(A.float()), leaf(B.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = ud.linalg.solve(a, b)
        (y.float() ** 2).sum().backward()
    expected = grad(lambda a: (ClosedForm.solve(a, B.float()) ** 2).sum())(A.float())

    assert (y.dtype, a.grad.dtype) == (torch.float32, torch.float32)
    assert_close(a.grad, expected, factor=1e2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_computed_in_single_and_kept(dtype):
    a = leaf(A.to(dtype))
    y = ud.linalg.inv(a)
    y.sum().backward()

    assert (y.dtype, a.grad.dtype) == (dtype, dtype)
    assert_close(y, ClosedForm.inv(A).to(dtype), factor=10)


def test_half_precision_from_autocast_goes_backward():
    a = leaf(A.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ud.linalg.inv(a @ a).float().sum().backward()

    assert a.grad.dtype == torch.float32
    assert a.grad.isfinite().all()


def in_threads(work, count):
    errors = []

    def guarded():
        try:
            work()
        except Exception as error:  # to be raised in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_threads_have_graphs_of_their_own():
    expected = grad(reference)(A, B)

    def work():
        for _ in range(10):
            a = leaf(A)
            ours(a, B).backward()
            assert_close(a.grad, expected)
            assert_close(ud.grad(ours)(A, B), expected)

    in_threads(work, 4)


def test_threads_may_go_back_through_one_graph():
    a = leaf(A)
    y = ours(a, B)
    in_threads(lambda: y.backward(retain_graph=True), 3)

    assert_close(a.grad, 3 * grad(reference)(A, B))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_value_without_gradients_is_the_same(mode):
    a = leaf(A)
    with mode():
        y = ours(a, B)

    assert not y.requires_grad
    assert_close(y.clone(), reference(A, B))


def test_fake_tensors_go_through():
    with FakeTensorMode() as mode:
        a = mode.from_tensor(A).requires_grad_()
        ours(a, mode.from_tensor(B)).backward()

        assert a.grad.shape == A.shape


def test_parameters_and_subclasses_belong_to_torch():
    class Tagged(torch.Tensor):
        pass

    for a in (torch.nn.Parameter(A.clone()), A.clone().as_subclass(Tagged)):
        assert_close(ud.linalg.inv(a).as_subclass(torch.Tensor), ClosedForm.inv(A))


def test_modes_see_a_rule_as_one_call():
    class Recorder(torch.overrides.TorchFunctionMode):
        def __init__(self):
            super().__init__()
            self.names = []

        def __torch_function__(self, func, types, args=(), kwargs=None):
            self.names.append(getattr(func, "__name__", str(func)))
            return func(*args, **(kwargs or {}))

    with Recorder() as recorder:
        ud.linalg.solve(A, B)

    assert "solve" in recorder.names
    assert "linalg_lu_factor_ex" not in recorder.names


def test_python_scalars_take_the_dtype_of_the_tensors():
    scaled = ud.elementwise(
        "scaled",
        lambda xp, y, x, s: s,
        lambda xp, y, x, s: x,
        value=lambda xp, x, s: x * s,
    )

    assert_close(scaled(A.float(), 2.0), 2 * A.float())
    assert scaled(torch.arange(3), 2.5).dtype == torch.get_default_dtype()
    assert_close(grad(lambda x: scaled(x, 2.0).sum())(A), torch.full_like(A, 2.0))


def test_arrays_of_two_libraries_are_refused():
    with pytest.raises(ud.BackendMismatchError, match="torch"):
        ud.linalg.solve(A, np.ones((3, 2)))


def not_linear(dx, a):
    return a @ dx * dx


def constant_added(dx, a):
    return a @ dx + 1.0


def without_sign(dx, a):
    return a @ dx.abs()


@pytest.mark.parametrize("function", [not_linear, constant_added, without_sign])
def test_transpose_of_what_is_not_linear_is_refused(function):
    L = from_functions(function, A, domain=B)

    with pytest.raises(ud.RuleError, match="not linear"):
        L.T(B)


def commutator(dx, a):
    return a @ dx - dx @ a


def test_derived_transpose_takes_a_basis():
    L = from_functions(commutator, A, domain=A)
    ws = normal(4, 2, 3, 3, seed=20)

    assert_close(L.T(ws), A.mT @ ws - ws @ A.mT)
    assert_close(vmap(vmap(L.T))(ws), A.mT @ ws - ws @ A.mT)


def test_rule_without_derivative_has_a_value_and_says_so_in_backward():
    @ud.primitive("()->()")
    def opaque(xp, x):
        return xp.exp(x)

    assert_close(opaque(A), A.exp())
    with pytest.raises(ud.RuleError, match="opaque has no derivative rule"):
        opaque(leaf(A)).sum().backward()


INDICES = {
    "an integer": (slice(None), 1, slice(None)),
    "a slice": (slice(1, 3), slice(None), slice(None)),
    "a step": (slice(None), slice(0, 5, 2), slice(None)),
    "everything at once": (slice(1, None, 2), -2, slice(2, 4)),
    "nothing": (slice(2, 2), slice(None), 0),
}
KERNELS = {
    name: (lambda x, index=index: ud.maps.slice_((4, 5, 6), index)(x), index)
    for name, index in INDICES.items()
}


@pytest.mark.parametrize(("f", "index"), KERNELS.values(), ids=KERNELS)
def test_embedding_is_the_transpose_of_slicing_to_any_order(f, index):
    x = normal(4, 5, 6, seed=21)
    w = f(x)
    native = torch.zeros_like(x)
    native[index] = w
    embed = ud.maps.embed((4, 5, 6), index)

    assert_close(embed(w), native)
    assert_close(vmap(embed)(torch.stack([w, 2 * w])), torch.stack([native, 2 * native]))
    assert_close(grad(lambda v: (embed(v) ** 3).sum())(w), 3 * w**2)
    assert_close(hessian(lambda v: (embed(v) ** 3).sum())(w).sum(), (6 * w).sum())


@pytest.mark.parametrize("stack", [(), (2,)], ids=["one index", "an index each"])
def test_scattering_adds_up_what_is_repeated(stack):
    index = torch.tensor([0, 2, 2, 1]).expand(*stack, 4)
    dx = normal(2, 4, seed=22)
    one_hot = torch.eye(3, dtype=dx.dtype)[torch.tensor([0, 2, 2, 1])]
    scatter = ud.maps.scatter(index, 3)

    assert_close(scatter(dx), dx @ one_hot)
    assert_close(vmap(scatter)(torch.stack([dx, -dx])), torch.stack([dx, -dx]) @ one_hot)
    assert_close(
        hessian(lambda v: (scatter(v) ** 2).sum())(dx).sum(), 2 * 2 * (one_hot @ one_hot.mT).sum()
    )


def test_a_function_whose_derivative_is_zero_is_constant_in_every_mode():
    @ud.primitive("(n)->()")
    def count(xp, x):
        return xp.sum(xp.astype(x != 0, x.dtype), axis=-1)

    count.derivative(lambda xp, y, x: ud.maps.zero)
    x = torch.ones(3, dtype=torch.float64, requires_grad=True)

    (gradient,) = torch.autograd.grad((count(x) * x).sum(), x)
    assert gradient.tolist() == [3, 3, 3]
    x = x.detach()
    assert ud.jvp(count, (x,), (x,))[1] == 0
    assert torch.func.jacfwd(count)(x).tolist() == [0, 0, 0]
    assert torch.func.hessian(lambda x: count(x) * x.sum() ** 2)(x).tolist() == [[6] * 3] * 3
