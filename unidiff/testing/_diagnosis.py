"""From a finding to what is likely wrong with the rule: known mistakes, tried one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._primitive import Primitive
from .._signature import parse_signature
from ._case import Case, Numbers, largest, random_like
from ._differences import derivative
from ._report import Finding
from ._suspects import ignored_keyword, suspect

SMALL = 400  # entries of a map that is written out for its diagnosis
Diagnosis = Callable[[Case, Finding, Any], str]


def diagnose(name: str, case: Case, finding: Finding, rng: Any) -> str:
    """Return a sentence on what is likely wrong, empty if no known mistake fits."""
    return DIAGNOSES[name](case, finding, rng) if name in DIAGNOSES else ""


def alike(a: Numbers, b: Numbers) -> bool:
    """Return whether two arrays agree to seven digits."""
    return bool(a.shape == b.shape and largest(a - b) <= 1e-7 * max(largest(a), largest(b)))


def factor(got: Numbers, wanted: Numbers) -> float | None:
    """Return the real s for which got = s wanted, if there is one."""
    import numpy as np

    size = float(np.sum(np.abs(wanted) ** 2))
    if got.shape != wanted.shape or not size:
        return None
    s = float(np.sum(got * np.conj(wanted)).real) / size
    return s if alike(got, s * wanted) else None


def alone(vs: list[Numbers], k: int) -> list[Numbers]:
    """Return the tuple with zeros but at k."""
    return [v if i == k else 0 * v for i, v in enumerate(vs)]


# -- L against the derivative ---------------------------------------------------------------------


def _of_differences(case: Case, finding: Finding, rng: Any) -> str:
    """L against the derivative"""
    got, wanted = finding.got, finding.wanted
    k, j = finding.operand or 0, finding.output or 0
    if got.shape != wanted.shape:
        return "L(dx) must have the shape of the value"
    if not largest(got):
        return "L is zero, but the output moves; `zero` is for what does not move"
    s = factor(got, wanted)
    if s is not None:
        return _of_factor(s, k)
    if wanted.dtype.kind == "c" and alike(got, wanted.conj()):
        return "L is conjugated"
    if got.dtype.kind == "c" and alike(got.real + 0j, wanted + 0j):
        return "L forgets to take the real part"
    if "point 2" in finding.what and _is_stale(case, k, j, rng):
        return "L reads a stale argument: at a second point it is the derivative at the first"
    return _misplaced(case, k, j, rng)


def _of_factor(s: float, k: int) -> str:
    known = {
        -1.0: "has the wrong sign",
        2.0: "is 2 times the derivative: one of two equal terms too many",
        0.5: "is 0.5 times the derivative: one of two equal terms is missing",
    }
    near = next((text for value, text in known.items() if abs(s / value - 1) < 1e-7), "")
    return f"L of operand {k} {near or f'is {s:.8g} times the derivative'}"


def _is_stale(case: Case, k: int, j: int, rng: Any) -> bool:
    here = case.second_point(rng)
    dxs = alone(here.tangents(rng), k)
    wanted, _ = derivative(case.wide.evaluate, case.wide.points, dxs)
    return alike(here.push(dxs)[j], wanted[j])


def _misplaced(case: Case, k: int, j: int, rng: Any) -> str:
    """L.T in the place of L, the map of another operand or output, or of other arguments"""
    dxs = alone(case.tangents(rng), k)
    moved = derivative(case.wide.evaluate, case.wide.points, dxs)[0]
    wanted, dx, pushed = moved[j], dxs[k], case.push(dxs)
    if dx.shape == wanted.shape:
        turned = case.pull([dx if i == j else 0 * y for i, y in enumerate(case.values)])[k]
        if alike(turned, wanted):
            return f"you gave L.T where L is due{_or(_of_others(case, dxs, wanted, j))}"
    for other, x in enumerate(case.points):
        if other != k and x.shape == dx.shape:
            along = [dx if i == other else 0 * v for i, v in enumerate(dxs)]
            if alike(case.push(along)[j], wanted):
                return f"the map of operand {k} stands in the place of operand {other}"
    for other, dy in enumerate(pushed):
        s = None if other == j else factor(dy, wanted)
        if s is not None and abs(abs(s) - 1) < 1e-7:
            return f"the map of output {j} stands in the place of output {other}"
    return _of_others(case, dxs, wanted, j) or ignored_keyword(case, pushed[j], dxs, j)


def _of_others(case: Case, dxs: list[Numbers], wanted: Numbers, j: int) -> str:
    """The map of other arguments"""

    def is_right(L: Any) -> bool:
        return alike(case.apply(L, dxs, case.points, case.values)[j], wanted)

    return suspect(case, is_right)


def _or(text: str) -> str:
    return f", or {text}" if text else ""


# -- L.T against L --------------------------------------------------------------------------------


def _of_transpose(case: Case, finding: Finding, rng: Any) -> str:
    """L.T against L, both written out"""
    import numpy as np

    k, j = finding.operand or 0, finding.output or 0
    x, y = case.points[k], case.values[j]
    if not 0 < x.size * y.size <= SMALL:
        return ""
    L, T = _written(case, True, k, j), _written(case, False, k, j)
    if L.shape != T.shape[::-1]:
        return "a broadcast is not undone: the cotangent must have its operand's shape"
    due, s = L.T, factor(T, L.T)
    if not largest(T):
        return "L.T is zero, though L is not"
    if s is not None:
        signed = abs(s + 1) < 1e-9
        return "L.T has the wrong sign" if signed else f"L and L.T differ by the factor {s:.8g}"
    mistakes = (
        (L, "you gave L where L.T is due"),
        (due.conj(), "conjugated: L.H where L.T is due"),
        (L.conj(), "conjugated, and not transposed"),
        (due.real, "L.T drops the imaginary part"),
    )
    for wrong, text in mistakes:
        if alike(T, wrong + 0 * T):
            return text
    if np.all((T == 0) | np.isclose(T, due)) and _one_a_row(T) and not _one_a_row(due):
        return "what L reads twice must add up in L.T"
    ws = alone(case.cotangents(rng), j)
    wanted = (due @ ws[j].reshape(-1)).reshape(x.shape)
    return suspect(case, lambda M: alike(_pulled(case, M, ws)[k], wanted))


def _pulled(case: Case, L: Any, ws: list[Numbers]) -> list[Numbers]:
    return case.apply(L.T, ws, case.values, case.points)


def _one_a_row(matrix: Numbers) -> bool:
    import numpy as np

    return bool(np.all(np.count_nonzero(matrix, axis=1) <= 1))


def _written(case: Case, forward: bool, k: int, j: int) -> Numbers:
    """Return L (or L.T) of one operand and output as a matrix."""
    import numpy as np

    like, at = (case.points, k) if forward else (case.values, j)
    columns = []
    for place in range(like[at].size):
        unit = [np.zeros(v.shape, v.dtype) for v in like]
        unit[at].reshape(-1)[place] = 1
        found = case.push(unit)[j] if forward else case.pull(unit)[k]
        columns.append(found.reshape(-1))
    return np.stack(columns, axis=-1)


# -- the other properties -------------------------------------------------------------------------


def _of_inverse(case: Case, finding: Finding, rng: Any) -> str:
    """A round trip against where it began"""
    s = factor(finding.got, finding.wanted) if finding.numeric else None
    if s is None:
        return ""
    wrong = abs(s + 1) < 1e-9
    return "L.inv has the wrong sign" if wrong else f"L.inv is off by the factor {s:.8g}"


def _of_linearity(case: Case, finding: Finding, rng: Any) -> str:
    """How the map fails to be linear"""
    name = finding.what.split("(")[0]
    sides = {
        "L": (case.map, case.points, case.values),
        "L.T": (case.map.T, case.values, case.points),
    }
    if name not in sides:
        return f"{name} is not linear in its argument"
    L, like, to = sides[name]
    j = finding.output or 0
    us = [random_like(rng, x) for x in like]
    of_zero, of_u, of_twice, of_turned = (
        case.apply(L, [(s * u).astype(u.dtype) for u in us], like, to)[j]
        for s in (0, 1, 2, 1j if us[0].dtype.kind == "c" else 1)
    )
    how = " in its argument"
    if largest(of_zero):
        how = f": it adds a constant, {name}(0) is not 0"
    elif alike(of_twice, 4 * of_u):
        how = ": it goes with the square of its argument"
    elif alike(of_twice, 2 * of_u) and not alike(of_turned, 1j * of_u):
        how = " over the complex numbers: its class derives from RealLinear, c_linear is False"
    return f"{name} is not linear{how}"


def _of_contract(case: Case, finding: Finding, rng: Any) -> str:
    """Facts speak for themselves, but for their cause"""
    if finding.what.startswith("dtype of"):
        got, wanted = str(finding.got), str(finding.wanted)
        if "complex" in got and "complex" not in wanted:
            return "a real operand takes the real part of w: end its map with `to_complex`"
        return f"{got} from {wanted}: constants are made with dtype=a.dtype"
    return next((cause for word, cause in CAUSES.items() if word in finding.what), "")


CAUSES = {
    "shape of L.T": "a broadcast is not undone: its transpose is a sum",
    "precision": "constants are made with dtype=a.dtype",
    "after the calls": "something writes into an array that it was given",
    "computed twice": "the value is none of its arguments alone: it draws or counts something",
}


def _of_basis(case: Case, finding: Finding, rng: Any) -> str:
    return "leading axes do not pass: count axes of dx and w from the end, axis=-1"


def _of_stack(case: Case, finding: Finding, rng: Any) -> str:
    return "axes are counted from the front, or one matrix stands for all: count from the end"


def _of_strides(case: Case, finding: Finding, rng: Any) -> str:
    return "something depends on how an array is stored: its order, strides or buffer"


def _of_second_order(case: Case, finding: Finding, rng: Any) -> str:
    """A derivative of the map"""
    return (
        "first order may be right: L does not depend on the arguments and on y as it should, as "
        "where a residual comes from a kernel or a constant, not from primitives"
    )


def _of_third_order(case: Case, finding: Finding, rng: Any) -> str:
    """A derivative of the derivative of the map"""
    return (
        "second order may be right: the derivative of L does not depend on the arguments as it "
        "should; look at the rules of the functions that L calls"
    )


def _of_taylor(case: Case, finding: Finding, rng: Any) -> str:
    """Which term is wrong"""
    if finding.wanted < 3:
        return "L is not the derivative here"
    return (
        "L is right here, its own derivative is not: a residual comes from a kernel, a constant or "
        "an earlier point"
    )


def _of_one_factorization(case: Case, finding: Finding, rng: Any) -> str:
    """Where the factors belong"""
    if "made" in finding.what:
        return "making L must cost nothing: give it the factors that the value saves=, or y"
    return "what the value has computed reaches the derivative as y, or by saves="


def _of_native(case: Case, finding: Finding, rng: Any) -> str:
    return "the map is right where it is called, so something in it is no function of its residuals"


DIAGNOSES: dict[str, Diagnosis] = {
    "differences": _of_differences,
    "transpose": _of_transpose,
    "inverse": _of_inverse,
    "linearity": _of_linearity,
    "second order": _of_second_order,
    "contract": _of_contract,
    "basis": _of_basis,
    "stack": _of_stack,
    "strides": _of_strides,
    "taylor": _of_taylor,
    "one factorization": _of_one_factorization,
    "native": _of_native,
    "third order": _of_third_order,
}


# -- of what was raised ---------------------------------------------------------------------------

RAISED = {
    ("read-only",): "something writes into an array that it was given",
    ("ConcretizationTypeError", "TracerBool", "data-dependent", "ConcretizationError"): (
        "a rule looks at numbers: it may branch on shapes, dtypes and keywords alone"
    ),
}


def diagnose_error(name: str, case: Case, error: Exception, rng: Any) -> str:
    """Return a sentence on why the rule raises, empty if no known mistake fits."""
    for words, cause in RAISED.items():
        if any(word in f"{type(error).__name__}: {error}" for word in words):
            return cause
    of_shapes = any(word in str(error).lower() for word in ("shape", "size", "dimension"))
    if not of_shapes or not isinstance(case.f, Primitive) or not case.signature:
        return ""
    square = _squared(case, rng)
    if square is None or not _raises(case) or _raises(square):
        return ""
    return (
        "the shapes fit where all matrices are square, and only there: a transposition is missing "
        "or too many, or operands are exchanged"
    )


def _raises(case: Case) -> bool:
    import numpy as np

    try:
        case.push([np.ones_like(x) for x in case.points])
        case.pull([np.ones_like(y) for y in case.values])
    except Exception:
        return True
    return False


def _squared(case: Case, rng: Any) -> Case | None:
    """Return the function at arrays all of whose trailing axes have the same size."""
    import numpy as np

    dims, _ = parse_signature(case.signature or "")
    sizes = {
        (dim, size)
        for x, names in zip(case.numbers, dims, strict=True)
        for dim, size in zip(names, x.shape[x.ndim - len(names) :], strict=True)
    }
    if len({size for _, size in sizes}) < 2:
        return None
    n = max(size for _, size in sizes)
    numbers = []
    for x, names in zip(case.numbers, dims, strict=True):
        shape = (*x.shape[: x.ndim - len(names)], *(n for _ in names))
        numbers.append(random_like(rng, np.zeros((), x.dtype), shape) if shape else x)
    return case.changed(numbers=numbers)
