"""The transpose is the adjoint under Re Σ u v, and every map is linear."""

from __future__ import annotations

import numpy as np
import pytest
from linear.every_map import EVERY_MAP, OF_REAL, ONLY_NUMPY, REAL, Draw
from linear.pairing import assert_close, numbers, pairing

import unidiff as ud

made = pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])


@made
@pytest.mark.parametrize("library", ["numpy", "array_api_strict"])
@pytest.mark.parametrize("name", EVERY_MAP)
def test_pushing_and_pulling_pair_alike(rng, library, name, dtype):
    if library != "numpy" and name in ONLY_NUMPY:
        pytest.skip("SciPy's operators take NumPy's arrays")
    draw = Draw(ud.backend(library).plain, rng, dtype)
    L, x = EVERY_MAP[name](draw)
    if name == "real_part" and not dtype.startswith("complex"):
        pytest.skip("real_part starts from complex arrays")
    u, v = draw.like(x), draw.like(L(x))
    pushed, pulled = L(u), L.T(v)
    size = sum(np.linalg.norm(p) ** 2 for p in numbers(pushed) + numbers(v)) + 1

    assert pairing(pushed, v) == pytest.approx(
        pairing(u, pulled), rel=0, abs=float(64 * np.finfo(REAL[dtype]).eps * size)
    )
    assert [p.dtype for p in numbers(pulled)] == [
        p.dtype
        for p, q in zip(numbers(u), pulled if isinstance(pulled, tuple) else (pulled,), strict=True)
        if q is not None
    ]


@made
@pytest.mark.parametrize("name", EVERY_MAP)
def test_every_map_is_linear(rng, name, dtype):
    draw = Draw(np, rng, dtype)
    L, u = EVERY_MAP[name](draw)
    v = draw.like(u)
    factor = 3j if L.c_linear and dtype.startswith("complex") and name != "to_complex" else 3
    combined = L(_combined(u, v, factor))

    assert_close(combined, _combined(L(u), L(v), factor), slack=512)


def _combined(u, v, factor):
    if isinstance(u, tuple):
        return tuple(_combined(p, q, factor) for p, q in zip(u, v, strict=True))
    return None if u is None else u + (factor * v).astype(u.dtype)


@pytest.mark.parametrize("name", EVERY_MAP)
def test_whether_a_map_commutes_with_i_is_what_it_says(rng, name):
    L, x = EVERY_MAP[name](Draw(np, rng, "complex128"))
    if name in OF_REAL:
        assert not L.c_linear
        return
    times_i = tuple(1j * part for part in x) if isinstance(x, tuple) else 1j * x
    commutes = all(
        np.allclose(p, 1j * q) for p, q in zip(numbers(L(times_i)), numbers(L(x)), strict=True)
    )

    if name.startswith("from_functions"):
        assert not L.c_linear, "of a function of complex arrays nothing is known"
    else:
        assert L.c_linear == commutes
