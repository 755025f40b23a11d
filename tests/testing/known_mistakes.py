"""The usual mistakes of authors of rules: where each is found, and what is said of it."""

import numpy as np
from broken_inverses import A, B, X, assembled, inv, rule

import unidiff as ud
from unidiff.linear import LinearMap
from unidiff.maps import (
    column,
    diag,
    identity,
    left,
    linear_map,
    matrix_transpose,
    right,
    row,
    scale,
)

C = A + 1j * A.T / 3
OBLONG = A[:, :2]


def is_complex(xp, x):
    return xp.isdtype(x.dtype, "complex floating")


# -- values ---------------------------------------------------------------------------------------


def square(xp, a):
    return a @ a


def sandwich(xp, a, x, b):
    return a @ x @ b


def turned_product(xp, a, b):
    return a.mT @ b


def product(xp, a, b):
    return a @ b


def ratio(xp, a, b):
    return a / b


def both(xp, x):
    return xp.sin(x), xp.cos(x)


def total(xp, x, *, axis=-1):
    return xp.sum(x, axis=axis)


def times_conjugate(xp, a, x):
    return (xp.conj(a) if is_complex(xp, a) else a) * x


# -- maps -----------------------------------------------------------------------------------------


@linear_map
class Affine(LinearMap):
    """dx ↦ f(dx) + 1, which is not linear"""

    of: LinearMap

    def __call__(self, dx):
        return self.of(dx) + 1.0

    @property
    def T(self):
        return self.of.T


@linear_map
class Squared(LinearMap):
    """dx ↦ d dx dx, which is not linear"""

    d: np.ndarray

    def __call__(self, dx):
        return self.d * dx * dx

    @property
    def T(self):
        return diag(self.d)


@linear_map
class Conjugating(LinearMap):
    """dx ↦ d conj(dx), which says that it is linear over the complex numbers"""

    d: np.ndarray

    def __call__(self, dx):
        xp = ud.array_namespace(dx)
        return self.d * (xp.conj(dx) if is_complex(xp, dx) else dx)

    @property
    def T(self):
        return self


def doubled_transpose(xp, y, a):
    L = left(a) + right(a)
    return assembled(L, scale(2.0) @ L.T)


def untransposed_operand(xp, y, a, x, b):
    L = row(right(x @ b), left(a) @ right(b), left(a @ x))
    return assembled(L, column(right(x @ b).T, left(a.mT) @ right(b), left(a @ x).T))


def in_double(xp, y, x):
    return diag(xp.ones_like(x, dtype=xp.float64) * 2)


def twice(xp, x):
    return x + x


of_two = "(m,n),(m,k)->(n,k)"
MISTAKES = {
    "the transpose for the map": (
        rule("(m,m)->(m,m)", square, lambda xp, y, a: (left(a) + right(a)).T),
        (A,),
        "differences",
        "you gave L.T where L is due",
    ),
    "a term too many": (
        rule("()->()", lambda xp, x: x * x / 2, lambda xp, y, x: diag(x + x)),
        (X,),
        "differences",
        "is 2 times the derivative: one of two equal terms too many",
    ),
    "a term too few": (
        rule("()->()", lambda xp, x: x * x, lambda xp, y, x: diag(x)),
        (X,),
        "differences",
        "is 0.5 times the derivative: one of two equal terms is missing",
    ),
    "the transpose off by a factor": (
        rule("(m,m)->(m,m)", square, doubled_transpose),
        (A,),
        "transpose",
        "L and L.T differ by the factor 2",
    ),
    "an operand not transposed": (
        rule(
            of_two,
            turned_product,
            lambda xp, y, a, b: row(right(b) @ matrix_transpose, left(a)),
        ),
        (A, B),
        "differences",
        "one transposition too few, or too many, of operand 0",
    ),
    "an operand not transposed in the transpose": (
        rule("(m,m),(m,m),(m,m)->(m,m)", sandwich, untransposed_operand),
        (A, A.T @ A, A @ A),
        "transpose",
        "one transposition too few, or too many, of operand 2",
    ),
    "the value transposed": (
        rule("(m,m)->(m,m)", inv, lambda xp, y, a: -left(y.mT) @ right(y.mT)),
        (A,),
        "differences",
        "one transposition too few, or too many, of the value",
    ),
    "an operand not transposed, of oblong matrices": (
        rule(
            of_two,
            turned_product,
            lambda xp, y, a, b: row(right(b) @ matrix_transpose, left(a)),
        ),
        (OBLONG, A),
        "differences",
        "the shapes fit where all matrices are square, and only there",
    ),
    "a conjugation too few": (
        rule("(),()->()", times_conjugate, lambda xp, y, a, x: row(Conjugating(x), diag(a))),
        (C, C[::-1]),
        "differences",
        "one conjugation too few, or too many, of operand 0",
    ),
    "a conjugation too many": (
        rule("()->()", lambda xp, x: x * x, lambda xp, y, x: diag(2 * xp.conj(x))),
        (C,),
        "differences",
        "one conjugation too few, or too many, of operand 0",
    ),
    "operands exchanged in a rule": (
        rule("(),()->()", ratio, lambda xp, y, a, b: row(diag(1 / a), diag(-b / a / a))),
        (X, X[::-1] + 3),
        "differences",
        "operands 0 and 1 are exchanged in the rule",
    ),
    "maps of operands exchanged": (
        rule("(m,n),(n,k)->(m,k)", product, lambda xp, y, a, b: row(left(a), right(b))),
        (A, A.T @ A),
        "differences",
        "stands in the place of operand",
    ),
    "outputs exchanged": (
        rule("()->(),()", both, lambda xp, y, x: column(diag(-y[0]), diag(y[1]))),
        (X,),
        "differences",
        "stands in the place of output",
    ),
    "a keyword not looked at": (
        rule("(m,m)->(m)", total, lambda xp, y, x, *, axis: ud.maps.sum_over(x.shape[-2:], -1)),
        (A,),
        "differences",
        "the rule does not look at axis",
        {"axis": -2},
    ),
    "a constant added": (
        rule("()->()", lambda xp, x: x * x, lambda xp, y, x: Affine(diag(2 * x))),
        (X,),
        "linearity",
        "it adds a constant, L(0) is not 0",
    ),
    "a tangent squared": (
        rule("()->()", lambda xp, x: x * x, lambda xp, y, x: Squared(2 * x)),
        (X,),
        "linearity",
        "it goes with the square of its argument",
    ),
    "a conjugation that is not said": (
        rule("()->()", lambda xp, x: xp.conj(x) * 2, lambda xp, y, x: Conjugating(2 + 0 * x)),
        (C,),
        "linearity",
        "its class derives from RealLinear",
    ),
    "double precision": (
        rule("()->()", twice, in_double),
        (X.astype("float32"),),
        "contract",
        "float64 from float32: constants are made with dtype=a.dtype",
    ),
    "axes from the front": (
        rule("(n)->(n)", lambda xp, x: xp.flip(x, axis=-1), lambda xp, y, x: Flipped()),
        (X,),
        "basis",
        "count axes of dx and w from the end",
    ),
    "draws": (
        rule("()->()", lambda xp, x: x + next(DRAWS), lambda xp, y, x: identity),
        (X,),
        "contract",
        "it draws or counts something",
    ),
}
DRAWS = iter(range(100_000))


@linear_map
class Flipped(LinearMap):
    """dx ↦ dx backwards, along the first axis there is"""

    def __call__(self, dx):
        return ud.array_namespace(dx).flip(dx, axis=0)

    @property
    def T(self):
        return self
