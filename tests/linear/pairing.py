"""What tests of maps measure with: the real pairing of arrays or tuples, and closeness."""

from __future__ import annotations

from typing import Any

import numpy as np


def numbers(x: Any) -> list[np.ndarray]:
    """The arrays of an array or a tuple, None left out, as NumPy's."""
    parts = x if isinstance(x, tuple) else (x,)
    return [np.asarray(part) for part in parts if part is not None]


def pairing(u: Any, v: Any) -> float:
    """Re Σ u · v, without a conjugate; None is zero."""
    us, vs = (x if isinstance(x, tuple) else (x,) for x in (u, v))
    pairs = [(p, q) for p, q in zip(us, vs, strict=True) if p is not None and q is not None]
    return float(sum(np.sum(np.asarray(p) * np.asarray(q)).real for p, q in pairs))


def assert_close(found: Any, wanted: Any, slack: float = 64.0) -> None:
    """Equal shapes, dtypes and, to `slack` units of the dtype's precision, numbers."""
    found, wanted = numbers(found), numbers(wanted)

    assert [x.shape for x in found] == [x.shape for x in wanted]
    assert [x.dtype for x in found] == [x.dtype for x in wanted]
    for x, y in zip(found, wanted, strict=True):
        eps = np.finfo(y.dtype).eps if y.dtype.kind in "fc" else 0.0
        np.testing.assert_allclose(x, y, rtol=0, atol=slack * eps * (1 + np.abs(y).max(initial=0)))


def at(x: Any, index: tuple[int, ...]) -> Any:
    """One array of a basis; of a tuple, one of each."""
    if isinstance(x, tuple):
        return tuple(at(part, index) for part in x)
    return None if x is None else x[(*index, ...)]
