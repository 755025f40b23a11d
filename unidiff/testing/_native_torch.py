"""PyTorch's own transforms of a rule, and what its kernels factor."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .._backend import Array
from .._primitive import Primitive
from ._case import Case, Refused, ours
from ._native import NAMES, Sample, closely
from ._report import Finding, Findings

_NAMES = """
    linalg_lu linalg_lu_factor_ex linalg_ldl_factor_ex linalg_cholesky_ex linalg_qr geqrf
    linalg_inv_ex linalg_eig _linalg_eigh _linalg_svd _linalg_solve_ex _linalg_det _linalg_slogdet
    linalg_lstsq linalg_pinv
"""
KERNELS = frozenset(f"aten::{name}" for name in _NAMES.split())
jvp: Any = torch.func.jvp  # typed as if there were auxiliaries
vjp: Any = torch.func.vjp
Program = Callable[..., tuple[Any, ...]]


def transforms(case: Case, rng: Any) -> Findings:
    """Yield what jvp, vjp, vmap, backward and compile give."""
    sample = Sample(case, rng)
    of_one, of_batch = tuple(sample.arguments()), tuple(sample.batches())
    f = case.function
    _refuse_unmappable(case, of_batch[0])
    wanted, program = sample.wanted, program_of(f)
    yield from closely(case, "torch.func", _numbers(case, program(*of_one)), wanted)
    found = torch.func.vmap(program)(*of_batch)
    yield from closely(case, "vmap", _numbers(case, found), sample.stacked)
    pulled = backward(f, of_one[0], of_one[2])
    yield from closely(case, "autograd", _numbers(case, [pulled], NAMES[2:]), wanted[2:])
    try:
        found = compiled(program)(*of_one)
    except Exception:
        refusal = _refusal(case)
        if not refusal:
            raise
        yield Finding("what is compiled", "nothing", "nothing", note=refusal)
        return
    yield from closely(case, "compile", _numbers(case, found), wanted)


def program_of(f: Callable[..., Any]) -> Program:
    """Return the function that computes the value, L(dx) and L.T(w)."""

    def program(xs: Any, dxs: Any, ws: Any) -> tuple[Any, ...]:
        ys, dys = jvp(f, xs, dxs)
        _, pull = vjp(f, *xs)
        return ys, dys, tuple(w.conj() for w in pull(tuple(w.conj() for w in ws)))

    return program


def backward(f: Callable[..., Any], xs: Sequence[Array], ws: Sequence[Array]) -> list[Array]:
    """Return L.T(w) by torch.autograd, whose cotangents are conjugate."""
    leaves = [x.detach().requires_grad_() for x in xs]
    ys = [(y, w) for y, w in zip(f(*leaves), ws, strict=True) if y.requires_grad]
    if not ys:
        return [torch.zeros_like(x) for x in xs]
    found = torch.autograd.grad(
        [y for y, _ in ys], leaves, [w.conj() for _, w in ys], allow_unused=True
    )
    pairs = zip(found, xs, strict=True)
    return [torch.zeros_like(x) if g is None else g.conj() for g, x in pairs]


def compiled(program: Program) -> Program:
    """Return the program as torch.compile stages it, in one graph, for no machine."""

    def run(*args: Any) -> Any:
        torch.compiler.reset()  # else it compiles the same code for a few functions only
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's compiler uses what torch has deprecated
            return torch.compile(program, backend="aot_eager", fullgraph=True)(*args)

    return run


def _refusal(case: Case) -> str:
    """Return why torch.compile does not take a function; a rule it must take."""
    if isinstance(case.f, Primitive):
        return ""
    try:
        compiled(case.function)(*case.xs)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".split("\n")[0]
        return f"not compiled, for torch.compile does not take the function: {reason}"
    return ""


def _numbers(case: Case, found: Any, names: Sequence[str] = NAMES) -> list[tuple[str, Any]]:
    pairs = zip(names, found, strict=True)
    return [(name, [ours(v, case.of) for v in vs]) for name, vs in pairs]


def _refuse_unmappable(case: Case, batch: tuple[Array, ...]) -> None:
    """Raise Refused if the function, not made of one rule, is none of vmap's."""
    if isinstance(case.f, Primitive):
        return
    try:
        torch.func.vmap(case.function)(*batch)
    except Exception as error:
        msg = f"torch's vmap does not take the function: {type(error).__name__}: {error}"
        raise Refused(msg.split("\n")[0]) from error


class Kernels(TorchDispatchMode):
    """Records which kernels factor a matrix."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func._schema.name in KERNELS:
            self.names.append(func._schema.name)
        return func(*args, **(kwargs or {}))


def factored(case: Case, ws: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Return what is factored in the backward sweep, and in L.T(w)."""
    given = tuple(map(case.theirs, ws))
    leaves = [x.detach().requires_grad_() for x in case.xs]
    ys = case.function(*leaves)
    pairs = [(y, w.conj()) for y, w in zip(ys, given, strict=True) if y.requires_grad]
    with Kernels() as by_library:
        if pairs:
            outputs, cotangents = zip(*pairs, strict=True)
            torch.autograd.grad(outputs, leaves, cotangents, allow_unused=True)
    with Kernels() as by_map:
        case.map.T(given)
    return by_library.names, by_map.names
