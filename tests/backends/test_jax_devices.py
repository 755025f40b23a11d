"""More than one device: batches stay where they are, and a basis goes to all of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402  (after the check that JAX is there)
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402
from jax.sharding import AxisType, NamedSharding, PartitionSpec  # noqa: E402
from jax_closeness import assert_close  # noqa: E402
from jax_stacks import FEW, MORE, XS, X, normal  # noqa: E402
from jax_versions import set_mesh  # noqa: E402

import unidiff as ud  # noqa: E402

Array = Any
Function = Callable[..., Any]

DEVICES = 8
P = PartitionSpec
SHUFFLED = re.compile(r"all-gather|all-to-all|collective-permute")

pytestmark = pytest.mark.skipif(len(jax.devices()) < DEVICES, reason=f"needs {DEVICES} devices")


@cache
def mesh(kind: Any = AxisType.Auto) -> Any:
    return jax.make_mesh((DEVICES,), ("d",), axis_types=(kind,))


@cache
def square_mesh() -> Any:
    return jax.make_mesh((4, 2), ("d", "e"), axis_types=(AxisType.Auto,) * 2)


def over(spec: Any, of: Any = None) -> NamedSharding:
    return NamedSharding(mesh() if of is None else of, spec)


# -- what is split stays split --------------------------------------------------------------------

linalg = ud.linalg


def loss(f: Function) -> Function:
    return lambda *xs: sum(jnp.sum(y * y) for y in jax.tree.leaves(f(*xs)))


def keeps(f: Function, at: tuple[Array, ...], how: str) -> None:
    """Assert that values or gradients by split arguments are split alike, and nothing is moved."""
    split = tuple(jax.device_put(x, over(P("d"))) for x in at)
    g = f if how == "value" else jax.grad(loss(f), tuple(range(len(at))))
    program = jax.jit(g).lower(*split).compile()
    found = program(*split)

    assert not SHUFFLED.findall(program.as_text())
    for y in jax.tree.leaves(found):
        assert y.sharding.is_equivalent_to(over(P("d")), y.ndim)
    assert_close(found, jax.jit(g)(*at))


@pytest.mark.parametrize("how", ["value", "gradient"])
@pytest.mark.parametrize("name", FEW)
def test_a_split_batch_stays_split(name: str, how: str) -> None:
    keeps(*FEW[name], how)


MOVED = pytest.mark.xfail(strict=True, reason="XLA itself gathers for its erf, as for JAX's own")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "how"),
    [
        pytest.param(name, how, marks=[MOVED] if (name, how) == ("erf", "value") else [])
        for name in MORE
        for how in ("value", "gradient")
    ],
)
def test_a_split_batch_of_any_rule_stays_split(name: str, how: str) -> None:
    keeps(*MORE[name], how)


def test_vmap_names_the_axis_that_is_split() -> None:
    mapped = jax.vmap(jax.grad(loss(linalg.inv)), spmd_axis_name="d")
    split = jax.device_put(XS, over(P("d")))

    assert_close(jax.jit(mapped)(split), jax.jit(jax.vmap(jax.grad(loss(linalg.inv))))(XS))


# -- a basis over devices -------------------------------------------------------------------------


def program(x: Array) -> Array:
    return jnp.sin(ud.linalg.inv(x) @ x.T)


def total(x: Array) -> Array:
    return jnp.sum(program(x) ** 2)


def of_two(x: Array, t: Array) -> dict[str, Array]:
    return {"y": program(x)[0] * t, "sum": jnp.sum(x) + t}


def halved(x: Array) -> Array:
    return lax.while_loop(lambda y: jnp.max(y) > 1, lambda y: y / 2, x)


Z = X + 0.5j * X.T
VERBS: dict[str, Callable[[Any], Any]] = {
    "jacobian": lambda s: ud.jacobian(program, sharding=s)(X),
    "jacfwd": lambda s: ud.jacfwd(program, sharding=s)(X),
    "jacrev": lambda s: ud.jacrev(program, sharding=s)(X),
    "of few numbers": lambda s: ud.jacobian(total, sharding=s)(X),
    "hessian": lambda s: ud.jacfwd(ud.grad(total), sharding=s)(X),
    "nested": lambda s: ud.jacrev(ud.jacfwd(total, sharding=s))(X),
    "by both": lambda s: ud.jacobian(of_two, (0, 1), sharding=s)(X, jnp.asarray(0.5)),
    "with an auxiliary": lambda s: ud.jacfwd(
        lambda x: (program(x), x[0]), has_aux=True, sharding=s
    )(X),
    "of a loop": lambda s: ud.jacfwd(halved, sharding=s)(X),
    "holomorphic": lambda s: ud.jacobian(linalg.inv, holomorphic=True, sharding=s)(Z),
    "mapped": lambda s: jax.vmap(ud.jacfwd(program, sharding=s))(XS[:3]),
    "its gradient": lambda s: jax.grad(lambda x: jnp.sum(ud.jacfwd(program, sharding=s)(x) ** 2))(
        X
    ),
}
SHARDINGS: dict[str, Callable[[], Any]] = {
    "a sharding": lambda: over(P("d")),
    "one axis of two": lambda: over(P("e"), square_mesh()),
    "two axes at once": lambda: over(P(("d", "e")), square_mesh()),
}


@cache
def spread(sharding: str) -> dict[str, Any]:
    """All verbs over devices, in one compiled program; over no devices without a sharding."""
    s = SHARDINGS[sharding]() if sharding else None
    return jax.jit(lambda: {verb: take(s) for verb, take in VERBS.items()})()


@pytest.mark.parametrize("verb", VERBS)
def test_a_basis_over_devices_gives_the_same(verb: str) -> None:
    assert_close(spread("a sharding")[verb], spread("")[verb])


@pytest.mark.slow
@pytest.mark.parametrize("sharding", list(SHARDINGS)[1:])
@pytest.mark.parametrize("verb", VERBS)
def test_a_basis_over_any_axes_gives_the_same(verb: str, sharding: str) -> None:
    assert_close(spread(sharding)[verb], spread("")[verb])


def test_an_axis_of_the_mesh_that_is_set_will_do() -> None:
    with set_mesh(mesh()):
        found = ud.jacobian(program, sharding="d")(X)

    assert_close(found, spread("")["jacobian"])


def test_each_device_has_its_part_of_the_jacobian() -> None:
    big = jnp.eye(DEVICES) + 0.1 * normal(3, DEVICES, DEVICES)
    run = jax.jit(ud.jacfwd(linalg.inv, sharding=over(P("d"))))
    found, text = run(big), run.lower(big).compile().as_text()

    assert {s.data.shape for s in found.addressable_shards} == {(8, 8, 1, 8)}
    assert not SHUFFLED.findall(text)
    assert "f64[8,8,8]" in text
    assert "f64[64,8,8]" not in text


def test_without_jit_too() -> None:
    assert_close(ud.jacrev(program, sharding=over(P("d")))(X), spread("")["jacrev"])


def test_of_arguments_that_are_split_themselves() -> None:
    split = jax.device_put(XS[:DEVICES], over(P("d")))

    def f(x: Array) -> Array:
        return jnp.sum(linalg.inv(x), axis=(1, 2))

    found = jax.jit(ud.jacrev(f, sharding=over(P("d"))))(split)
    assert_close(found, jax.jit(ud.jacrev(f))(XS[:DEVICES]))


def test_an_explicit_mesh_will_do() -> None:
    s = over(P("d"), mesh(AxisType.Explicit))
    with set_mesh(mesh(AxisType.Explicit)):
        found = jax.jit(ud.jacfwd(program, sharding=s))(X)

    assert_close(jnp.asarray(jax.device_get(found)), spread("")["jacfwd"])


REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no axis": (lambda: over(P()), ValueError, "wanted one axis to be split"),
    "another axis": (lambda: over(P(None, "d")), ValueError, "wanted one axis to be split"),
    "a second axis": (lambda: over(P("d", "e"), square_mesh()), ValueError, "wanted one axis"),
    "an axis of no mesh": (lambda: "d", ValueError, "wanted an axis of the mesh that is set"),
    "a mesh": (mesh, TypeError, "wanted a jax.sharding.NamedSharding, or the name of an axis"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_sharding_of_a_basis_is_refused(what: str) -> None:
    make, error, says = REFUSED[what]
    with pytest.raises(error, match=says):
        ud.jacobian(program, sharding=make())(X)


@pytest.mark.parametrize("verb", [ud.jacobian, ud.jacfwd, ud.jacrev])
def test_a_sharding_of_other_arrays_is_refused(verb: Any) -> None:
    with pytest.raises(ud.BackendError, match="wanted JAX's arrays; got arrays of numpy"):
        verb(lambda x: x * x, sharding=over(P("d")))(np.ones(3))
