"""Closed forms of 3×3 matrices in torch's elementwise functions, and one program in both forms.

torch.linalg is no reference: its own second derivatives of solve, det and slogdet are wrong.
"""

from __future__ import annotations

import torch
from torch.utils._pytree import tree_leaves
from user_rules import absolute, power, power_derived, squares, take

import unidiff as ud

N = 3


def normal(*shape, seed, dtype=torch.float64):
    """Return numbers that are the same in every run."""
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


EYE = torch.eye(N, dtype=torch.float64)
A, A_STACK = normal(N, N, seed=0) + 4 * EYE, normal(5, N, N, seed=1) + 4 * EYE
B, B_STACK = normal(N, 2, seed=2), normal(5, N, 2, seed=3)
V, W = normal(N, N, seed=4), normal(N, 2, seed=5)
A_COMPLEX, V_COMPLEX = A + 1j * normal(N, N, seed=6), V + 1j * normal(N, N, seed=7)


def cross(u, v):
    """Return the vector product."""
    (u0, u1, u2), (v0, v1, v2) = u.unbind(-1), v.unbind(-1)
    return torch.stack((u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0), -1)


def det3(a):
    """Return the determinant of 3×3 matrices."""
    r0, r1, r2 = a.unbind(-2)
    return (r0 * cross(r1, r2)).sum(-1)


def inv3(a):
    """Return the inverse of 3×3 matrices."""
    r0, r1, r2 = a.unbind(-2)
    return torch.stack((cross(r1, r2), cross(r2, r0), cross(r0, r1)), -1) / det3(a)[..., None, None]


class Ours:
    """The functions under test."""

    inv = staticmethod(ud.linalg.inv)
    solve = staticmethod(ud.linalg.solve)
    slogdet = staticmethod(ud.linalg.slogdet)
    power = staticmethod(power)
    squares = staticmethod(squares)
    take = staticmethod(take)
    absolute = staticmethod(absolute)


class Derived(Ours):
    """The same, with a transpose that the backend derives."""

    power = staticmethod(power_derived)


class ClosedForm:
    """The same functions, of 3×3 matrices."""

    inv = staticmethod(inv3)

    @staticmethod
    def solve(a, b):
        return inv3(a) @ b

    @staticmethod
    def slogdet(a):
        return torch.sign(det3(a)), torch.log(torch.abs(det3(a)))

    @staticmethod
    def power(a, *, k, scale):
        y = a
        for _ in range(k - 1):
            y = y @ a
        return scale * y

    @staticmethod
    def squares(a):
        return a @ a, a * a

    @staticmethod
    def take(x, index):
        return torch.take_along_dim(x, index, -1)

    absolute = staticmethod(torch.abs)


def program(functions):
    """Return a scalar function of two arrays that goes through four primitives."""

    def f(a, b):
        shifted = a @ a.mT + torch.eye(a.shape[-1], dtype=a.dtype)
        y = functions.inv(a) @ functions.solve(shifted, b)
        logabs = functions.slogdet(a)[1]
        return (y**2).sum() + logabs + functions.power(a * 0.1, k=3, scale=2.0).sum()

    return f


ours, reference = program(Ours), program(ClosedForm)


def differences(f, x, step=1e-5):
    """Return the Jacobian of f at x by central differences."""
    basis = torch.eye(x.numel(), dtype=x.dtype).reshape(x.numel(), *x.shape)
    columns = [(f(x + step * e) - f(x - step * e)) / (2 * step) for e in basis]
    found = torch.stack(columns, -1)
    return found.reshape(*found.shape[:-1], *x.shape)


def leaf(x):
    """Return a leaf of autograd with these numbers."""
    return x.detach().clone().requires_grad_()


def assert_close(actual, expected, factor=1e5):
    """Compare trees of tensors: shapes, dtypes, and numbers to `factor` rounding errors."""
    found, wanted = tree_leaves(actual), tree_leaves(expected)
    assert len(found) == len(wanted)
    for x, y in zip(found, wanted, strict=True):
        tolerance = factor * torch.finfo(y.dtype).eps
        size = float(y.detach().abs().max()) if y.numel() else 0.0
        torch.testing.assert_close(x, y, rtol=tolerance, atol=tolerance * max(1.0, size))
