"""The native bindings: our rules on JAX under jit and on PyTorch, against rules written by hand.

python benchmarks/bindings.py [--seconds 2] [--json FILE] [--only jax|eager|numpy|torch]
"""

from __future__ import annotations

from measure import against, arguments, medians, report, settle

settle()

from collections.abc import Callable  # noqa: E402  (settle starts anew before JAX is there)
from functools import partial  # noqa: E402
from typing import Any  # noqa: E402

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from by_hand import BY_HAND, OWN  # noqa: E402
from on_torch import on_torch  # noqa: E402

import unidiff as ud  # noqa: E402

jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)
Rows = list[dict[str, Any]]
N = 40


def matrices() -> dict[str, tuple[np.ndarray, ...]]:
    """Return the arguments of each function: regular, definite and small matrices."""
    rng = np.random.default_rng(0)
    a, b, q = (rng.standard_normal((N, N)) / N**0.5 for _ in range(3))
    regular, other = a + 2 * np.eye(N), b + 2 * np.eye(N)
    return {
        "inv": (regular,),
        "solve": (regular, q),
        "cholesky": (a @ a.T + np.eye(N),),
        "expm": (0.5 * a,),
        "sylvester": (regular, other, q),
    }


OURS: dict[str, Callable[..., Any]] = {
    "inv": ud.linalg.inv,
    "solve": ud.linalg.solve,
    "cholesky": ud.linalg.cholesky,
    "expm": ud.linalg.expm,
    "sylvester": ud.linalg.solve_sylvester,
}
WAYS = {"jvp": 1.05, "grad": 1.05, "Hessian product": 1.15}
"""What is taken, and how many times the time of the rule by hand it may take."""


def transformed(f: Callable[..., Any], way: str) -> Callable[..., Any]:
    """Return the transform of a function of matrices."""

    def gradient(*xs: Any) -> Any:
        return jax.grad(lambda *xs: jnp.sum(jnp.sin(f(*xs))), tuple(range(len(xs))))(*xs)

    if way == "jvp":
        return lambda *xs: jax.jvp(f, xs, xs)[1]
    return gradient if way == "grad" else lambda *xs: jax.jvp(gradient, xs, xs)[1]


def on_jax(seconds: float) -> Rows:
    """Measure transforms under jit against a hand-written custom_jvp and JAX's own rule."""
    return [
        _jax_row(name, way, seconds, jax.jit, f"{way} of {name}, n = {N}, jit")
        for name in OURS
        for way in WAYS
    ]


def on_jax_eager(seconds: float) -> Rows:
    """Measure the same without jit."""
    return [
        _jax_row(name, way, seconds, lambda f: f, f"{way} of {name}, n = {N}, eager")
        for name in ("inv", "solve", "cholesky")
        for way in ("jvp", "grad")
    ]


def _jax_row(name: str, way: str, seconds: float, compiled: Any, title: str) -> dict[str, Any]:
    args = tuple(map(jnp.asarray, matrices()[name]))
    variants = {"ours": OURS[name], "by hand": BY_HAND[name]}
    if name in OWN:
        variants["JAX's own"] = OWN[name]
    functions = {key: compiled(transformed(f, way)) for key, f in variants.items()}
    runs = {key: partial(_finished, f, *args) for key, f in functions.items()}
    pairs = zip(jax.tree.leaves(runs["ours"]()), jax.tree.leaves(runs["by hand"]()), strict=True)
    for x, y in pairs:
        np.testing.assert_allclose(x, y, rtol=1e-8, atol=1e-10)
    found = medians(runs, seconds)
    ratio = found["ours"] / found["by hand"]
    own = found["ours"] / found["JAX's own"] if name in OWN else None
    limit = WAYS[way] if compiled is jax.jit else 1.0
    return {
        "program": title,
        "ours, µs": found["ours"],
        "ours / by hand": f"{ratio:.3g} ({against(limit, ratio)})",
        "ours / JAX's own": "it has none" if own is None else f"{own:.3g} ({against(1.0, own)})",
    }


def _finished(f: Callable[..., Any], *args: Any) -> Any:
    return jax.block_until_ready(f(*args))


def on_numpy(seconds: float) -> Rows:
    """Measure what a plain call of `ud.linalg.inv` costs over NumPy's."""
    x = np.eye(4) * 3 + 0.1
    found = medians({"ours": partial(ud.linalg.inv, x), "own": partial(np.linalg.inv, x)}, seconds)
    more = found["ours"] - found["own"]
    row = {"program": "inv, n = 4", "NumPy's, µs": found["own"], "ours, own + µs": more}
    return [row | {"target": f"≤ 3 {'met' if more <= 3 else 'MISSED'}"}]


def main() -> None:
    """Print the tables."""
    given = arguments(__doc__ or "")
    tables = {
        "jax": (f"JAX {jax.__version__} under jit", on_jax),
        "eager": ("JAX, eager", on_jax_eager),
        "numpy": ("NumPy, plain calls", on_numpy),
        "torch": ("PyTorch", on_torch),
    }
    found = {
        title: measure(given.seconds)
        for name, (title, measure) in tables.items()
        if given.only in (None, name)
    }
    report(found, given.json)


if __name__ == "__main__":
    main()
