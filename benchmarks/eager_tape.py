"""The eager tape: gradients as multiples of the plain NumPy primal, and Jacobians in one pass.

python benchmarks/eager_tape.py [--seconds 2] [--json FILE] [--only NAME]
"""

from __future__ import annotations

from measure import against, arguments, medians, report, settle

settle()

from collections.abc import Callable  # noqa: E402  (settle starts anew before NumPy is there)
from typing import Any  # noqa: E402

import autograd  # noqa: E402
import autograd.numpy as anp  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from programs import PROGRAMS  # noqa: E402

import unidiff as ud  # noqa: E402

Rows = list[dict[str, Any]]


def gradients(seconds: float, only: str) -> Rows:
    """Measure gradient and jvp of each program against its primal, and autograd's gradient."""
    xp, rows = ud.backend("numpy").xp, []
    for name, (make, target) in PROGRAMS.items():
        if only not in name:
            continue
        primal, x = make(np)
        ours, _ = make(xp)
        theirs, _ = make(anp)
        gradient, rival = ud.grad(ours), autograd.grad(theirs)
        np.testing.assert_allclose(gradient(x), rival(x), rtol=1e-8)
        found = medians(
            {
                "primal": lambda f=primal, x=x: f(x),
                "gradient": lambda g=gradient, x=x: g(x),
                "jvp": lambda f=ours, x=x: ud.jvp(f, (x,), (x,)),
                "autograd": lambda g=rival, x=x: g(x),
            },
            seconds,
        )
        ratio = found["gradient"] / found["primal"]
        rows.append(
            {
                "program": name,
                "primal, µs": found["primal"],
                "gradient": ratio,
                "target": against(target, ratio),
                "jvp": found["jvp"] / found["primal"],
                "jvp / gradient": found["jvp"] / found["gradient"],
                "autograd": found["autograd"] / found["primal"],
            }
        )
    return rows


def torch_chain(seconds: float) -> Rows:
    """Measure torch's own eager gradient of the chain against the NumPy primal."""
    primal, x = PROGRAMS["chain"][0](np)

    def f(z: torch.Tensor) -> torch.Tensor:
        for _ in range(100):
            z = torch.sin(z) * z
        return z.sum()

    def gradient() -> torch.Tensor:
        z = torch.tensor(x, requires_grad=True)
        return torch.autograd.grad(f(z), z)[0]

    found = medians({"primal": lambda: primal(x), "torch": gradient}, seconds)
    return [{"program": "chain", "torch's gradient": found["torch"] / found["primal"]}]


def tower() -> tuple[Callable[[Any], Any], np.ndarray]:
    """Return a function of 100 numbers to 100, two dense layers."""
    rng = np.random.default_rng(5)
    first, second = rng.standard_normal((2, 100, 100)) / 10
    xp = ud.backend("numpy").xp
    return (lambda x: xp.tanh(second @ (xp.tanh(first @ x) * x))), rng.standard_normal(100)


def jacobians(seconds: float) -> Rows:
    """Measure one batched pass against looped pullbacks, and inv against the Kronecker product."""
    f, x = tower()

    def looped() -> np.ndarray:
        _, pull = ud.vjp(f, x)
        return np.stack([pull(w)[0] for w in np.eye(100)])

    np.testing.assert_allclose(looped(), ud.jacrev(f)(x), rtol=1e-8)
    both = medians({"looped": looped, "batched": lambda: ud.jacobian(f)(x)}, seconds)
    a = np.random.default_rng(6).standard_normal((40, 40)) + 8 * np.eye(40)

    def by_hand() -> np.ndarray:
        y = np.linalg.inv(a)
        return -y[:, None, :, None] * y.T[None, :, None, :]

    jacobian = ud.jacobian(ud.linalg.inv)
    np.testing.assert_allclose(jacobian(a), by_hand(), rtol=1e-8, atol=1e-12)
    inverse = medians({"by hand": by_hand, "ours": lambda: jacobian(a)}, seconds)
    times = both["looped"] / both["batched"]
    ratio = inverse["ours"] / inverse["by hand"]
    return [
        {
            "program": "Jacobian 100 → 100: looped pullbacks / one batched pass",
            "ratio": times,
            "target": f"≥ 8 {'met' if times >= 8 else 'MISSED'}",
        },
        {
            "program": "Jacobian of inv, n = 40: ours / Kronecker product by hand",
            "ratio": ratio,
            "target": against(1.3, ratio),
        },
    ]


def main() -> None:
    """Print the tables."""
    given = arguments(__doc__ or "")
    only = given.only or ""
    tables = {
        "Eager tape on NumPy: multiples of the plain primal": gradients(given.seconds, only),
        "PyTorch, eager": torch_chain(given.seconds) if only in "chain" else [],
        "Jacobians on NumPy": jacobians(given.seconds) if only in "jacobian" else [],
    }
    report(tables, given.json)


if __name__ == "__main__":
    main()
