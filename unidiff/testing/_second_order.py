"""The four orders of second derivatives, of a random scalar functional of the outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .._backend import Array, array_namespace, kind_of
from ..transform import grad, jvp
from ._case import Case, largest, ours
from ._differences import derivative
from ._report import Finding

Scalar = Callable[..., Array]
Arrays = Sequence[Array]


def functional(case: Case, rng: Any) -> Callable[[Case], Scalar]:
    """Return, of the case or the same in double precision, φ(x) = Re Σ (w y + v y y)."""
    linear, quadratic = case.cotangents(rng), case.cotangents(rng)
    sizes = [max(largest(y), 1.0) for y in case.values]
    weights = list(zip(linear, quadratic, sizes, strict=True))

    def of(here: Case) -> Scalar:
        def cast(w: Any, k: int) -> Array:
            return here.theirs(w.astype(here.values[k].dtype))

        pairs = [(cast(w, k), cast(v / s, k)) for k, (w, v, s) in enumerate(weights)]

        def phi(*xs: Array) -> Array:
            ys = here.function(*xs)
            return added(real_sum(y * w + y * y * v) for y, (w, v) in zip(ys, pairs, strict=True))

        return phi

    return of


def real_sum(x: Array) -> Array:
    """Return Re Σ x."""
    xp = array_namespace(x)
    return xp.sum(xp.real(x) if kind_of(x) == "complex" else x)


def added(terms: Iterator[Array]) -> Array:
    """Return the sum of arrays of which there is one at least."""
    total = next(terms)
    for term in terms:
        total = total + term
    return total


def inner(gs: Arrays, us: Arrays) -> Array:
    """Return Re Σ (g · u), over all operands."""
    return added(real_sum(g * u) for g, u in zip(gs, us, strict=True))


def gradient(phi: Scalar, count: int) -> Callable[..., tuple[Array, ...]]:
    """Return the gradient by all operands."""
    return grad(phi, tuple(range(count)))


def forward_over_forward(phi: Scalar, xs: Arrays, us: Arrays, vs: Arrays) -> Any:
    """Re Σ v H u"""
    return [jvp(lambda *x: jvp(phi, x, tuple(us))[1], tuple(xs), tuple(vs))[1]]


def reverse_over_forward(phi: Scalar, xs: Arrays, us: Arrays, vs: Arrays) -> Any:
    """H u"""
    return gradient(lambda *x: jvp(phi, x, tuple(us))[1], len(xs))(*xs)


def forward_over_reverse(phi: Scalar, xs: Arrays, us: Arrays, vs: Arrays) -> Any:
    """H u"""
    return jvp(gradient(phi, len(xs)), tuple(xs), tuple(us))[1]


def reverse_over_reverse(phi: Scalar, xs: Arrays, us: Arrays, vs: Arrays) -> Any:
    """H u"""
    return gradient(lambda *x: inner(gradient(phi, len(xs))(*x), us), len(xs))(*xs)


ORDERS = (forward_over_forward, reverse_over_forward, forward_over_reverse, reverse_over_reverse)


def second_order(case: Case, rng: Any) -> Iterator[Finding]:
    """The four orders of second derivatives agree with differences of the gradient"""
    import numpy as np

    us, vs = case.tangents(rng), case.tangents(rng)
    make = functional(case, rng)
    wide, phi, count = case.wide, make(case), len(us)
    wide_gradient = gradient(make(wide), count)

    def numeric(points: Sequence[Any]) -> list[Any]:
        found = wide_gradient(*map(wide.theirs, points))
        return [ours(g, wide.of) for g in found]

    products, noise = derivative(numeric, wide.points, us)
    slopes = [largest(g) for g in numeric(wide.points)]
    curvature = np.asarray(sum(np.sum(h * v).real for h, v in zip(products, vs, strict=True)))
    size = sum(float(np.sum(np.abs(h * v))) for h, v in zip(products, vs, strict=True))
    raw = [tuple(map(case.theirs, arrays)) for arrays in (us, vs)]
    for order in ORDERS:
        name = f"{order.__name__.replace('_', ' ')} against differences of the gradient"
        found = [ours(h, case.of) for h in order(phi, tuple(case.xs), *raw)]
        if order is forward_over_forward:
            gap = sum(n * largest(v) * v.size for n, v in zip(noise, vs, strict=True))
            allowed = case.second_order * max(size, 1e-3 * max(slopes)) + 10 * gap
            yield Finding(name, found[0], curvature, allowed)
            continue
        for k, (got, wanted) in enumerate(zip(found, products, strict=True)):
            scale = max(largest(wanted), 1e-3 * slopes[k], 1e-12)
            allowed = case.second_order * scale + 10 * noise[k]
            yield Finding(name, got, wanted, allowed, operand=k)
