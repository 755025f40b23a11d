"""JAX's tools around our functions: export, checks, debugging, integers, weak types, zeros."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402  (after the check that JAX is there)
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402
from jax.experimental import checkify  # noqa: E402
from jax_closeness import assert_close  # noqa: E402
from jax_stacks import FEW, MORE  # noqa: E402

import unidiff as ud  # noqa: E402

Array = Any
Function = Callable[..., Any]

A = jnp.asarray([[2.0, 0.3, -0.1], [0.4, 1.8, 0.2], [-0.3, 0.1, 2.2]])
AS = jnp.stack([A, A.T, A @ A])
B = jnp.asarray([[1.0, -0.5], [0.3, 2.0], [-1.1, 0.7]])
Y = np.linalg.inv(np.asarray(A))
GRADIENT = -Y.T @ np.cos(Y) @ Y.T  # of Σ sin a⁻¹


def loss(a: Array) -> Array:
    return jnp.sum(jnp.sin(ud.linalg.inv(a)))


def solved(a: Array, b: Array) -> Array:
    return jnp.sum(jnp.sin(ud.linalg.solve(a, b)))


# -- export ---------------------------------------------------------------------------------------


def exported(f: Function, *shapes: str) -> Any:
    """Return the program of a function of batches of any length."""
    export = pytest.importorskip("jax.export", reason="jax.export of JAX 0.6 needs absl")
    scope = export.SymbolicScope()
    like = [
        jax.ShapeDtypeStruct(export.symbolic_shape(shape, scope=scope), jnp.float64)
        for shape in shapes
    ]
    return export.export(jax.jit(f))(*like)


EXPORTED: dict[str, tuple[Function, tuple[str, ...], tuple[Array, ...]]] = {
    "a stack": (ud.linalg.inv, ("b, 3, 3",), (AS,)),
    "a batch": (jax.vmap(ud.linalg.solve, (0, None)), ("b, 3, 3", "3, 2"), (AS, B)),
    "our verb": (jax.vmap(ud.hessian(loss)), ("b, 3, 3",), (AS,)),
    "matrices of any size": (jax.grad(solved), ("n, n", "n, 2"), (A, B)),
}


@pytest.mark.parametrize("what", EXPORTED)
def test_a_program_is_exported(what: str) -> None:
    f, shapes, at = EXPORTED[what]

    assert_close(exported(f, *shapes).call(*at), jax.jit(f)(*at))


def test_an_exported_program_is_written_with_its_derivative() -> None:
    pytest.importorskip("flatbuffers", reason="jax.export writes programs with flatbuffers")
    written = exported(loss, "3, 3").serialize(vjp_order=2)
    again = jax.export.deserialize(written).call

    assert_close(jax.grad(again)(A), jnp.asarray(GRADIENT))
    second, wanted = (jax.grad(lambda a, f=f: jnp.sum(jax.grad(f)(a) ** 2)) for f in (again, loss))
    assert_close(second(A), wanted(A))


def test_a_program_is_compiled_ahead() -> None:
    like = jax.ShapeDtypeStruct((3, 3), jnp.float64)
    compiled = jax.jit(jax.grad(loss), donate_argnums=0).lower(like).compile()

    assert jax.eval_shape(jax.grad(loss), like) == like
    assert_close(compiled(jnp.array(A)), jnp.asarray(GRADIENT))


# -- checks of JAX's own --------------------------------------------------------------------------


@contextmanager
def configured(name: str, value: Any) -> Iterator[None]:
    before = getattr(jax.config, name)
    jax.config.update(name, value)
    try:
        yield
    finally:
        jax.config.update(name, before)


WATCHED: dict[str, Callable[[], Any]] = {
    "checking_leaks": jax.checking_leaks,
    "debug_nans": lambda: jax.debug_nans(True),
    "enable_checks": lambda: configured("jax_enable_checks", True),
}
ALSO_WATCHED: dict[str, Callable[[], Any]] = {
    "debug_infs": lambda: jax.debug_infs(True),
    "disable_jit": jax.disable_jit,
    "strict promotion of ranks": lambda: jax.numpy_rank_promotion("raise"),
    "strict promotion of dtypes": lambda: jax.numpy_dtype_promotion("strict"),
    "products in high precision": lambda: jax.default_matmul_precision("highest"),
    "no copies unasked for": lambda: jax.transfer_guard("disallow"),
}


def passes(watch: Any) -> None:
    batch = jnp.array(AS)
    with watch():
        gradients = jax.jit(jax.vmap(jax.grad(lambda a: loss(a))))(batch)

    assert_close(gradients[0], jnp.asarray(GRADIENT))


@pytest.mark.parametrize("watch", WATCHED)
def test_a_gradient_passes_the_checks_of_jax(watch: str) -> None:
    passes(WATCHED[watch])


@pytest.mark.slow
@pytest.mark.parametrize("watch", ALSO_WATCHED)
def test_a_gradient_passes_the_other_checks_of_jax(watch: str) -> None:
    passes(ALSO_WATCHED[watch])


@contextmanager
def strict() -> Iterator[None]:
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        yield


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FEW, *MORE])
def test_rules_may_promote_where_their_users_may_not(name: str) -> None:
    f, xs = (FEW | MORE)[name]

    def total(*xs: Array) -> Array:
        return sum(jnp.sum(y * y) for y in jax.tree.leaves(f(*xs)))

    gradient = jax.grad(total, tuple(range(len(xs))))
    with strict():
        found = jax.jit(lambda *xs: jax.jvp(gradient, xs, xs))(*xs)
    assert_close(found, jax.jit(lambda *xs: jax.jvp(gradient, xs, xs))(*xs))


INDEFINITE = jnp.asarray([[1.0, 2.0], [2.0, 1.0]])


def test_debug_nans_finds_ours() -> None:
    with jax.debug_nans(True), pytest.raises(FloatingPointError, match="nan"):
        ud.linalg.cholesky(INDEFINITE)


FAULTS: dict[str, tuple[Function, Array, str]] = {
    "none": (lambda a: jnp.sin(ud.linalg.inv(a)), A[:2, :2], ""),
    "in the value": (lambda a: jnp.sin(ud.linalg.cholesky(a)), INDEFINITE, "primitive: sin"),
    "in the gradient": (
        jax.grad(lambda a: jnp.sum(ud.linalg.inv(a)) * 0.5),
        jnp.zeros((2, 2)),
        "nan generated by primitive",
    ),
    "in a batch": (
        jax.vmap(lambda a: jnp.sin(ud.linalg.cholesky(a))),
        jnp.stack([jnp.eye(2), INDEFINITE]),
        "primitive: sin",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_checkify_finds_what_ours_hand_to_a_function_of_jax(fault: str) -> None:
    """It does not look at primitives that it does not know: it sees where JAX's meet a nan."""
    f, at, says = FAULTS[fault]
    error, value = checkify.checkify(jax.jit(f), errors=checkify.nan_checks)(at)

    assert says in (error.get() or "")
    assert bool(error.get()) == bool(says)
    assert value.shape == at.shape


# -- integers -------------------------------------------------------------------------------------


def permuted(a: Array, index: Array) -> Array:
    return jnp.sum(ud.linalg.inv(a)[index] ** 2)


INTEGERS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "argument of grad": (
        lambda: jax.grad(permuted, 1, allow_int=True)(A, jnp.asarray([2, 0])),
        (2,),
    ),
    "argument of a pullback": (
        lambda: jax.vjp(permuted, A, jnp.asarray([2, 0]))[1](jnp.asarray(1.0))[1],
        (2,),
    ),
    "value of a pushforward": (lambda: jax.jvp(ud.linalg.matrix_rank, (A,), (A,))[1], ()),
    "one value of two": (lambda: jax.jvp(ud.linalg.lu_factor, (A,), (A,))[1][1], (3,)),
}


@pytest.mark.parametrize("what", INTEGERS)
def test_an_integer_moves_in_float0(what: str) -> None:
    make, shape = INTEGERS[what]
    found = make()

    assert found.dtype == jax.dtypes.float0
    assert found.shape == shape


def test_a_function_of_an_integer_takes_its_tangent() -> None:
    index = jnp.asarray([2, 0])
    tangents = jnp.ones((3, 3)), np.zeros(2, jax.dtypes.float0)

    assert_close(
        jax.jvp(permuted, (A, index), tangents)[1],
        jax.jvp(lambda a: permuted(a, index), (A,), tangents[:1])[1],
    )


def test_the_cotangent_of_an_integer_is_float0() -> None:
    (lu, pivots), pull = jax.vjp(ud.linalg.lu_factor, A)
    (w,) = pull((jnp.ones_like(lu), np.zeros(pivots.shape, jax.dtypes.float0)))

    assert_close(w, jax.grad(lambda a: jnp.sum(ud.linalg.lu_factor(a)[0]))(A))


# -- weak types, and what is not an array ---------------------------------------------------------

WEAK: dict[str, tuple[Function, Function]] = {
    "erf": (ud.special.erf, jax.scipy.special.erf),
    "expit": (ud.special.expit, jax.scipy.special.expit),
    "gammaln": (ud.special.gammaln, jax.scipy.special.gammaln),
    "grad of erf": (jax.grad(ud.special.erf), jax.grad(jax.scipy.special.erf)),
    "xlogy": (lambda x: ud.special.xlogy(x, x), lambda x: jax.scipy.special.xlogy(x, x)),
    "xlogy with an array": (
        lambda x: ud.special.xlogy(x, jnp.float32(2)),
        lambda x: jax.scipy.special.xlogy(x, jnp.float32(2)),
    ),
}


@pytest.mark.parametrize("name", WEAK)
def test_a_number_is_as_weak_as_jaxs(name: str) -> None:
    ours, theirs = (jax.eval_shape(f, 0.5) for f in WEAK[name])

    assert (ours.dtype, ours.weak_type) == (theirs.dtype, theirs.weak_type)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_dtype_that_cannot_be_factored_is_as_jaxs(dtype: str) -> None:
    a = jnp.eye(2).astype(dtype)

    def of(f: Function) -> Any:
        try:
            return f(a).dtype
        except (TypeError, NotImplementedError, ValueError) as error:
            return type(error)

    assert of(ud.linalg.inv) == of(jnp.linalg.inv)


# -- zeros that are known: what is not asked for is not computed ----------------------------------


def equations(jaxpr: Any) -> Iterator[Any]:
    """Yield every equation, those of inner programs too."""
    for e in jaxpr.eqns:
        yield e
        for inner in jax.tree.leaves(list(e.params.values()), is_leaf=lambda x: hasattr(x, "eqns")):
            closed = getattr(inner, "jaxpr", inner)
            if hasattr(closed, "eqns"):
                yield from equations(closed)


def names(f: Function, *at: Any) -> list[str]:
    return [e.primitive.name for e in equations(jax.make_jaxpr(f)(*at).jaxpr)]


def first(f: Function, j: int = 0) -> Function:
    return lambda *xs: jnp.sum(f(*xs)[j])


def second_argument(f: Function) -> Function:
    return jax.grad(lambda *xs: jnp.sum(f(*xs)), 1)


APPLIED: dict[str, tuple[Function, tuple[Array, ...], int]] = {
    "solve by both": (jax.grad(solved, (0, 1)), (A, B), 1),
    "solve by one": (jax.grad(solved, 1), (A, B), 1),
    "the sign of slogdet": (jax.grad(first(ud.linalg.slogdet)), (A,), 0),
    "the logarithm of slogdet": (jax.grad(first(ud.linalg.slogdet, 1)), (A,), 1),
    "the rank": (jax.grad(lambda a: ud.linalg.matrix_rank(a) * 1.0), (A,), 0),
    "a constant argument": (lambda a, b: jax.jvp(lambda b: solved(a, b), (b,), (b,)), (A, B), 1),
    "nothing moves": (lambda a: jax.jvp(lambda t: t * loss(a), (1.0,), (1.0,)), (A,), 0),
    "a stopped gradient": (jax.grad(lambda a: loss(lax.stop_gradient(a)) + a[0, 0]), (A,), 0),
    "an integer argument": (
        jax.grad(lambda i, a: loss(a) * i, allow_int=True),
        (jnp.asarray(2), A),
        0,
    ),
}


@pytest.mark.parametrize("what", APPLIED)
def test_a_map_is_applied_only_where_something_moves(what: str) -> None:
    f, at, count = APPLIED[what]

    assert names(f, *at).count("apply_linear_map") == count


def maps(f: Function, *at: Any) -> str:
    """Return the linear maps that a program applies, in words."""
    applied = equations(jax.make_jaxpr(f)(*at).jaxpr)
    return " ".join(str(e.params["map"]) for e in applied if "map" in e.params)


LEFT_OUT: dict[str, tuple[Function, int, int, str]] = {
    "eigenvectors, of eigenvalues": (ud.linalg.eigh, 0, 1, "over_gaps"),
    "singular vectors, of values": (ud.linalg.svd, 1, 0, "over_gaps"),
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_an_output_that_is_not_used_costs_nothing(what: str) -> None:
    f, used, unused, name = LEFT_OUT[what]

    assert name not in maps(jax.grad(first(f, used)), A)
    assert name in maps(jax.grad(first(f, unused)), A)


PER_FUNCTION: dict[str, tuple[Function, tuple[Array, ...], str, int]] = {
    "expm": (ud.linalg.expm, (A,), "expm", 1),
    "expm, mapped": (jax.vmap(ud.linalg.expm), (AS,), "expm", 1),
    "gradient of inv": (jax.grad(loss), (A,), "inv", 1),
    "hessian of inv": (jax.hessian(loss), (A,), "inv", 1),
    "hessian of solve": (jax.hessian(solved, (0, 1)), (A, B), "solve", 1),
    "logsumexp": (ud.special.logsumexp, (A,), "logsumexp", 1),
    "in a loop": (lambda a: lax.fori_loop(0, 9, lambda _, a: ud.linalg.inv(a), a), (A,), "inv", 1),
}


@pytest.mark.parametrize("what", PER_FUNCTION)
def test_a_rule_is_one_equation_of_its_name(what: str) -> None:
    f, at, name, count = PER_FUNCTION[what]

    assert names(f, *at).count(name) == count


# -- single precision -----------------------------------------------------------------------------

IN_SINGLE_PRECISION = """
import jax, jax.numpy as jnp, numpy as np
import unidiff as ud

a = jnp.asarray([[2.0, 0.5], [0.1, 1.5]])
b = jnp.ones((2, 1))
functions = {
    "inv": ud.linalg.inv, "det": ud.linalg.det, "slogdet": lambda a: ud.linalg.slogdet(a)[1],
    "expm": ud.linalg.expm, "cholesky": lambda a: ud.linalg.cholesky(a @ a.T),
    "eigvalsh": ud.linalg.eigvalsh, "svdvals": ud.linalg.svdvals,
    "solve": lambda a: ud.linalg.solve(a, b), "gammaln": ud.special.gammaln,
    "logsumexp": lambda a: ud.special.logsumexp(a, axis=1),
}
for name, f in functions.items():
    phi = lambda x: jnp.sum(f(x) ** 2)
    h = 2.0**-6
    forward, backward = (np.asarray(jax.grad(phi)(a + s * h * a), float) for s in (1, -1))
    hessian = jax.jit(jax.hessian(phi))(a)
    product = np.einsum("ijkl,kl->ij", np.asarray(hessian, float), np.asarray(a, float))
    assert hessian.dtype == jnp.float32 and jax.grad(phi)(a).dtype == jnp.float32, name
    scale = np.max(np.abs(product)) + np.max(np.abs(forward))
    assert np.max(np.abs((forward - backward) / (2 * h) - product)) < 5e-3 * scale, name
assert jax.grad(lambda t: jnp.sum(ud.linalg.inv(t * a)))(2.0).dtype == jnp.float32
assert ud.linalg.solve(a, 1j * b).dtype == jnp.complex64
assert not jax.config.jax_enable_x64
"""


@pytest.mark.slow
def test_single_precision_stays_where_jax_has_no_other() -> None:
    without = {k: v for k, v in os.environ.items() if k != "JAX_ENABLE_X64"}
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", IN_SINGLE_PRECISION]
    ran = subprocess.run(command, env=without | paths, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
