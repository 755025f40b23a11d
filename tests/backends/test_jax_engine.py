"""unidiff's verbs on JAX's arrays: the numbers of JAX's own, in unidiff's conventions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402  (after the check that JAX is there)
import numpy as np  # noqa: E402
import user_rules  # noqa: E402
from jax import lax  # noqa: E402
from jax_closeness import assert_close  # noqa: E402

import unidiff as ud  # noqa: E402

Array = Any
Function = Callable[..., Any]

A = jnp.asarray([[2.0, 0.3, -0.1], [0.4, 1.8, 0.2], [-0.3, 0.1, 2.2]])
V, W = jnp.cos(jnp.arange(9.0)).reshape(3, 3), jnp.sin(jnp.arange(9.0)).reshape(3, 3)
AS = jnp.stack([A, A.T, A @ A])
XP = ud.backend("jax").xp


def ours(x: Array) -> Array:
    return jnp.sin(ud.linalg.inv(x) @ x.T)


def theirs(x: Array) -> Array:
    return jnp.sin(jnp.linalg.inv(x) @ x.T)


def total(f: Function) -> Function:
    return lambda x: jnp.sum(f(x) * W)


VERBS: dict[str, tuple[Function, Function]] = {
    "jvp": (
        lambda x: ud.jvp(ours, (x,), (V,)),
        lambda x: jax.jvp(theirs, (x,), (V,)),
    ),
    "vjp": (
        lambda x: ud.vjp(ours, x)[1](W),
        lambda x: jax.vjp(theirs, x)[1](W),
    ),
    "grad": (ud.grad(total(ours)), jax.grad(total(theirs))),
    "value_and_grad": (ud.value_and_grad(total(ours)), jax.value_and_grad(total(theirs))),
    "jacobian": (ud.jacobian(ours), jax.jacfwd(theirs)),
    "jacfwd": (ud.jacfwd(ours), jax.jacfwd(theirs)),
    "jacrev": (ud.jacrev(ours), jax.jacfwd(theirs)),
    "hessian": (ud.hessian(total(ours)), jax.hessian(total(theirs))),
    "hvp": (
        lambda x: ud.hvp(total(ours), (x,), (V,)),
        lambda x: (jax.jvp(jax.grad(total(theirs)), (x,), (V,))[1],),
    ),
    "derivative": (
        lambda x: ud.derivative(lambda t: ours(x + t * V))(jnp.asarray(0.5)),
        lambda x: jax.jvp(lambda t: theirs(x + t * V), (0.5,), (1.0,))[1],
    ),
    "linearize": (
        lambda x: ud.linearize(ours, x)[1](V),
        lambda x: jax.jvp(theirs, (x,), (V,))[1],
    ),
    "transpose of linearize": (
        lambda x: ud.linearize(ours, x)[1].T(W),
        lambda x: jax.vjp(theirs, x)[1](W)[0],
    ),
    "linearize, written out": (
        lambda x: ud.linearize(ours, x)[1].dense(),
        jax.jacfwd(theirs),
    ),
}
AROUND: dict[str, Function] = {
    "jit": lambda f: f(A),
    "vmap": lambda f: jax.vmap(f)(AS),
    "grad": lambda f: jax.grad(lambda x: sum(jnp.sum(y) for y in jax.tree.leaves(f(x))))(A),
}


@cache
def within(around: str, side: int) -> dict[str, Any]:
    """Our verbs (side 0) or JAX's (side 1), all in one compiled program."""
    take = AROUND[around]
    return jax.jit(lambda: {verb: take(pair[side]) for verb, pair in VERBS.items()})()


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_that_of_jax(verb: str) -> None:
    assert_close(VERBS[verb][0](A), within("jit", 1)[verb])


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_works_within_transforms_of_jax(verb: str, around: str) -> None:
    assert_close(within(around, 0)[verb], within(around, 1)[verb])


@pytest.mark.parametrize("outer", [ud.jacfwd, ud.jacrev])
@pytest.mark.parametrize("inner", [ud.jacfwd, ud.jacrev])
def test_verbs_nest(outer: Any, inner: Any) -> None:
    assert_close(jax.jit(outer(inner(total(ours))))(A), jax.jit(jax.hessian(total(theirs)))(A))


# -- the namespace --------------------------------------------------------------------------------


def test_the_namespace_has_our_linear_algebra() -> None:
    assert XP.linalg.inv is ud.linalg.inv
    assert ud.array_namespace(A).linalg.solve is ud.linalg.solve
    assert jax.jit(lambda x: ud.array_namespace(x) is XP)(A)


@pytest.mark.parametrize("name", ["norm", "eigvals"])
def test_what_we_lack_is_that_of_jax_numpy(name: str) -> None:
    assert name in dir(XP.linalg)
    if not hasattr(ud.linalg, name):
        assert getattr(XP.linalg, name) is getattr(jnp.linalg, name)


def test_the_rest_of_the_namespace_is_jax_numpy() -> None:
    assert XP.sin is jnp.sin
    assert XP.float32 is jnp.float32


# -- linear maps ----------------------------------------------------------------------------------


def pair(x: Array, s: Array) -> tuple[Array, Array]:
    return s * x, jnp.sum(x)


def test_a_map_takes_a_basis_in_one_call() -> None:
    _, L = ud.linearize(ours, A)

    assert_close(L(AS[None]), jax.vmap(L)(AS)[None])
    assert_close(L.T(AS), jax.vmap(L.T)(AS))


def test_a_map_of_several_arrays_takes_none_for_zero() -> None:
    _, L = ud.linearize(pair, A, jnp.asarray(2.0))

    assert_close(L(V, None), (2 * V, jnp.sum(V)))
    assert_close(L.T((None, jnp.asarray(3.0))), (jnp.full((3, 3), 3.0), jnp.asarray(0.0)))
    assert_close(L.T((W, None))[1], jnp.sum(A * W))


def test_a_map_is_picked_apart() -> None:
    _, L = ud.linearize(pair, A, jnp.asarray(2.0))

    assert_close(L.flat.pick(0, 1)(V), jnp.sum(V))
    assert_close(L.flat.pick((1,), (0,)).T((W,)), (jnp.sum(A * W),))
    assert_close(L.flat.T.T((V, None)), (2 * V, jnp.sum(V)))


def test_a_complex_map_is_written_out_on_pairs() -> None:
    z = A[0] + 1j * V[0]
    _, L = ud.linearize(lambda z: z * z.conj(), z)
    x, y = z.real, z.imag

    blocks = L.dense()
    assert_close(blocks[0, :, 0, :], jnp.diag(2 * x))
    assert_close(blocks[0, :, 1, :], jnp.diag(2 * y))


def test_the_transpose_does_not_conjugate() -> None:
    z, w = A + 1j * V, W + 2j * V

    assert_close(ud.vjp(ud.linalg.inv, z)[1](w), jax.vjp(jnp.linalg.inv, z)[1](w))


# -- trees, auxiliaries, integers -----------------------------------------------------------------


class Model(NamedTuple):
    weights: dict[str, Array]
    bias: list[Array]


MODEL = Model({"a": A, "b": V}, [jnp.asarray(0.5)])


def energy(module: Any) -> Function:
    def of_model(m: Model) -> Array:
        return jnp.sum(module.solve(m.weights["a"], m.weights["b"]) ** 2) * m.bias[0]

    return of_model


def test_trees_keep_their_structure() -> None:
    gradient = ud.grad(energy(ud.linalg))(MODEL)

    assert isinstance(gradient, Model)
    assert_close(gradient, jax.grad(energy(jnp.linalg))(MODEL))


def test_a_hessian_of_a_tree_is_a_tree_of_trees() -> None:
    ours_of, theirs_of = (
        jax.jit(h)(MODEL) for h in (ud.hessian(energy(ud.linalg)), jax.hessian(energy(jnp.linalg)))
    )

    assert jax.tree.structure(ours_of) == jax.tree.structure(theirs_of)
    assert_close(ours_of, theirs_of)


def test_a_class_that_only_jax_knows_is_a_tree() -> None:
    @jax.tree_util.register_dataclass
    @dataclass
    class Point:
        x: Array
        y: Array

    gradient = ud.grad(lambda p: p.x**2 * p.y)(Point(jnp.asarray(3.0), jnp.asarray(2.0)))

    assert_close((gradient.x, gradient.y), (jnp.asarray(12.0), jnp.asarray(9.0)))


@pytest.mark.parametrize("verb", [ud.grad, ud.value_and_grad, ud.jacfwd, ud.jacrev, ud.hessian])
@pytest.mark.parametrize("compiled", [False, True])
def test_an_auxiliary_comes_back_untouched(verb: Any, compiled: bool) -> None:
    def f(x: Array) -> tuple[Array, dict[str, Any]]:
        return jnp.sum(x**3), {"doubled": 2 * x, "count": jnp.asarray(3)}

    function = verb(f, has_aux=True)
    found = (jax.jit(function) if compiled else function)(jnp.arange(3.0))
    aux = found[0][1] if verb is ud.value_and_grad else found[1]

    assert_close(aux, {"doubled": 2 * jnp.arange(3.0), "count": jnp.asarray(3)})


def counted(x: Array) -> tuple[Array, Array]:
    return x**2, jnp.sum(x > 1)


def test_an_integer_output_does_not_move() -> None:
    x = jnp.arange(3.0)
    _, pull = ud.vjp(counted, x)
    _, L = ud.linearize(counted, x)

    assert_close(ud.jvp(counted, (x,), (x,))[1], (2 * x * x, jnp.asarray(0)))
    assert_close(pull((x, None)), (2 * x * x,))
    assert_close(L(x)[0], 2 * x * x)
    assert_close(L.T((x, None)), 2 * x * x)


@pytest.mark.parametrize("verb", [ud.jacobian, ud.jacfwd, ud.jacrev])
def test_the_jacobian_of_an_integer_output_is_zero(verb: Any) -> None:
    x = jnp.arange(3.0)

    assert_close(verb(counted)(x), (jnp.diag(2 * x), jnp.zeros(3, int)))


def test_a_jacobian_goes_the_shorter_way() -> None:
    def applied(f: Function, x: Array) -> int:
        text = str(jax.make_jaxpr(ud.jacobian(f))(x))
        return int("f64[9,3,3]" in text)

    assert applied(ours, A) == 1
    assert applied(total(ours), A) == 0


def test_branches_on_values_are_taken() -> None:
    def f(x: Array) -> Array:
        return x**2 if x > 0 else -x

    assert_close(ud.jacobian(f)(jnp.asarray(3.0)), jnp.asarray(6.0))
    assert_close(ud.grad(f)(jnp.asarray(-3.0)), jnp.asarray(-1.0))


def test_loops_of_unknown_length_go_forward() -> None:
    def halved(x: Array) -> Array:
        return lax.while_loop(lambda y: jnp.max(y) > 1, lambda y: y / 2, x)

    assert_close(ud.jacfwd(halved)(jnp.asarray([3.0, 5.0])), jnp.eye(2) / 8)


# -- arguments ------------------------------------------------------------------------------------


def test_a_tangent_of_none_is_zero() -> None:
    f = ud.linalg.solve

    assert_close(ud.jvp(f, (A, V), (None, W))[1], jnp.linalg.solve(A, W))
    assert_close(ud.jvp(f, (A, V), (None, None))[1], jnp.zeros((3, 3)))


@pytest.mark.parametrize("argnums", [0, 1, (0, 1), (1,), -1])
def test_argnums_are_those_of_jax(argnums: Any) -> None:
    def f(module: Any) -> Function:
        return lambda a, b: jnp.sum(module.solve(a, b) ** 2)

    assert_close(ud.grad(f(ud.linalg), argnums)(A, V), jax.grad(f(jnp.linalg), argnums)(A, V))


def test_arrays_of_numpy_are_taken_for_jaxs() -> None:
    found = ud.linalg.solve(np.asarray(A), V)

    assert isinstance(found, jax.Array)
    assert_close(found, jnp.linalg.solve(A, V))


def test_a_function_may_close_over_arrays_of_numpy() -> None:
    m = np.asarray(A)

    assert_close(
        jax.jit(ud.grad(lambda b: jnp.sum(ud.linalg.solve(m, b))))(V),
        jnp.linalg.solve(A.T, jnp.ones((3, 3))),
    )


def test_an_integer_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="argument 0 has dtype int64"):
        ud.grad(lambda x: jnp.sum(x * 1.0))(jnp.arange(3))


def test_a_complex_value_is_refused() -> None:
    with pytest.raises(TypeError, match="holomorphic=True"):
        ud.grad(lambda z: jnp.sum(z * z))(A + 1j * V)


def test_stop_gradient_makes_a_constant() -> None:
    assert_close(jax.jit(ud.grad(lambda x: jnp.sum(x * ud.stop_gradient(x))))(A), A)


def test_a_user_rule_has_every_verb() -> None:
    def cube(x: Array) -> Array:
        return jnp.sum(user_rules.power_derived(x))

    assert_close(
        jax.jit(ud.hessian(cube))(A), jax.jit(jax.hessian(lambda x: jnp.sum(x @ x @ x)))(A)
    )


# -- precision ------------------------------------------------------------------------------------

IN_SINGLE_PRECISION = """
import jax, jax.numpy as jnp, numpy as np
import unidiff as ud

def refused(f):
    try:
        f()
    except ud.PrecisionError as error:
        assert 'jax.config.update("jax_enable_x64", True)' in str(error), error
        return True
    return False

a = jnp.eye(2) * 2
assert refused(lambda: ud.linalg.solve(np.eye(2), a))
assert refused(lambda: ud.linalg.solve(a, np.eye(2) + 0j))
assert refused(lambda: ud.backend("jax").asarray(np.float64(1)))
assert ud.linalg.solve(np.eye(2, dtype=np.float32), a).dtype == jnp.float32
assert ud.grad(lambda t: jnp.sum(ud.linalg.inv(t * a)))(jnp.float32(2.0)).dtype == jnp.float32
assert ud.backend("jax").asarray(2.0).dtype == jnp.float32
assert ud.backend("jax").asarray(np.arange(3)).dtype == jnp.int32
assert not jax.config.jax_enable_x64
"""


def test_double_precision_that_jax_would_cut_is_refused() -> None:
    without = {k: v for k, v in os.environ.items() if k != "JAX_ENABLE_X64"}
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [sys.executable, "-c", IN_SINGLE_PRECISION],
        env=without | paths,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
