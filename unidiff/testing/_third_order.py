"""The eight orders of third derivatives, of a random scalar functional of the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from ..transform import jvp
from ._case import Case, largest, ours
from ._differences import derivative
from ._report import Finding, Findings
from ._second_order import Arrays, Scalar, functional, gradient, inner

Along = Callable[[Scalar, Arrays], Scalar]


def forward(phi: Scalar, dxs: Arrays) -> Scalar:
    """Return the function's derivative along a direction, by pushing it forward."""
    return lambda *xs: jvp(phi, xs, tuple(dxs))[1]


def reverse(phi: Scalar, dxs: Arrays) -> Scalar:
    """Return the same by the gradient."""
    return lambda *xs: inner(gradient(phi, len(xs))(*xs), dxs)


def third_order(case: Case, rng: Any) -> Findings:
    """The eight orders of third derivatives agree with differences of the Hessian"""
    import numpy as np

    us, vs, ts = (case.tangents(rng) for _ in range(3))
    make = functional(case, rng)
    wide, phi = case.wide, make(case)
    along = [wide.theirs(u.astype(x.dtype)) for u, x in zip(us, wide.points, strict=True)]
    product_with_hessian = gradient(forward(make(wide), along), len(us))

    def numeric(points: Sequence[Any]) -> list[Any]:
        with wide.of.sweeping():
            found = product_with_hessian(*map(wide.theirs, points))
        return [ours(h, wide.of) for h in found]

    curvatures = [largest(h) for h in numeric(wide.points)]
    products, noise = derivative(numeric, wide.points, ts)
    wanted = np.asarray(sum(np.sum(h * v).real for h, v in zip(products, vs, strict=True)))
    size = sum(float(np.sum(np.abs(h * v))) for h, v in zip(products, vs, strict=True))
    gap = sum(n * largest(v) * v.size for n, v in zip(noise, vs, strict=True))
    allowed = case.third_order * max(size, 1e-3 * max(curvatures), 1e-12) + 10 * gap
    directions = [tuple(map(case.theirs, arrays)) for arrays in (us, vs, ts)]
    for steps in product((forward, reverse), repeat=3):
        g = phi
        for step, dxs in zip(steps, directions, strict=True):
            g = step(g, dxs)
        name = " over ".join(step.__name__ for step in reversed(steps))
        with case.of.sweeping():
            found = ours(g(*case.xs), case.of)
        yield Finding(f"{name} against differences of the Hessian", found, wanted, allowed)
