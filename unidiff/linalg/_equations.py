"""Matrix equations: Sylvester, Lyapunov, Stein. Their maps solve, and the inverses evaluate."""

from __future__ import annotations

from .._backend import Array, Namespace, array_namespace
from .._primitive import primitive
from ..linear import LinearMap, conjugate, identity, linear_map, matrix_transpose, row
from ..matrix import left, right
from ..matrix._kernels import adjoint
from . import _kernels


@primitive("(m,m),(n,n),(m,n)->(m,n)")
def solve_sylvester(xp: Namespace, a: Array, b: Array, q: Array) -> Array:
    """
    Solve the Sylvester equation a y + y b = q.

    Parameters
    ----------
    a : array, shape (..., m, m)
        Real or complex floating.
    b : array, shape (..., n, n)
    q : array, shape (..., m, n)


    Returns
    -------
    y : array, shape (..., m, n)

    Raises
    ------
    ValueError
        If the shapes do not fit.
    numpy.linalg.LinAlgError
        If the solution is not unique, on NumPy: a and −b have an eigenvalue in common.

    References
    ----------
    T.-C. Kao, G. Hennequin, Automatic differentiation of Sylvester, Lyapunov, and algebraic
    Riccati equations, arXiv:2011.11430 (2020).

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.solve_sylvester(np.diag([1.0, 2.0]), np.eye(1), np.ones((2, 1)))
    array([[0.5       ],
           [0.33333333]])
    """
    return _kernels.solve_sylvester(xp, a, b, q)


@solve_sylvester.derivative
def _(xp: Namespace, y: Array, a: Array, b: Array, _q: Array) -> LinearMap:
    """a dy + dy b = dq − da y − y db"""
    return SylvesterSolve(a, b) @ row(-right(y), -left(y), identity)


@linear_map
class Sylvester(LinearMap):
    """dx ↦ a dx + dx b"""

    a: Array
    b: Array

    def __call__(self, dx: Array) -> Array:
        return self.a @ dx + dx @ self.b

    @property
    def T(self) -> LinearMap:
        return Sylvester(self.a.mT, self.b.mT)

    @property
    def inv(self) -> LinearMap:
        return SylvesterSolve(self.a, self.b)


@linear_map
class SylvesterSolve(LinearMap):
    """dx ↦ y, where a y + y b = dx"""

    a: Array
    b: Array

    def __call__(self, dx: Array) -> Array:
        return solve_sylvester(self.a, self.b, dx)

    @property
    def T(self) -> LinearMap:
        return SylvesterSolve(self.a.mT, self.b.mT)

    @property
    def inv(self) -> LinearMap:
        return Sylvester(self.a, self.b)


@primitive("(m,m),(m,m)->(m,m)")
def solve_continuous_lyapunov(xp: Namespace, a: Array, q: Array) -> Array:
    """
    Solve the continuous Lyapunov equation a y + y aᴴ = q.

    Parameters
    ----------
    a : array, shape (..., m, m)
        Real or complex floating.
    q : array, shape (..., m, m)
        Of SciPy's sign: the stationary covariance of dx = a x dt + noise has q = −noise.


    Returns
    -------
    y : array, shape (..., m, m)

    Raises
    ------
    ValueError
        If the shapes do not fit.
    numpy.linalg.LinAlgError
        If the solution is not unique, on NumPy: a and −aᴴ have an eigenvalue in common.

    References
    ----------
    T.-C. Kao, G. Hennequin, Automatic differentiation of Sylvester, Lyapunov, and algebraic
    Riccati equations, arXiv:2011.11430 (2020).

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.solve_continuous_lyapunov(-np.eye(1), -2 * np.eye(1))
    array([[1.]])
    """
    return _kernels.solve_continuous_lyapunov(xp, a, q)


@solve_continuous_lyapunov.derivative
def _(xp: Namespace, y: Array, a: Array, _q: Array) -> LinearMap:
    """a dy + dy aᴴ = dq − da y − y daᴴ"""
    by_a = right(y) + left(y) @ matrix_transpose @ conjugate
    return LyapunovSolve(a) @ row(-by_a, identity)


@linear_map
class Lyapunov(LinearMap):
    """dx ↦ a dx + dx aᴴ"""

    a: Array

    def __call__(self, dx: Array) -> Array:
        a = self.a
        return a @ dx + dx @ adjoint(array_namespace(a), a)

    @property
    def T(self) -> LinearMap:
        return Lyapunov(self.a.mT)

    @property
    def inv(self) -> LinearMap:
        return LyapunovSolve(self.a)


@linear_map
class LyapunovSolve(LinearMap):
    """dx ↦ y, where a y + y aᴴ = dx"""

    a: Array

    def __call__(self, dx: Array) -> Array:
        return solve_continuous_lyapunov(self.a, dx)

    @property
    def T(self) -> LinearMap:
        return LyapunovSolve(self.a.mT)

    @property
    def inv(self) -> LinearMap:
        return Lyapunov(self.a)


@primitive("(m,m),(m,m)->(m,m)")
def solve_discrete_lyapunov(xp: Namespace, a: Array, q: Array) -> Array:
    """
    Solve the discrete Lyapunov equation y = a y aᴴ + q.

    Parameters
    ----------
    a : array, shape (..., m, m)
        Real or complex floating.
    q : array, shape (..., m, m)


    Returns
    -------
    y : array, shape (..., m, m)

    Raises
    ------
    ValueError
        If the shapes do not fit.
    numpy.linalg.LinAlgError
        If the solution is not unique, on NumPy: two eigenvalues have λ conj(μ) = 1.

    References
    ----------
    T.-C. Kao, G. Hennequin, Automatic differentiation of Sylvester, Lyapunov, and algebraic
    Riccati equations, arXiv:2011.11430 (2020).

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.linalg.solve_discrete_lyapunov(0.5 * np.eye(1), 3 * np.eye(1))
    array([[4.]])
    """
    return _kernels.solve_discrete_lyapunov(xp, a, q)


@solve_discrete_lyapunov.derivative
def _(xp: Namespace, y: Array, a: Array, _q: Array) -> LinearMap:
    """dy − a dy aᴴ = dq + da y aᴴ + a y daᴴ"""
    by_a = right(adjoint(xp, a)) @ right(y) + left(a) @ left(y) @ matrix_transpose @ conjugate
    return SteinSolve(a) @ row(by_a, identity)


@linear_map
class Stein(LinearMap):
    """dx ↦ dx − a dx aᴴ"""

    a: Array

    def __call__(self, dx: Array) -> Array:
        a = self.a
        return dx - a @ dx @ adjoint(array_namespace(a), a)

    @property
    def T(self) -> LinearMap:
        return Stein(self.a.mT)

    @property
    def inv(self) -> LinearMap:
        return SteinSolve(self.a)


@linear_map
class SteinSolve(LinearMap):
    """dx ↦ y, where y − a y aᴴ = dx"""

    a: Array

    def __call__(self, dx: Array) -> Array:
        return solve_discrete_lyapunov(self.a, dx)

    @property
    def T(self) -> LinearMap:
        return SteinSolve(self.a.mT)

    @property
    def inv(self) -> LinearMap:
        return Stein(self.a)
