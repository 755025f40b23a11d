"""The native bindings: our rules on JAX under jit and on PyTorch, against rules written by hand.

python benchmarks/bindings.py [--seconds 2] [--json FILE] [--only jax|torch]
"""

from __future__ import annotations

from measure import against, arguments, medians, report, settle

settle()

from collections.abc import Callable  # noqa: E402  (settle starts anew before JAX is there)
from typing import Any  # noqa: E402

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

import unidiff as ud  # noqa: E402

jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)
Rows = list[dict[str, Any]]
N = 40


@jax.custom_jvp
def inv_by_hand(a: Any) -> Any:
    """Invert, with the rule that a JAX user writes."""
    return jnp.linalg.inv(a)


@inv_by_hand.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (a,), (da,) = primals, tangents
    y = inv_by_hand(a)
    return y, -(y @ da) @ y


@jax.custom_jvp
def solve_by_hand(a: Any, b: Any) -> Any:
    """Solve, with the rule that a JAX user writes: one factorization for value and derivative."""
    return jax.scipy.linalg.lu_solve(jax.scipy.linalg.lu_factor(a), b)


@solve_by_hand.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (a, b), (da, db) = primals, tangents
    factors = jax.scipy.linalg.lu_factor(a)
    y = jax.scipy.linalg.lu_solve(factors, b)
    return y, jax.scipy.linalg.lu_solve(factors, db - da @ y)


def matrices() -> tuple[np.ndarray, np.ndarray]:
    """Return a regular matrix and a right-hand side."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((N, N)) / N**0.5 + 2 * np.eye(N), rng.standard_normal((N, N))


def jax_variants(f: Callable[..., Any], args: Any, way: str) -> Callable[[], Any]:
    """Return one jitted transform of f as a program without arguments."""
    if way == "jvp":
        run = jax.jit(lambda *xs: jax.jvp(f, xs, xs)[1])
    else:
        which = tuple(range(len(args)))
        run = jax.jit(jax.grad(lambda *xs: jnp.sum(jnp.sin(f(*xs))), which))
    return lambda: jax.block_until_ready(run(*args))


def on_jax(seconds: float) -> Rows:
    """Measure jvp and grad under jit against a hand-written custom_jvp and JAX's own rule."""
    a, b = map(jnp.asarray, matrices())
    rows = []
    families = {
        "inv": ((a,), ud.linalg.inv, inv_by_hand, jnp.linalg.inv),
        "solve": ((a, b), ud.linalg.solve, solve_by_hand, jnp.linalg.solve),
    }
    for name, (args, ours, by_hand, own) in families.items():
        for way in ("jvp", "grad"):
            made = {"ours": ours, "by hand": by_hand, "JAX's own": own}
            runs = {key: jax_variants(f, args, way) for key, f in made.items()}
            for x, y in zip(
                jax.tree.leaves(runs["ours"]()), jax.tree.leaves(runs["by hand"]()), strict=True
            ):
                np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-12)
            found = medians(runs, seconds)
            ratio = found["ours"] / found["by hand"]
            rows.append(
                {
                    "program": f"{way} of {name}, n = {N}, jit",
                    "ours, µs": found["ours"],
                    "by hand, µs": found["by hand"],
                    "ours / by hand": ratio,
                    "target": against(1.05, ratio),
                    "ours / JAX's own": found["ours"] / found["JAX's own"],
                }
            )
    return rows


def on_torch(seconds: float) -> Rows:
    """Measure forward and forward with backward of inv against PyTorch's own."""
    rows = []
    for n in (4, N):
        x = torch.eye(n, dtype=torch.float64) * 3 + torch.rand(n, n, dtype=torch.float64) / n

        def both(f: Callable[..., Any], x: torch.Tensor = x) -> None:
            a = x.clone().requires_grad_()
            f(a).sum().backward()

        found = medians(
            {
                "ours": lambda x=x: ud.linalg.inv(x),
                "own": lambda x=x: torch.linalg.inv(x),
                "ours both": lambda both=both: both(ud.linalg.inv),
                "own both": lambda both=both: both(torch.linalg.inv),
            },
            seconds,
        )
        more = found["ours both"] - found["own both"]
        rows.append(
            {
                "program": f"inv, n = {n}",
                "forward, own + µs": found["ours"] - found["own"],
                "own, µs": found["own"],
                "forward and backward, own + µs": more,
                "both own, µs": found["own both"],
                "target": f"≤ 60 {'met' if more <= 60 else 'MISSED'}",
            }
        )
    return rows


def main() -> None:
    """Print the tables."""
    given = arguments(__doc__ or "")
    tables = {"jax": (f"JAX {jax.__version__}", on_jax), "torch": ("PyTorch", on_torch)}
    for name, (title, measure) in tables.items():
        if given.only in (None, name):
            report(title, measure(given.seconds), given.json)


if __name__ == "__main__":
    main()
