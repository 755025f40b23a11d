"""What a rule becomes in a program of JAX's: its equations, its dtypes, and users' own rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402  (after the check that JAX is there)
import user_rules  # noqa: E402
from jax_closeness import assert_close  # noqa: E402

import unidiff as ud  # noqa: E402
from unidiff.maps import LinearMap, embed, linear_map, slice_  # noqa: E402
from unidiff.rules._elementwise import exp, multiply  # noqa: E402

Array = Any
Function = Callable[..., Any]

N = 3
A = jnp.asarray([[2.0, 0.3, -0.1], [0.4, 1.8, 0.2], [-0.3, 0.1, 2.2]])
AS = jnp.stack([A, A.T, A @ A])
B = jnp.asarray([[1.0, -0.5], [0.3, 2.0], [-1.1, 0.7]])
INDEX = jnp.asarray([[0, 2, 2], [1, 1, 0], [2, 0, 0]])


# -- dtypes ---------------------------------------------------------------------------------------


def test_a_number_stays_weak() -> None:
    of_value, of_gradient = (jax.make_jaxpr(f)(1.0).out_avals[0] for f in (exp, jax.grad(exp)))

    assert of_value.weak_type
    assert of_gradient.weak_type


@pytest.mark.parametrize("f", [lambda x: multiply(x, 2.0), lambda x: multiply(2, x)])
def test_a_number_does_not_widen_an_array(f: Function) -> None:
    x = jnp.ones(3, jnp.float32)

    assert_close(jax.vjp(f, x)[1](x), (2 * x,))


def test_a_number_moves_in_the_dtype_of_the_array() -> None:
    x = jnp.ones(3, jnp.float32)

    assert_close(jax.grad(lambda s: jnp.sum(multiply(x, s)))(2.0), jnp.asarray(3.0))


def test_the_derivative_by_an_integer_is_float0() -> None:
    gradients = jax.grad(
        lambda x, index: jnp.sum(user_rules.take(x, index)), (0, 1), allow_int=True
    )(A, INDEX)

    assert gradients[1].dtype == jax.dtypes.float0


# -- what stands in the jaxpr ---------------------------------------------------------------------


def equations(f: Function, *at: Array, name: str = "apply_linear_map") -> list[Any]:
    return [e for e in jax.make_jaxpr(f)(*at).jaxpr.eqns if e.primitive.name == name]


@pytest.mark.parametrize("f", [ud.linalg.inv, ud.linalg.slogdet, ud.linalg.expm])
def test_a_rule_is_a_primitive_of_its_own_name(f: Any) -> None:
    assert len(equations(jax.vmap(f), AS, name=f.__name__)) == 1


def test_an_output_that_does_not_move_costs_nothing() -> None:
    assert not equations(jax.grad(lambda a: ud.linalg.slogdet(a).sign), A)


def test_an_argument_that_does_not_move_costs_nothing() -> None:
    (applied,) = equations(jax.grad(lambda a, b: jnp.sum(ud.linalg.solve(a, b)), 1), A, B)
    residuals = applied.params["map"].count

    assert residuals == 3  # a and its factors, not y, which only a's part needs
    assert "right" not in str(applied.params["map"])


def test_residuals_that_are_the_same_for_a_basis_stay_so() -> None:
    (applied,) = equations(jax.jacfwd(ud.linalg.inv), A)

    assert [v.aval.shape for v in applied.invars] == [(N, N), (N, N), (N * N, N, N)]


def solved(a: Array, b: Array) -> Array:
    return jnp.sum(jnp.sin(ud.linalg.solve(a, b)))


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="counts calls of LAPACK")
@pytest.mark.parametrize(
    "of",
    [
        lambda f: f,
        lambda f: jax.grad(f, (0, 1)),
        lambda f: jax.hessian(f, (0, 1)),
        lambda f: jax.jacrev(jax.jacfwd(f)),
    ],
    ids=["value", "grad", "hessian", "jacrev of jacfwd"],
)
def test_one_factorization_serves_all_derivatives_of_solve(
    of: Callable[[Function], Function],
) -> None:
    program = jax.jit(of(solved)).lower(A, B).compile().as_text()

    assert program.count('custom_call_target="lapack_dgetrf') == 1


# -- users' rules and maps ------------------------------------------------------------------------


def test_a_rule_that_is_missing_says_so() -> None:
    @ud.primitive("()->()")
    def unruled(xp: Any, x: Array) -> Array:
        return x * x

    assert unruled(jnp.asarray(3.0)) == 9.0
    with pytest.raises(ud.RuleError, match="unruled has no derivative rule"):
        jax.grad(unruled)(3.0)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"inv: wanted the shape"):
        jax.jit(ud.linalg.inv)(B)


def test_a_map_made_after_jax_was_loaded_is_a_tree() -> None:
    @linear_map
    class Tripled(LinearMap):
        """dx ↦ 3 m dx"""

        m: Array

        def __call__(self, dx: Array) -> Array:
            return 3 * self.m * dx

        @property
        def T(self) -> LinearMap:
            return self

    @ud.primitive("(n)->(n)")
    def tripled_square(xp: Any, x: Array) -> Array:
        return 3 * x * x

    @tripled_square.derivative
    def _(xp: Any, y: Array, x: Array) -> LinearMap:
        return Tripled(2 * x)

    x = jnp.arange(3.0)
    assert_close(jax.jit(jax.hessian(lambda x: jnp.sum(tripled_square(x))))(x), 6 * jnp.eye(3))


@ud.primitive("(n,n)->(n)")
def first_row(xp: Any, a: Array) -> Array:
    return a[..., 0, :]


@first_row.derivative
def _(xp: Any, y: Array, a: Array) -> LinearMap:
    return slice_(a.shape[-2:], (0, slice(None)))


def test_a_map_with_slices_is_hashable() -> None:
    assert_close(jax.jacrev(first_row)(A), jax.jacfwd(lambda a: a[0])(A))
    assert_close(
        jax.jit(jax.vmap(jax.grad(lambda a: jnp.sum(first_row(a) ** 2))))(AS),
        embed((N, N), 0)(2 * AS[:, 0, :]),
    )
