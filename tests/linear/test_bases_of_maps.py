"""Extra leading axes pass: a basis in one call is the map of its vectors, there and back."""

from __future__ import annotations

import itertools

import pytest
from linear.every_map import BIJECTIONS, EVERY_MAP, ONLY_NUMPY, Draw
from linear.pairing import assert_close, at, numbers

import unidiff as ud

leads = pytest.mark.parametrize("lead", [(3,), (2, 2), (1,), (0,)])
libraries = pytest.mark.parametrize("library", ["numpy", "array_api_strict"])


def drawn(library, name, rng):
    if library != "numpy" and name in ONLY_NUMPY:
        pytest.skip("SciPy's operators take NumPy's arrays")
    draw = Draw(ud.backend(library).plain, rng, "complex128")
    return draw, *EVERY_MAP[name](draw)


def each(f, basis, lead):
    return [(index, f(at(basis, index))) for index in itertools.product(*map(range, lead))]


@leads
@libraries
@pytest.mark.parametrize("name", EVERY_MAP)
def test_a_basis_is_pushed_in_one_call(rng, library, name, lead):
    draw, L, x = drawn(library, name, rng)
    basis = draw.basis(lead, x)
    pushed = L(basis)

    assert [p.shape for p in numbers(pushed)] == [(*lead, *p.shape) for p in numbers(L(x))]
    for index, wanted in each(L, basis, lead):
        assert_close(at(pushed, index), wanted)


@leads
@libraries
@pytest.mark.parametrize("name", EVERY_MAP)
def test_a_basis_is_pulled_in_one_call(rng, library, name, lead):
    draw, L, x = drawn(library, name, rng)
    basis = draw.basis(lead, L(x))
    transposed, pulled = L.T(basis), L.pull(basis)

    for index, wanted in each(L.T, basis, lead):
        assert_close(at(transposed, index), wanted)
        assert_close(at(pulled, index), wanted)


@leads
@pytest.mark.parametrize("name", BIJECTIONS)
def test_a_basis_goes_back_through_the_inverse_in_one_call(rng, name, lead):
    draw, L, x = drawn("numpy", name, rng)
    basis = draw.basis(lead, L(x))
    solved = L.inv(basis)

    for index, wanted in each(L.inv, basis, lead):
        assert_close(at(solved, index), wanted)
