"""
Reference kernels of the matrix exponential and of the linear matrix equations.

They use the functions of the array API standard 2024.12 only. Those that branch on values are for
eager namespaces; those that do not (`pade_13`, `..._by_kronecker`, ...) also serve the backends.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .._signature import broadcast_shapes
from ..matrix._kernels import adjoint, as_columns, eye_like, matched, promoted

Array = Any
Namespace = Any

KRONECKER_LIMIT = 1024
"""Up to so many unknowns an equation is solved as one dense linear system."""

_ELEMENTS_AT_ONCE = 2**24  # of the dense systems of a stack: 128 MB of doubles


def _norm_1(xp: Namespace, a: Array) -> Array:
    return xp.max(xp.sum(xp.abs(a), axis=-2), axis=-1)


# -- the matrix exponential --------------------------------------------------------------------

THETA = 5.371920351148152  # 1-norm up to which the Padé approximant is exact to rounding
PADE = tuple(  # the coefficient of xᵏ; the first is 1, so exp(0) = 1 exactly
    math.comb(13, k) / (math.comb(26, k) * math.factorial(k)) for k in range(14)
)
_BACKWARD_ERROR = 1 / (math.comb(26, 13) * math.factorial(27))  # its leading coefficient


def expm(xp: Namespace, a: Array) -> Array:
    """
    The matrix exponential, by scaling and squaring a [13/13] Padé approximant.

    Parameters
    ----------
    a : array, shape (..., n, n)
        Real or complex floating. Each matrix of a stack is scaled by itself.

    Returns
    -------
    y : array, shape (..., n, n)

    References
    ----------
    Al-Mohy and Higham, SIAM J. Matrix Anal. Appl. 31 (2009) 970, for the number of squarings;
    Higham, SIAM J. Matrix Anal. Appl. 26 (2005) 1179, for the approximant.
    """
    if math.prod(a.shape) == 0:
        return xp.asarray(a, copy=True)
    squarings = norm_squarings(xp, a)
    powers = even_powers(xp, times_power_of_two(xp, a, -squarings))
    if bool(xp.any(squarings > 0)):
        spare = spare_squarings(xp, powers, squarings)
        if bool(xp.any(spare > 0)):
            squarings = squarings - spare
            powers = even_powers(xp, times_power_of_two(xp, a, -squarings))
    y = pade_13(xp, *powers)
    for k in range(int(xp.max(squarings))):
        y = squared_where(xp, k < squarings, y)
    return y


def norm_squarings(xp: Namespace, a: Array) -> Array:
    """How often to halve each a for its norm to suit `pade_13`: a real floating array."""
    ratio = _norm_1(xp, a) / THETA
    ratio = xp.where(xp.isfinite(ratio), ratio, xp.zeros_like(ratio))
    return xp.ceil(xp.log2(xp.maximum(ratio, xp.ones_like(ratio))))


def times_power_of_two(xp: Namespace, a: Array, exponent: Array) -> Array:
    """2**exponent a, without rounding."""
    two = xp.full_like(exponent, 2.0)
    return a * xp.pow(two, exponent)[..., None, None]


def even_powers(xp: Namespace, a: Array) -> tuple[Array, Array, Array, Array]:
    """a, a², a⁴, a⁶"""
    a2 = a @ a
    a4 = a2 @ a2
    return a, a2, a4, a2 @ a4


def spare_squarings(xp: Namespace, powers: tuple[Array, ...], squarings: Array) -> Array:
    """
    How many of the squarings a matrix does not need because its powers are small.

    The truncation error depends on |aᵏ|^(1/k), which may be much smaller than the norm of a
    matrix that is far from normal (Al-Mohy and Higham 2009, (3.6)); the rounding error of the
    approximant depends on |a| by elements, and takes some of them back ((5.3) there).
    """
    a, _, a4, a6 = powers
    tiny = float(xp.finfo(a.dtype).smallest_normal)
    unit = float(xp.finfo(a.dtype).eps) / 2
    size = xp.maximum(_norm_1(xp, a4) ** (1 / 4), _norm_1(xp, a6) ** (1 / 6))
    spare = xp.floor(math.log2(THETA) - xp.log2(xp.maximum(size, tiny)))
    spare = xp.minimum(xp.maximum(spare, 0.0), squarings)

    size = xp.abs(a)
    row = xp.sum(size, axis=-2, keepdims=True)
    norm = xp.maximum(xp.max(row, axis=(-2, -1)), tiny)
    square = size @ size
    row, cube = row @ square, square @ size
    for _ in range(8):
        row = row @ cube  # in the end the column sums of |a|²⁷
    growth = xp.log2(xp.maximum(xp.max(row, axis=(-2, -1)), tiny) / norm)
    excess = growth + 26 * spare + math.log2(_BACKWARD_ERROR / unit)
    needed = xp.maximum(xp.ceil(excess / 26), 0.0)
    spare = xp.maximum(spare - needed, 0.0)
    return xp.where(squarings > 0, spare, 0.0)  # not so where a is not finite


def pade_13(xp: Namespace, a: Array, a2: Array, a4: Array, a6: Array) -> Array:
    """The [13/13] Padé approximant of exp at a, from `even_powers` of a."""
    c, eye = PADE, eye_like(xp, a)
    odd = a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2)
    odd = a @ (odd + c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * eye)
    even = a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2)
    even = even + c[6] * a6 + c[4] * a4 + c[2] * a2 + eye
    return xp.linalg.solve(even - odd, even + odd)


def squared_where(xp: Namespace, condition: Array, y: Array) -> Array:
    """y², of the matrices of the stack for which the condition holds."""
    condition = condition[..., None, None]
    factor = xp.where(condition, y, xp.zeros_like(y))  # the others' squares might overflow
    return xp.where(condition, factor @ factor, y)


# -- equations as dense linear systems ---------------------------------------------------------


def sylvester_by_kronecker(xp: Namespace, a: Array, b: Array, q: Array) -> Array:
    """Solve a y + y b = q as one linear system."""
    return _solve_dense(xp, sylvester_system, (a, b), q)


def sylvester_system(xp: Namespace, a: Array, b: Array) -> Array:
    """The matrix a ⊗ 1 + 1 ⊗ bᵀ, which maps vec(y) to vec(a y + y b); vec goes by rows."""
    eye_m, eye_n, b = eye_like(xp, a), eye_like(xp, b), xp.matrix_transpose(b)
    left = a[..., :, None, :, None] * eye_n[:, None, :]
    return _matrix(xp, left + eye_m[:, None, :, None] * b[..., None, :, None, :])


def discrete_lyapunov_by_kronecker(xp: Namespace, a: Array, q: Array) -> Array:
    """Solve x − a x aᴴ = q as one linear system."""
    return _solve_dense(xp, discrete_lyapunov_system, (a,), q)


def discrete_lyapunov_system(xp: Namespace, a: Array) -> Array:
    """The matrix 1 − a ⊗ conj a, which maps vec(x) to vec(x − a x aᴴ); vec goes by rows."""
    eye, other = eye_like(xp, a), xp.matrix_transpose(adjoint(xp, a))
    eye = eye[:, None, :, None] * eye[:, None, :]
    return _matrix(xp, eye - a[..., :, None, :, None] * other[..., None, :, None, :])


def _matrix(xp: Namespace, system: Array) -> Array:
    """An array of shape (..., m, n, m, n) as square matrices."""
    *stack, m, n = system.shape[:-2]
    return xp.reshape(system, (*stack, m * n, m * n))


def _solve_dense(
    xp: Namespace, system: Callable[..., Array], operands: tuple[Array, ...], q: Array
) -> Array:
    """Solve system(xp, *operands) vec(y) = vec(q); of a large stack not all at once."""
    m, n = q.shape[-2:]
    stack = broadcast_shapes([a.shape[:-2] for a in operands])
    q = xp.reshape(q, (*q.shape[:-2], m * n, 1))
    lead, columns, restore = as_columns(xp, stack, q)
    count = math.prod(lead)
    flat = [matched(xp, lead, a, 2) for a in operands]
    flat = [xp.reshape(a, (count, *a.shape[-2:])) for a in flat]
    right = xp.reshape(columns, (count, *columns.shape[-2:]))
    step = max(1, _ELEMENTS_AT_ONCE // max(1, (m * n) ** 2))
    if count <= step:
        y = xp.linalg.solve(system(xp, *flat), right)
    else:
        parts = []
        for start in range(0, count, step):
            stop = min(start + step, count)
            matrix = system(xp, *(a[start:stop, ...] for a in flat))
            parts.append(xp.linalg.solve(matrix, right[start:stop, ...]))
        y = xp.concat(parts, axis=0)
    y = restore(xp.reshape(y, columns.shape))
    return xp.reshape(y, (*y.shape[:-2], m, n))


# -- the Sylvester equation and the continuous Lyapunov equation -------------------------------

_SIGN_STEPS = 40


def solve_sylvester(xp: Namespace, a: Array, b: Array, q: Array) -> Array:
    """
    Solve a y + y b = q.

    Parameters
    ----------
    a, b, q : arrays, shapes (..., m, m), (..., n, n) and (..., m, n)

    Returns
    -------
    y : array, shape (..., m, n)

    Notes
    -----
    Small equations are solved as a dense system. Large ones, if the spectra of a and b lie in one
    and the same half plane, by the coupled iteration for the matrix sign function; its result is
    checked, and what fails is solved as a dense system too, which is slow but always right.

    References
    ----------
    Roberts, Int. J. Control 32 (1980) 677; Higham, Functions of Matrices (2008), section 5.3.
    """
    a, b, q = promoted(xp, a, b, q)
    if q.shape[-2] * q.shape[-1] <= KRONECKER_LIMIT:
        return sylvester_by_kronecker(xp, a, b, q)
    try:
        steps, sign = _sign_steps(xp, a, b)
    except (ValueError, RuntimeError):  # an iterate was singular: NumPy's and PyTorch's error
        return sylvester_by_kronecker(xp, a, b, q)
    y = by_sign_steps(xp, steps, sign, q)
    y = y + by_sign_steps(xp, steps, sign, q - (a @ y + y @ b))
    solved = sylvester_holds(xp, a, b, q, y)
    return _repaired(xp, y, solved, sylvester_by_kronecker, a, b, q)


def _sign_steps(xp: Namespace, a: Array, b: Array) -> tuple[list[tuple[Array, ...]], Array]:
    """Iterate until nothing moves, and say which sign a has if it has one."""
    close = 10 * float(xp.finfo(a.dtype).eps) ** 0.5  # the iteration converges quadratically
    steps = []
    for _ in range(_SIGN_STEPS):
        step, (next_a, next_b) = sign_step(xp, xp.linalg.inv, a, b)
        steps.append(step)
        norm = xp.linalg.matrix_norm
        settled = norm(next_a - a) < close * norm(next_a)
        settled = settled & (norm(next_b - b) < close * norm(next_b))
        a, b = next_a, next_b
        if bool(xp.all(settled)):
            break
    return steps, sign_of(xp, a)


def sign_step(
    xp: Namespace, inv: Callable[[Array], Array], a: Array, b: Array
) -> tuple[tuple[Array, Array, Array], tuple[Array, Array]]:
    """
    One step of a, b → sign a, sign b, and what it needs to do the same to right-hand sides.

    One scale for both, since they are the diagonal blocks of one matrix [[a, −q], [0, −b]].
    """
    a_inv, b_inv = inv(a), inv(b)

    def size(a: Array, b: Array) -> Array:
        norm = xp.linalg.matrix_norm
        return norm(a, keepdims=True) + norm(b, keepdims=True)

    scale = xp.sqrt(size(a_inv, b_inv) / size(a, b))
    following = ((scale * a + a_inv / scale) / 2, (scale * b + b_inv / scale) / 2)
    return (scale, a_inv, b_inv), following


def sign_of(xp: Namespace, a: Array) -> Array:
    """±1 for a = ±1, of the shape that multiplies a matrix."""
    trace = xp.linalg.trace(a)[..., None, None]
    if xp.isdtype(a.dtype, "complex floating"):
        trace = xp.real(trace)
    return xp.where(trace < 0, -xp.ones_like(trace), xp.ones_like(trace))


def by_sign_steps(xp: Namespace, steps: list[tuple[Array, ...]], sign: Array, q: Array) -> Array:
    """The steps of the iteration, done to the off-diagonal block."""
    for scale, a_inv, b_inv in steps:
        q = (scale * q + a_inv @ q @ b_inv / scale) / 2
    return sign * q / 2


def sylvester_holds(xp: Namespace, a: Array, b: Array, q: Array, y: Array) -> Array:
    """Is a y + y b = q, to within rounding?"""
    norm = xp.linalg.matrix_norm
    return _negligible(xp, q - (a @ y + y @ b), norm(q) + (norm(a) + norm(b)) * norm(y))


def _negligible(xp: Namespace, residual: Array, scale: Array) -> Array:
    tolerance = 10 * sum(residual.shape[-2:]) * float(xp.finfo(residual.dtype).eps)
    return xp.linalg.matrix_norm(residual) <= tolerance * scale


def _repaired(
    xp: Namespace, y: Array, solved: Array, solve: Callable[..., Array], *operands: Array
) -> Array:
    """y, with those equations of the stack that are not solved solved by `solve`."""
    norms = sum(xp.linalg.matrix_norm(a) for a in operands)
    finite = xp.broadcast_to(xp.isfinite(norms), solved.shape)
    y = xp.where(finite[..., None, None], y, xp.full_like(y, math.nan))  # nothing would solve them
    failed = xp.reshape(finite & ~solved, (-1,))
    if not bool(xp.any(failed)):
        return y
    stack, count = y.shape[:-2], failed.shape[0]
    (bad,), (good,) = xp.nonzero(failed), xp.nonzero(~failed)
    picked = []
    for a in operands:
        flat = xp.reshape(xp.broadcast_to(a, (*stack, *a.shape[-2:])), (count, *a.shape[-2:]))
        picked.append(xp.take(flat, bad, axis=0))
    kept = xp.take(xp.reshape(y, (count, *y.shape[-2:])), good, axis=0)
    order = xp.argsort(xp.concat([good, bad]))
    parts = xp.concat([kept, solve(xp, *picked)], axis=0)
    return xp.reshape(xp.take(parts, order, axis=0), y.shape)


def solve_continuous_lyapunov(xp: Namespace, a: Array, q: Array) -> Array:
    """
    Solve a x + x aᴴ = q, the sign being SciPy's.

    Parameters
    ----------
    a, q : arrays, shape (..., n, n)
        q need not be Hermitian.

    Returns
    -------
    x : array, shape (..., n, n)
    """
    return solve_sylvester(xp, a, adjoint(xp, a), q)


# -- the discrete Lyapunov equation ------------------------------------------------------------

DOUBLINGS = 60  # enough for a spectral radius of 1 - 1e-16


def solve_discrete_lyapunov(xp: Namespace, a: Array, q: Array) -> Array:
    """
    Solve x = a x aᴴ + q.

    Parameters
    ----------
    a, q : arrays, shape (..., n, n)
        q need not be Hermitian.

    Returns
    -------
    x : array, shape (..., n, n)

    Notes
    -----
    x = Σ aᵏ q aᴴᵏ where that converges; the sum is doubled in length at each step. The result is
    checked, and what fails is solved as a dense system.

    References
    ----------
    Smith, SIAM J. Appl. Math. 16 (1968) 198.
    """
    a, q = promoted(xp, a, q)
    x = sum_by_doubling(xp, a, q)
    solved = discrete_lyapunov_holds(xp, a, q, x)
    return _repaired(xp, x, solved, discrete_lyapunov_by_kronecker, a, q)


def sum_by_doubling(xp: Namespace, a: Array, q: Array) -> Array:
    """Σ aᵏ q aᴴᵏ, or nan if it does not converge."""
    x = q
    for _ in range(DOUBLINGS):
        x, a = doubled(xp, x, a)
        if not bool(xp.any(a != 0)):
            break
    return nan_unless_zero(xp, a, x)


def nan_unless_zero(xp: Namespace, power: Array, x: Array) -> Array:
    """x, of those matrices of the stack for which `doubled` has come to an end."""
    unfinished = xp.any(power != 0, axis=(-2, -1), keepdims=True)
    return xp.where(unfinished, xp.full_like(x, math.nan), x)


def doubled(xp: Namespace, x: Array, power: Array) -> tuple[Array, Array]:
    """Twice as many terms, and the next power; zero if it matters no more, or all is lost."""
    x = x + power @ x @ adjoint(xp, power)
    power = power @ power
    eps = float(xp.finfo(power.dtype).eps)
    norm = xp.linalg.matrix_norm(power, keepdims=True)
    return x, xp.where((norm > eps) & (norm < eps**-0.5), power, xp.zeros_like(power))


def discrete_lyapunov_holds(xp: Namespace, a: Array, q: Array, x: Array) -> Array:
    """Is x = a x aᴴ + q, to within rounding?"""
    norm = xp.linalg.matrix_norm
    residual = q - (x - a @ x @ adjoint(xp, a))
    return _negligible(xp, residual, norm(q) + (1 + norm(a) ** 2) * norm(x))
