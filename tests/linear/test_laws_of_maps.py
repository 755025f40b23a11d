"""The algebra: composition, transpose and inverse obey their laws, and zero and identity vanish."""

from __future__ import annotations

import numpy as np
import pytest
from linear.every_map import BIJECTIONS, EVERY_MAP, Draw
from linear.pairing import assert_close

from unidiff import NotInvertible
from unidiff.maps import column, diag, identity, left, parallel, right, row, scale, zero

DTYPES = ["float64", "complex128"]
made = pytest.mark.parametrize("dtype", DTYPES)


@made
@pytest.mark.parametrize("name", EVERY_MAP)
def test_the_transpose_of_the_transpose_is_the_map(rng, name, dtype):
    L, x = EVERY_MAP[name](Draw(np, rng, dtype))

    assert_close(L.T.T(x), L(x))


@made
@pytest.mark.parametrize("name", EVERY_MAP)
def test_pull_is_the_transpose_applied(rng, name, dtype):
    draw = Draw(np, rng, dtype)
    L, x = EVERY_MAP[name](draw)
    w = draw.like(L(x))

    assert_close(L.pull(w), L.T(w))


@made
@pytest.mark.parametrize("name", EVERY_MAP)
def test_the_adjoint_is_the_conjugate_of_the_transpose(rng, name, dtype):
    draw = Draw(np, rng, dtype)
    L, x = EVERY_MAP[name](draw)
    w = draw.like(L(x))
    conj = lambda x: tuple(map(conj, x)) if isinstance(x, tuple) else x if x is None else x.conj()  # noqa: E731

    assert_close(L.H(w), conj(L.T(conj(w))))


@made
@pytest.mark.parametrize("name", BIJECTIONS)
def test_the_inverse_undoes_the_map_on_both_sides(rng, name, dtype):
    draw = Draw(np, rng, dtype)
    L, x = BIJECTIONS[name](draw)
    y = draw.like(L(x))

    assert_close(L.inv(L(x)), x)
    assert_close(L(L.inv(y)), y)


@made
@pytest.mark.parametrize("name", BIJECTIONS)
def test_the_inverse_of_the_transpose_is_the_transpose_of_the_inverse(rng, name, dtype):
    L, x = BIJECTIONS[name](Draw(np, rng, dtype))

    assert_close(L.inv.T(x), L.T.inv(x))


@made
@pytest.mark.parametrize("name", ["embed", "to_complex", *BIJECTIONS])
def test_a_left_inverse_undoes_the_map(rng, name, dtype):
    L, x = EVERY_MAP[name](Draw(np, rng, dtype))

    assert_close(L.left_inverse(L(x)), x)


@made
def test_a_composition_reverses(rng, dtype):
    draw = Draw(np, rng, dtype)
    f, g, x, w = left(draw.square(3, 3)), right(draw.square(2, 2)), draw(3, 2), draw(3, 2)

    assert_close((f @ g)(x), f(g(x)))
    assert_close((f @ g).T(w), (g.T @ f.T)(w))
    assert_close((f @ g).inv(w), (g.inv @ f.inv)(w))
    assert_close((f @ g).H(w), (g.H @ f.H)(w))


@made
def test_sums_and_negatives_go_through_the_transpose(rng, dtype):
    draw = Draw(np, rng, dtype)
    f, g, x, w = left(draw(3, 3)), right(draw(2, 2)), draw(3, 2), draw(3, 2)

    assert_close((f - g)(x), f(x) - g(x))
    assert_close((f + g).T(w), f.T(w) + g.T(w))
    assert_close((-f).T(w), -f.T(w))


def test_a_row_and_a_column_transpose_to_each_other(rng):
    draw = Draw(np, rng, "float64")
    f, g, w = left(draw(2, 3)), left(draw(2, 4)), draw(2, 5)

    assert_close(row(f, g).T(w), column(f.T, g.T)(w))


@pytest.mark.parametrize(
    "vanished",
    [
        zero @ left(np.eye(2)),
        left(np.eye(2)) @ zero,
        zero + zero,
        -zero,
        zero.T,
        row(zero, zero),
        column(zero, zero),
        row(left(np.eye(2)), zero).pick(1),
        (left(np.eye(2)) @ row(zero, identity)).pick(0),
        column(zero, identity).pick(outputs=0),
        parallel(identity, identity).pick(0, 1),
    ],
)
def test_the_algebra_removes_zero(vanished):
    assert vanished is zero


def test_the_algebra_removes_zero_and_identity_from_sums_and_compositions():
    f = left(np.eye(2))

    assert f + zero is f
    assert zero + f is f
    assert f @ identity is f
    assert identity @ f is f
    assert identity.T is identity.inv is identity


def test_zero_computes_nothing():
    assert zero(np.ones(3)) is None
    assert zero.pull(np.ones(3)) is None
    assert (diag(np.ones(2)) @ row(zero, identity))((np.ones(2), None)) is None


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (left(np.ones((2, 3))), r"left\(2×3\) has no inverse; its matrix is not square"),
        (left(np.ones(3)), r"left\(3\) has no inverse"),
        (left(np.eye(2)) + right(np.eye(2)), r"\(left\(2×2\) \+ right\(2×2\)\) has no inverse"),
        (row(identity, identity), r"row\(identity, identity\) has no inverse"),
        (scale(np.asarray(2.0)) @ zero, "zero has no inverse"),
    ],
)
def test_what_has_no_inverse_says_so(f, message):
    with pytest.raises(NotInvertible, match=message):
        f.inv
