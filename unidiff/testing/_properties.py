"""What a rule must satisfy: a function a property, each of which yields findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..transform import jvp, linearize, vjp
from ._case import Case, Numbers, Refused, largest, ours, random_like
from ._differences import derivative
from ._factorizations import one_factorization
from ._inverse import OfTuples, inverse, regular_inverse
from ._layouts import strides
from ._native import native
from ._report import Finding, Findings, near
from ._second_order import second_order
from ._taylor import taylor
from ._third_order import third_order

Property = Callable[[Case, Any], Findings]


def alone(vs: Sequence[Numbers], k: int) -> list[Numbers]:
    """Return the tuple with zeros but at k."""
    return [v if j == k else 0 * v for j, v in enumerate(vs)]


def differences(case: Case, rng: Any) -> Findings:
    """L(dx) is the derivative of the value, at two points, operand by operand"""
    for point, here in enumerate((case, case.second_point(rng))):
        dxs = here.tangents(rng)
        for k in range(len(dxs)):
            along = alone(dxs, k)
            wanted, noise = derivative(here.wide.evaluate, here.wide.points, along)
            got = here.push(along)
            for j, (a, b, gap) in enumerate(zip(got, wanted, noise, strict=True)):
                what = f"L(dx) against differences, at point {point + 1}"
                scale = max(1e-3 * largest(here.values[j]), 10 * gap / here.first_order)
                yield near(what, a, b, here.first_order, scale, operand=k, output=j)


def transpose(case: Case, rng: Any) -> Findings:
    """Re Σ(L dx · w) = Re Σ(dx · L.T w), operand by operand and output by output"""
    dxs, ws = case.tangents(rng), case.cotangents(rng)
    pulled = [case.pull(alone(ws, j)) for j in range(len(ws))]
    for k, dx in enumerate(dxs):
        pushed = case.push(alone(dxs, k))
        for j, w in enumerate(ws):
            where = {"operand": k, "output": j}
            yield from dot(pushed[j], w, dx, pulled[j][k], case.roundoff, "L", where)


def dot(
    dy: Numbers, w: Numbers, dx: Numbers, v: Numbers, rtol: float, name: str, where: dict[str, int]
) -> Findings:
    """Re Σ(dy · w) = Re Σ(dx · v), where dy is of dx and v of w"""
    if v.shape != dx.shape or dy.shape != w.shape:
        yield Finding(
            f"shapes of {name}(dx), {name}.T(w)", (dy.shape, v.shape), (w.shape, dx.shape)
        )
        return
    import numpy as np

    norm = np.linalg.norm
    scale = norm(dy.ravel()) * norm(w.ravel()) + norm(dx.ravel()) * norm(v.ravel())
    left, right = np.sum(dy * w).real, np.sum(dx * v).real
    what = f"Re Σ({name}(dx) · w) against Re Σ(dx · {name}.T(w))"
    yield near(what, np.asarray(right), np.asarray(left), rtol, float(scale), **where)


def linearity(case: Case, rng: Any) -> Findings:
    """L, L.T and L.inv are linear, over the complex numbers where they say so"""
    maps = [
        ("L", case.map, case.points, case.values),
        ("L.T", case.map.T, case.values, case.points),
    ]
    for k in range(len(case.points)):
        back = regular_inverse(case, k, 0)
        if back is not None:
            maps.append(("L.inv", OfTuples(back), case.values[:1], case.points[k : k + 1]))
    complex_too = bool(case.map.c_linear)
    for name, L, like, to in maps:
        all_complex = all(x.dtype.kind == "c" for x in [*case.points, *case.values])
        s: Any = 0.75 - 0.5j if complex_too and all_complex else 0.75
        us, vs = ([random_like(rng, x) for x in like] for _ in range(2))
        sums = [(s * u + v).astype(u.dtype) for u, v in zip(us, vs, strict=True)]
        of_sum, of_u, of_v = (case.apply(L, each, like, to) for each in (sums, us, vs))
        for j, (a, u, v) in enumerate(zip(of_sum, of_u, of_v, strict=True)):
            scale = largest(u) + largest(v)
            what = f"{name}({s} u + v) against {s} {name}(u) + {name}(v)"
            yield near(what, a, s * u + v, case.roundoff, scale, output=j)


def contract(case: Case, rng: Any) -> Findings:
    """Shapes, dtypes and the device are kept, nothing given is changed, the value is a function"""
    tangents = tuple(map(case.theirs, case.tangents(rng)))
    cotangents = tuple(map(case.theirs, case.cotangents(rng)))
    with case.of.sweeping():
        ys = case.function(*case.xs)
        held = {"operand": case.xs, "output": ys, "tangent": tangents, "cotangent": cotangents}
        before = {name: [ours(x, case.of) for x in xs] for name, xs in held.items()}
        before["operand"] = case.points
        pushed, pulled = case.map(tangents), case.map.T(cotangents)
    yield from _value_kept(case)
    yield from _kind_kept(case, "L(dx)", pushed, ys, "output")
    yield from _kind_kept(case, "L.T(w)", pulled, case.xs, "operand")
    for name, xs in held.items():
        for k, (x, old) in enumerate(zip(xs, before[name], strict=True)):
            state = "as it was" if _same_bits(ours(x, case.of), old) else "changed"
            yield Finding(f"{name} {k}, after the calls", state, "as it was")


def _value_kept(case: Case) -> Findings:
    bits = 8 * max(x.real.dtype.itemsize for x in case.points)
    for j, (y, again) in enumerate(zip(case.values, case.evaluate(case.points), strict=True)):
        found = max(8 * y.real.dtype.itemsize, bits)
        yield Finding("precision of the value, in bits", found, bits, output=j)
        same = "the same" if _same_bits(again, y) else "another"
        yield Finding("the value, computed twice", same, "the same", output=j)


def _kind_kept(case: Case, name: str, found: Any, like: Any, side: str) -> Findings:
    """Shape, dtype and device of each result are those of its space; None is zero"""
    for k, (v, x) in enumerate(zip(found or (), like, strict=bool(found))):
        if v is not None:
            where: dict[str, Any] = {side: k}
            devices = [str(case.of.device_of(a)) for a in (v, x)]
            yield Finding(f"shape of {name}", tuple(v.shape), tuple(x.shape), **where)
            yield Finding(f"dtype of {name}", str(v.dtype), str(x.dtype), **where)
            yield Finding(f"device of {name}", devices[0], devices[1], **where)


def _same_bits(a: Numbers, b: Numbers) -> bool:
    import numpy as np

    return bool(np.array_equal(a, b, equal_nan=True))


def basis(case: Case, rng: Any) -> Findings:
    """Leading axes pass: L and L.T of several arrays in one call are those of each"""
    for batch in ((3,), (2, 2)):
        both = (
            ("L", case.push, case.tangents(rng, batch)),
            ("L.T", case.pull, case.cotangents(rng, batch)),
        )
        for name, apply, vs in both:
            at_once = apply(vs)
            for place in ((0,) * len(batch), tuple(n - 1 for n in batch)):
                one = apply([v[place] for v in vs])
                for j, (a, b) in enumerate(zip(at_once, one, strict=True)):
                    if a.shape != batch + b.shape:
                        what = f"shape of {name} of {batch} arrays in one call"
                        yield Finding(what, a.shape, batch + b.shape, output=j)
                    else:
                        what = f"{name} of {batch} arrays in one call, against one by one"
                        yield near(what, a[place], b, case.roundoff, largest(a), output=j)


def verbs(case: Case, rng: Any) -> Findings:
    """jvp, vjp and linearize give L and L.T"""
    dxs, ws = case.tangents(rng), case.cotangents(rng)
    tangents, cotangents = tuple(map(case.theirs, dxs)), tuple(map(case.theirs, ws))
    y_jvp, dys = jvp(case.function, tuple(case.xs), tangents)
    y_vjp, pull = vjp(case.function, *case.xs)
    y_linearize, L = linearize(case.function, *case.xs)
    only = len(dxs) == 1
    pushed, pulled = case.push(dxs), case.pull(ws)
    back = L.T(cotangents)
    rows = (
        ("jvp's value", y_jvp, case.values, case.values),
        ("vjp's value", y_vjp, case.values, case.values),
        ("linearize's value", y_linearize, case.values, case.values),
        ("jvp", dys, pushed, case.values),
        ("vjp", pull(cotangents), pulled, case.points),
        ("linearize's L", L(tangents[0] if only else tangents), pushed, case.values),
        ("linearize's L.T", (back,) if only else back, pulled, case.points),
    )
    for name, found, wanted, like in rows:
        for j, (v, b, x) in enumerate(zip(found, wanted, like, strict=True)):
            a = ours(v, case.of)
            yield near(
                f"{name} against " + ("the plain one" if "value" in name else "the map"),
                a,
                b,
                case.roundoff,
                largest(b),
                output=j,
            )
            yield Finding(f"dtype of {name}", str(a.dtype), str(x.dtype), output=j)


def stack(case: Case, rng: Any) -> Findings:
    """A stack equals the loop: the value, L and L.T"""
    cores = _core_ranks(case)
    cases = [case, case.second_point(rng)]
    lead = max(getattr(x, "ndim", 0) - c for x, c in zip(case.numbers, cores, strict=True))

    def together(xs: Sequence[Any], cores: Sequence[int]) -> list[Any]:
        pairs = zip(zip(*xs, strict=True), cores, strict=True)
        return [_stacked(parts, lead + core) for parts, core in pairs]

    stacked = case.changed(numbers=together([c.numbers for c in cases], cores))
    shapes, wanted = [y.shape for y in stacked.values], [(2, *y.shape) for y in case.values]
    yield Finding("shapes of a stack of 2", shapes, wanted)
    if shapes != wanted:
        return
    dxs, ws = ([c.tangents(rng) for c in cases], [c.cotangents(rng) for c in cases])
    all_dxs = together(dxs, [cores[k] for k in case.moving])
    all_ws = [_stacked(parts, 0) for parts in zip(*ws, strict=True)]
    rows = (
        ("the value", stacked.values, [c.values for c in cases]),
        ("L(dx)", stacked.push(all_dxs), [c.push(v) for c, v in zip(cases, dxs, strict=True)]),
        ("L.T(w)", stacked.pull(all_ws), [c.pull(v) for c, v in zip(cases, ws, strict=True)]),
    )
    for name, found, loop in rows:
        for i, one in enumerate(loop):
            for j, (a, b) in enumerate(zip(found, one, strict=True)):
                part = a[i].reshape(b.shape) if a[i].size == b.size else a[i]
                what = f"{name} of a stack, against the loop"
                yield near(what, part, b, case.roundoff, largest(b), output=j)


def _stacked(xs: Sequence[Any], rank: int) -> Any:
    """Return arrays along a new axis, before axes enough that stacks of several align."""
    import numpy as np

    if not hasattr(xs[0], "ndim"):
        return xs[0]
    return np.stack([x.reshape((1,) * (rank - x.ndim) + x.shape) for x in xs])


def _core_ranks(case: Case) -> list[int]:
    """Return how many trailing axes of each argument are not a stack's."""
    from .._signature import parse_signature

    if case.signature is None:
        msg = "a function, not a primitive: whether it takes stacks is not said (signature=...)"
        raise Refused(msg)
    dims, _ = parse_signature(case.signature)
    if len(dims) != len(case.numbers):
        msg = f"check_rule: {case.signature} is of {len(dims)} arrays, got {len(case.numbers)}"
        raise ValueError(msg)
    for x, dim in zip(case.numbers, dims, strict=True):
        if getattr(x, "ndim", 0) < len(dim) and hasattr(x, "ndim"):
            msg = f"an argument of shape {x.shape}, without the optional axis, is no stack's"
            raise Refused(msg)
    return [len(dim) for dim in dims]


PROPERTIES: dict[str, Property] = {  # new ones last: the seeds of the others stay
    "differences": differences,
    "transpose": transpose,
    "inverse": inverse,
    "linearity": linearity,
    "second order": second_order,
    "contract": contract,
    "basis": basis,
    "verbs": verbs,
    "stack": stack,
    "strides": strides,
    "taylor": taylor,
    "one factorization": one_factorization,
    "native": native,
    "third order": third_order,
}
ONCE = ("strides", "taylor", "one factorization", "native")
"""What the arguments as given show, be they real or complex."""
OF_ANY_ARGUMENTS = tuple(name for name in PROPERTIES if name not in ONCE)
_SECOND = tuple(name for name in PROPERTIES if name != "third order")
BY_DEFAULT = {
    1: tuple(name for name in _SECOND if name != "second order"),
    2: _SECOND,
    3: tuple(PROPERTIES),
}
"""The properties that belong to an order of derivatives."""
