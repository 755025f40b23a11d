"""The rule of the inverse, broken on purpose: what must catch each, and be said of it."""

import numpy as np

import unidiff as ud
from unidiff.linear import LinearMap
from unidiff.maps import (
    conjugate,
    left,
    linear_map,
    right,
    scale,
    static,
    zero,
)

A = np.array([[3.0, 1.0, 0.5], [-0.5, 2.0, 1.0], [0.25, -1.0, 4.0]])
X = np.array([0.7, -1.2, 1.9])
B = np.array([[1.0, 2.0], [0.5, -1.0], [-2.0, 0.25]])


def rule(signature, value, derivative, saves=()):
    """Return a primitive of a value and a derivative."""
    made = ud.primitive(signature, saves=saves, name=value.__name__)(value)
    made.derivative(derivative)
    return made


@linear_map
class Assembled(LinearMap):
    """A map and a transpose from anywhere: how a mutant is made"""

    forward: LinearMap
    transposed: LinearMap

    def __call__(self, dx):
        return self.forward(dx)

    def pull(self, w):
        return self.transposed(w)

    @property
    def T(self):
        return Assembled(self.transposed, self.forward)

    @property
    def inv(self):
        return self.forward.inv


def assembled(forward, transposed=None):
    return Assembled(forward, transposed or forward.T)


@linear_map
class WrongInverse(LinearMap):
    """A map with an inverse of the wrong sign"""

    of: LinearMap

    def __call__(self, dx):
        return self.of(dx)

    @property
    def T(self):
        return WrongInverse(self.of.T)

    @property
    def inv(self):
        return -self.of.inv


# -- mutants of the rule of inv -------------------------------------------------------------------


def inv(xp, a):
    return xp.linalg.inv(a)


def right_map(xp, y, a):
    return -left(y) @ right(y)


@linear_map
class Bent(LinearMap):
    """dx ↦ f(dx) + ε dx dx, which is not linear"""

    of: LinearMap
    epsilon: float = static()

    def __call__(self, dx):
        return self.of(dx) + self.epsilon * dx * dx

    @property
    def T(self):
        return self.of.T


class Stale:
    """A derivative that keeps the first y it has seen."""

    def __init__(self):
        self.kept = None

    def __call__(self, xp, y, a):
        if self.kept is None:
            self.kept = y
        return right_map(xp, self.kept, a)


def scaled(L, by):
    return scale(by) @ L


def scaled_transpose(xp, y, a):
    L = right_map(xp, y, a)
    return assembled(L, scaled(L.T, 1 + 5e-4))


def slightly_scaled_transpose(xp, y, a):
    L = right_map(xp, y, a)
    return assembled(L, scaled(L.T, 1 + 1e-6))


def scaled_both(xp, y, a):
    return scaled(right_map(xp, y, a), 1 + 5e-4)


def slightly_scaled(xp, y, a):
    return scaled(right_map(xp, y, a), 1 + 1e-6)


def untransposed(xp, y, a):
    L = right_map(xp, y, a)
    return assembled(L, L)


def wrong_inverse(xp, y, a):
    return WrongInverse(right_map(xp, y, a))


def nonlinear(xp, y, a):
    return Bent(right_map(xp, y, a), 1e-3)


def conjugated(xp, y, a):
    return right_map(xp, xp.conj(y) if xp.isdtype(y.dtype, "complex floating") else y, a)


def adjoint_for_transpose(xp, y, a):
    L = right_map(xp, y, a)
    return assembled(L, conjugate @ L.T @ conjugate)


def wrong_sign(xp, y, a):
    return left(y) @ right(y)


def detached(xp, y, a):
    y = ud.stop_gradient(y)
    return right_map(xp, y, a)


def in_double(xp, y, a):
    return scale(xp.asarray([[1.0]], dtype=xp.float64)) @ right_map(xp, y, a)


def of_first_of_stack(xp, y, a):
    return right_map(xp, y[0, ...] if y.ndim > 2 else y, a)


INV = {
    "L.T scaled by 1 + 5e-4": (
        scaled_transpose,
        "transpose",
        "L and L.T differ by the factor 1.0005",
    ),
    "L.T scaled by 1 + 1e-6": (
        slightly_scaled_transpose,
        "transpose",
        "differ by the factor 1.000001",
    ),
    "L and L.T scaled by 1 + 5e-4": (scaled_both, "differences", "1.0005 times the derivative"),
    "L and L.T scaled by 1 + 1e-6": (
        slightly_scaled,
        "differences",
        "is 1.000001 times the derivative",
    ),
    "L.T forgets to transpose": (untransposed, "transpose", "you gave L where L.T is due"),
    "L reads a stale argument": (Stale(), "differences", "L reads a stale argument"),
    "L.inv of the wrong sign": (wrong_inverse, "inverse", "L.inv has the wrong sign"),
    "L is not linear": (nonlinear, "linearity", "L is not linear"),
    "L conjugates y": (conjugated, "differences (complex)", ""),
    "L.H for L.T": (adjoint_for_transpose, "transpose (complex)", "L.H where L.T is due"),
    "wrong sign": (wrong_sign, "differences", "operand 0 has the wrong sign"),
    "a constant residual": (detached, "second order", "L does not depend on the arguments"),
    "a constant of double precision": (in_double, "contract (single)", "dtype=a.dtype"),
    "wrong on stacks": (of_first_of_stack, "stack", ""),
    "zero for what moves": (lambda xp, y, a: zero, "differences", "`zero` is for what does not"),
}
