"""From a finding to what is likely wrong with the rule: known mistakes, tried one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._case import Case, Numbers, largest
from ._differences import derivative
from ._report import Finding

SMALL = 400  # entries of a map that is written out for its diagnosis


def diagnose(name: str, case: Case, finding: Finding, rng: Any) -> str:
    """Return a sentence on what is likely wrong, empty if no known mistake fits."""
    found = DIAGNOSES.get(name)
    return found(case, finding, rng) if found is not None else ""


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


def _of_transpose(case: Case, finding: Finding, rng: Any) -> str:
    """L.T against L, both written out"""
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
    if s is not None and not alike(T, due):
        return (
            "L.T has the wrong sign"
            if alike(T, -due)
            else f"L and L.T differ by the factor {s:.8g}"
        )
    if alike(T, L):
        return "you gave L where L.T is due"
    if alike(T, due.conj()):
        return "conjugated: L.H where L.T is due"
    if alike(T, L.conj()):
        return "conjugated, and not transposed"
    if alike(T, due.real):
        return "L.T drops the imaginary part"
    return ""


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


def _of_differences(case: Case, finding: Finding, rng: Any) -> str:
    """L against the derivative"""
    got, wanted = finding.got, finding.wanted
    k, j = finding.operand or 0, finding.output or 0
    if got.shape != wanted.shape:
        return "L(dx) must have the shape of the value"
    if not largest(got):
        return "L is zero, but the output moves; `zero` is for what does not move"
    s = factor(got, wanted)
    if s is not None and alike(got, -wanted):
        return f"L of operand {k} has the wrong sign"
    if s is not None:
        return f"L of operand {k} is {s:.8g} times the derivative"
    if wanted.dtype.kind == "c" and alike(got, wanted.conj()):
        return "L is conjugated"
    if got.dtype.kind == "c" and alike(got.real + 0j, wanted + 0j):
        return "L forgets to take the real part"
    if "point 2" in finding.what and _is_stale(case, k, j, rng):
        return "L reads a stale argument: at a second point it is the derivative at the first"
    return _misplaced(case, k, j, rng)


def _is_stale(case: Case, k: int, j: int, rng: Any) -> bool:
    here = case.second_point(rng)
    dxs = [dx if i == k else 0 * dx for i, dx in enumerate(here.tangents(rng))]
    wanted, _ = derivative(case.wide.evaluate, case.wide.points, dxs)
    return alike(here.push(dxs)[j], wanted[j])


def _misplaced(case: Case, k: int, j: int, rng: Any) -> str:
    """L.T in the place of L, or the map of another operand"""
    dxs = [dx if i == k else 0 * dx for i, dx in enumerate(case.tangents(rng))]
    wanted = derivative(case.wide.evaluate, case.wide.points, dxs)[0][j]
    dx = dxs[k]
    if dx.shape == wanted.shape:
        turned = case.pull([dx if i == j else 0 * y for i, y in enumerate(case.values)])[k]
        if alike(turned, wanted):
            return "you gave L.T where L is due"
    for other, x in enumerate(case.points):
        if other != k and x.shape == dx.shape:
            moved = case.push([dx if i == other else 0 * v for i, v in enumerate(dxs)])[j]
            if alike(moved, wanted):
                return f"the map of operand {k} stands in the place of operand {other}"
    return ""


def _of_inverse(case: Case, finding: Finding, rng: Any) -> str:
    """A round trip against where it began"""
    if not finding.numeric:
        return ""
    s = factor(finding.got, finding.wanted)
    if s is None:
        return ""
    return (
        "L.inv has the wrong sign" if abs(s + 1) < 1e-9 else f"L.inv is off by the factor {s:.8g}"
    )


def _of_second_order(case: Case, finding: Finding, rng: Any) -> str:
    """A derivative of the map"""
    return (
        "first order may be right: L does not depend on the arguments and on y as it should, as "
        "where a residual comes from a kernel or a constant, not from primitives"
    )


def _of_linearity(case: Case, finding: Finding, rng: Any) -> str:
    return f"{finding.what.split('(')[0]} is not linear in its argument"


def _of_contract(case: Case, finding: Finding, rng: Any) -> str:
    """Facts speak for themselves, but for their cause"""
    for word, cause in CAUSES.items():
        if finding.what.startswith(word) or word in finding.what:
            return cause
    return ""


CAUSES = {
    "shape of L.T": "a broadcast is not undone: its transpose is a sum",
    "dtype of": "constants are made with dtype=a.dtype; a real operand takes the real part of w",
    "precision": "constants are made with dtype=a.dtype",
    "after the calls": "something writes into an array that it was given",
}

DIAGNOSES: dict[str, Callable[[Case, Finding, Any], str]] = {
    "differences": _of_differences,
    "transpose": _of_transpose,
    "inverse": _of_inverse,
    "second order": _of_second_order,
    "linearity": _of_linearity,
    "contract": _of_contract,
}
