"""Inverse accumulation, against a dense and a coloured Jacobian, both by JAX, and against GMRES.

python benchmarks/inverse.py [--seconds 2] [--json FILE] [--only NAME]
"""

from __future__ import annotations

from measure import arguments, medians, quickest, report, settle, short

settle()

from collections.abc import Callable  # noqa: E402  (settle starts anew before NumPy is there)
from functools import partial  # noqa: E402
from math import log  # noqa: E402
from statistics import median  # noqa: E402
from typing import Any  # noqa: E402

import inverse_programs as programs  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from inverse_rivals import by_gmres, finished, of_coloured, of_dense, timed  # noqa: E402

import unidiff as ud  # noqa: E402
from unidiff.inverse import _plans  # noqa: E402

jax.config.update("jax_enable_x64", True)
Rows = list[dict[str, Any]]
XP = ud.backend("numpy").xp
WINNING = {  # a program, its sizes, and how many times faster than the dense rival: reused, first
    "coupling": (programs.Coupling, (256, 1024, 4096), 1000, 200),
    "leapfrog": (programs.leapfrog, (256, 1024, 4096), 500, None),
    "low rank": (programs.low_rank, (256, 1024, 4096), 1000, None),
    "implicit Euler": (programs.implicit_euler, (256, 1024), 100, None),
}
LOSING = {
    "coupling, n = 64": (programs.Coupling, 64),
    "leapfrog, n = 64": (programs.leapfrog, 64),
    "perceptron, n = 512": (programs.perceptron, 512),
    "residual, n = 512": (programs.residual, 512),
}


def judged(ratio: float, target: float | None) -> str:
    """Return a ratio with the target that it has to reach."""
    if target is None:
        return short(ratio)
    return f"{short(ratio)} (≥ {target} {'met' if ratio >= target else 'MISSED'})"


def first_call(run: Callable[[], Any]) -> float:
    """Return the microseconds of a call that makes its plan: the median of seven."""
    taken = []
    for _ in range(7):
        _plans._plans.clear()
        taken.append(timed(run)[1])
    return median(taken)


def measured(make: Any, n: int, seconds: float) -> dict[str, Any]:
    """Measure one program of one size, ours and the dense rivals."""
    rng = np.random.default_rng(n)
    x, v = 0.5 * rng.standard_normal(n), rng.standard_normal(n)
    program = make(n)
    f, plain = program(XP), program(np)
    how = {"method": "lump"}
    _, inverse = ud.linearize_inverse(f, x, **how)
    (dx,) = inverse.ijvp(v)
    native = program(jnp)
    J, dense = of_dense(native, x, v)
    check = np.linalg.norm(ud.jvp(f, (x,), (dx,))[1] - v) / np.linalg.norm(v)
    assert check < 1e-6, check
    runs: dict[str, Callable[[], Any]] = {
        "primal": lambda: plain(x),
        "apply": lambda: inverse.ijvp(v),
        "volume": inverse.logabsdet,
        "call": lambda: ud.ijvp(f, (x,), v, **how),
        "call volume": lambda: ud.logabsdet(f, x, **how),
    }
    if hasattr(program, "solve"):
        np.testing.assert_allclose(program.solve(x, v), dx, rtol=1e-8)
        np.testing.assert_allclose(program.logabsdet(x), inverse.logabsdet(), rtol=1e-8)
        runs |= {
            "by hand": lambda: program.solve(x, v),
            "by hand volume": lambda: program.logabsdet(x),
        }
    found: dict[str, Any] = medians(runs, seconds)
    found["first"] = first_call(runs["call"])
    found["first volume"] = first_call(runs["call volume"])
    found["coloured"] = of_coloured(native, x, v, J, dx)
    return found | dense | {"gmres": by_gmres(f, x, v)}


def winning(seconds: float, only: str) -> tuple[Rows, Rows, Rows]:
    """Measure the programs that are solved back: products, determinants, and how they grow."""
    products: Rows = []
    volumes: Rows = []
    growth: Rows = []
    for name, (make, sizes, reused, first) in WINNING.items():
        if only not in name:
            continue
        found = {n: measured(make, n, seconds) for n in sizes}
        for n, row in found.items():
            last = n == sizes[-1]
            products.append(
                _product_row(name, n, row, reused * last or None, first if last else None)
            )
            volumes.append(_volume_row(name, n, row, last and name == "coupling"))
        a, b = sizes[-2:]
        growth.append(
            {"program": f"{name}, {a} → {b}"}
            | {key: _exponent(found, key, a, b) for key in ("primal", "apply", "solve")}
        )
    return products, volumes, growth


def _product_row(
    name: str, n: int, row: dict[str, Any], reused: float | None, first: float | None
) -> dict[str, Any]:
    times = row["apply"] / row["primal"]
    limit = (
        " (≤ 3 " + ("met)" if times <= 3 else "MISSED)") if name == "leapfrog" and reused else ""
    )
    return {
        "program": f"{name}, n = {n}",
        "primal, ms": row["primal"] / 1e3,
        "J⁻¹v, ms": row["apply"] / 1e3,
        "in primals": f"{times:.2g}{limit}",
        "by hand, ms": row["by hand"] / 1e3 if "by hand" in row else "",
        "dense, ms": row["solve"] / 1e3,
        "dense / ours": judged(row["solve"] / row["apply"], reused),
        "recorded anew": judged(row["solve"] / row["call"], None),
        "first call": judged(row["solve"] / row["first"], first),
        "coloured, SuperLU": row["coloured"],
        "GMRES": row["gmres"],
    }


def _volume_row(name: str, n: int, row: dict[str, Any], target: bool) -> dict[str, Any]:
    return {
        "program": f"{name}, n = {n}",
        "log |det J|, ms": row["volume"] / 1e3,
        "by hand, ms": row["by hand volume"] / 1e3 if "by hand volume" in row else "",
        "dense, ms": row["slogdet"] / 1e3,
        "dense / ours": judged(row["slogdet"] / row["volume"], 1000 if target else None),
        "recorded anew": judged(row["slogdet"] / row["call volume"], None),
        "first call": judged(row["slogdet"] / row["first volume"], 100 if target else None),
    }


def _exponent(found: dict[int, Any], key: str, a: int, b: int) -> float:
    return log(found[b][key] / found[a][key]) / log(b / a)


def losing(seconds: float, only: str) -> Rows:
    """Measure programs where one dense solve is as good: `auto` must know it."""
    return [_losing_row(name, *how, seconds) for name, how in LOSING.items() if only in name]


def _losing_row(name: str, make: Any, n: int, seconds: float) -> dict[str, Any]:
    rng = np.random.default_rng(n)
    x, v = 0.5 * rng.standard_normal(n), rng.standard_normal(n)
    f = make(n)(XP)
    methods = ("auto", "lump", "dense")
    found = medians({m: partial(ud.ijvp, f, (x,), v, method=m) for m in methods}, seconds)
    ratio = found["auto"] / found["dense"]
    return {
        "program": name,
        "chosen": ud.linearize_inverse(f, x)[1].method,
        "auto, ms": found["auto"] / 1e3,
        "lump, ms": found["lump"] / 1e3,
        "dense, ms": found["dense"] / 1e3,
        "auto / dense": f"{ratio:.2f} (≤ 1.3 {'met' if ratio <= 1.3 else 'MISSED'})",
    }


def planning(seconds: float, only: str) -> Rows:
    """Measure what a plan costs a node, made and used again."""
    return [
        _planning_row(name, make, 1024, seconds)
        for name, (make, *_) in WINNING.items()
        if only in name
    ]


def _planning_row(name: str, make: Any, n: int, seconds: float) -> dict[str, Any]:
    x = 0.5 * np.random.default_rng(0).standard_normal(n)
    f = make(n)(XP)
    graph = ud.linearize(f, x)[1].flat

    def again() -> None:
        _plans.planned(graph, _plans.of_steps)

    def made() -> None:
        _plans._plans.clear()
        again()

    def call() -> None:
        ud.ijvp(f, (x,), x, method="lump")

    found = quickest({"made": made}, seconds) | quickest({"again": again, "call": call}, seconds)
    per, share = found["made"] / len(graph.nodes), found["again"] / found["call"]
    return {
        "program": f"{name}, n = {n}",
        "nodes": len(graph.nodes),
        "plan, µs a node": f"{per:.3g} (≤ 50 {'met' if per <= 50 else 'MISSED'})",
        "again, share of ijvp": f"{share:.1%} (≤ 5% {'met' if share <= 0.05 else 'MISSED'})",
    }


def on_jax(seconds: float) -> Rows:
    """Measure programs on JAX under jit: J⁻¹ v against the primal."""
    kinds = {"coupling": programs.Coupling, "leapfrog": programs.leapfrog}
    return [_jax_row(name, make, n, seconds) for name, make in kinds.items() for n in (1024, 4096)]


def _jax_row(name: str, make: Any, n: int, seconds: float) -> dict[str, Any]:
    x = jnp.asarray(0.5 * np.random.default_rng(n).standard_normal(n))
    f = make(n)(jnp)
    compiled = {
        "primal": jax.jit(f),
        "product": jax.jit(lambda x: ud.ijvp(f, (x,), x, method="peel")[1][0]),
        "volume": jax.jit(lambda x: ud.logabsdet(f, x, method="peel")[1]),
    }
    runs = {what: partial(finished, run, x) for what, run in compiled.items()}
    found = medians(runs, seconds)
    times = found["product"] / found["primal"]
    return {
        "program": f"{name} under jit, n = {n}",
        "primal, ms": found["primal"] / 1e3,
        "J⁻¹v, ms": found["product"] / 1e3,
        "in primals": f"{times:.2f} (≤ 3 {'met' if times <= 3 else 'MISSED'})",
        "log |det J|, ms": found["volume"] / 1e3,
    }


def main() -> None:
    """Print the tables."""
    given = arguments(__doc__ or "")
    only = given.only or ""
    products, volumes, growth = winning(given.seconds, only)
    tables = {
        "J⁻¹ v on NumPy": products,
        "log |det J| on NumPy": volumes,
        "Exponents of growth": growth,
        "Where a dense solve is as good": losing(given.seconds, only),
        "Plans": planning(given.seconds, only),
    }
    if not only or only == "jax":
        tables["On JAX"] = on_jax(given.seconds)
    report(tables, given.json)


if __name__ == "__main__":
    main()
