"""Rules broken so that one property alone finds it."""

import numpy as np
from broken_inverses import A, B, X, inv, right_map, rule

import unidiff as ud
from unidiff.linear import LinearMap
from unidiff.maps import diag, left, left_solve, linear_map, right, row

OBLONG = np.outer(X, [1.0, -0.5])


# -- strides --------------------------------------------------------------------------------------


def squared(xp, x):
    return x * x


def as_stored(xp, y, x):
    """dy = 2 x dx, with x read in the order in which it lies in memory"""
    if isinstance(x, np.ndarray):
        x = np.reshape(np.ravel(x, order="K"), x.shape)
    return diag(2 * x)


# -- taylor ---------------------------------------------------------------------------------------


def of_first_call():
    """Return x³, whose second derivative is that at the first point where it is asked for."""
    kept = []

    def curvature(xp, y, x):
        kept.append(ud.value_of(x))
        return xp.asarray(6 * kept[0])

    slope = ud.elementwise("slope", curvature, value=lambda xp, x: 3 * x * x)
    return ud.elementwise("cube", lambda xp, y, x: slope(x), value=lambda xp, x: x**3)


# -- one factorization ----------------------------------------------------------------------------


def solved(xp, a, b):
    return xp.linalg.solve(a, b)


def factored_when_made(xp, y, a, b):
    return left_solve(a) @ row(-right(y), left(xp.eye(3, dtype=a.dtype)))


@linear_map
class SolveAnew(LinearMap):
    """dx ↦ m⁻¹ dx, which factors m whenever it is called"""

    m: np.ndarray

    def __call__(self, dx):
        return ud.linalg.solve(self.m, dx)

    @property
    def T(self):
        return SolveAnew(self.m.mT)


def factored_when_called(xp, y, a, b):
    return SolveAnew(a) @ row(-right(y), left(xp.eye(3, dtype=a.dtype)))


@linear_map
class LeftAnew(LinearMap):
    """dx ↦ m dx, whose inverse factors m whenever it is called"""

    m: np.ndarray

    def __call__(self, dx):
        return self.m @ dx

    @property
    def T(self):
        return LeftAnew(self.m.mT)

    @property
    def inv(self):
        return SolveInverse(self.m)


@linear_map
class SolveInverse(SolveAnew):
    """The inverse of it"""

    m: np.ndarray

    @property
    def T(self):
        return SolveInverse(self.m.mT)

    @property
    def inv(self):
        return LeftAnew(self.m)


def multiplied(xp, a, x):
    return a @ x


@ud.primitive("(m,m)->(m,m)")
def exponential(xp, a):
    """y = 1 + a + a²/2 + …, by so many terms that another would not be seen"""
    y = term = xp.eye(a.shape[-1], dtype=a.dtype)
    for k in range(1, 30):
        term = term @ a / k
        y = y + term
    return y


@linear_map
class Rotating(LinearMap):
    """dx ↦ e^a dx, of which the exponential is computed whenever it is called"""

    a: np.ndarray
    transposed: bool = ud.maps.static(default=False)

    def __call__(self, dx):
        y = exponential(self.a)
        return (y.mT if self.transposed else y) @ dx

    @property
    def T(self):
        return Rotating(self.a, not self.transposed)


exponential.derivative(lambda xp, y, a: Rotating(a))  # right of numbers, which commute


# -- third order ----------------------------------------------------------------------------------

bent = ud.elementwise("bent", lambda xp, y, x: 23 * x, value=lambda xp, x: 12 * x * x)
sloped = ud.elementwise("sloped", lambda xp, y, x: bent(x), value=lambda xp, x: 4 * x**3)
quartic = ud.elementwise("quartic", lambda xp, y, x: sloped(x), value=lambda xp, x: x**4)


# -- native ---------------------------------------------------------------------------------------


def branching(xp, y, a):
    """dy = −y da y, after a look at the numbers of y"""
    small = float(ud.value_of(xp.max(xp.abs(y)))) < 100
    return right_map(xp, y, a) if small else -left(y) @ right(y)


solve = "(m,m),(m,k)->(m,k)"
FOR_ONE = {
    "an array read as it lies in memory": (
        rule("(m,n)->(m,n)", squared, as_stored),
        (OBLONG,),
        {},
        "strides",
        "how an array is stored",
    ),
    "a second derivative of an earlier point": (
        of_first_call(),
        (X,),
        {"complex": False},
        "taylor",
        "its own derivative is not",
    ),
    "factors made with the map": (
        rule(solve, solved, factored_when_made),
        (A, B),
        {},
        "one factorization",
        "making L must cost nothing",
    ),
    "factors made in each sweep": (
        rule(solve, solved, factored_when_called),
        (A, B),
        {},
        "one factorization",
        "saves=",
    ),
    "factors made in each sweep of the inverse": (
        rule(solve, multiplied, lambda xp, y, a, x: row(right(x), LeftAnew(a))),
        (A, B),
        {},
        "one factorization",
        "",
    ),
    "the value computed in each sweep": (
        exponential,
        (np.asarray([[0.7]]),),
        {},
        "one factorization",
        "reaches the derivative as y",
    ),
    "a third derivative": (quartic, (X,), {"order": 3}, "third order", "second order may be right"),
}

BRANCHING = rule("(m,m)->(m,m)", inv, branching)
