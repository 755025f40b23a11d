"""Layouts of memory: the same numbers, stored otherwise, must give the same derivative."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .._backend import Array, Namespace
from ._case import Case, Refused, largest
from ._report import Findings, near

Layout = Callable[[Namespace, Array], Array]


def column_major(xp: Namespace, x: Array) -> Array:
    """In Fortran's order, the first index running fastest"""
    turned = xp.permute_dims(x, tuple(reversed(range(x.ndim))))
    stored = xp.reshape(xp.reshape(turned, (-1,)), turned.shape)
    return xp.permute_dims(stored, tuple(reversed(range(x.ndim))))


def every_other(xp: Namespace, x: Array) -> Array:
    """With zeros between its numbers"""
    return xp.stack([x, xp.zeros_like(x)], axis=-1)[..., 0]


def backwards(xp: Namespace, x: Array) -> Array:
    """With negative strides"""
    return xp.flip(xp.asarray(xp.flip(x), copy=True))


def read_only(xp: Namespace, x: Array) -> Array:
    """Not to be written to"""
    x = xp.asarray(x, copy=True)
    x.flags.writeable = False
    return x


def lazy(xp: Namespace, x: Array) -> Array:
    """With a conjugation, or a sign, that torch has put off"""
    if x.is_complex():
        return x.conj().resolve_conj().conj()
    return (x * -1j).conj().imag if x.is_floating_point() else x


LAYOUTS: dict[str, tuple[Layout, ...]] = {
    "numpy": (column_major, every_other, backwards, read_only),
    "cupy": (column_major, every_other, backwards),
    "torch": (column_major, every_other, lazy),
}
"""By backend; of others, the layout is not ours to choose."""


def strides(case: Case, rng: Any) -> Findings:
    """Arrays of the same numbers, laid out otherwise in memory, give the same"""
    layouts = LAYOUTS.get(case.of.name)
    if layouts is None:
        msg = f"not of this backend: {case.of.name} does not let the layout of memory be chosen"
        raise Refused(msg)
    dxs, ws = case.tangents(rng), case.cotangents(rng)
    wanted = case.values, case.push(dxs), case.pull(ws)
    for layout in layouts:
        there = case.changed(layout=partial(layout, case.of.plain))
        name = layout.__name__.replace("_", " ")
        if layout is not read_only and _refuses(there):
            continue  # as reshape does, where told not to copy
        found = there.values, there.push(dxs), there.pull(ws)
        for what, got, due in zip(("the value", "L(dx)", "L.T(w)"), found, wanted, strict=True):
            for j, (a, b) in enumerate(zip(got, due, strict=True)):
                told = f"{what} of arrays laid out {name}, against the same in rows"
                yield near(told, a, b, case.roundoff, largest(b), output=j)


def _refuses(case: Case) -> bool:
    try:
        case.values  # noqa: B018  (to see whether it raises)
    except ValueError:
        return True
    return False
