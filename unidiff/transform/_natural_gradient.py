"""The natural gradient: the Fisher matrix F = JᵀJ, solved with by two inverse sweeps or by CG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._backend import Array, kind_of
from .._errors import ConvergenceError, InverseError
from ..linear import space_of
from ._first_order import all_matching
from ._function import FlatFunction, Function, Tree, prepare, results, split
from ._vectors import Vector, inner, moved, norm, precision

VERB = "natural_gradient"
INVERSES = ("peel", "lump", "dense", "sparse", "gmres")
METHODS = ("auto", "cg", *INVERSES)


def natural_gradient(
    f: Function,
    params: Tree,
    gradient: Tree,
    *,
    method: str = "auto",
    damping: float = 0.0,
    tolerance: float | None = None,
    max_steps: int | None = None,
) -> Tree:
    """
    Return (F + damping · I)⁻¹ times a gradient, for a Fisher matrix that factors: F = JᵀJ.

    J is the Jacobian of `f` at `params`, and no matrix is made of it. Where J is square, and there
    is no damping, F⁻¹ = J⁻¹J⁻ᵀ costs two sweeps: `ivjp`, then `ijvp`. Otherwise conjugate gradients
    solve with v ↦ Jᵀ(J v) + damping v, a `jvp` and a `vjp` a step.

    Parameters
    ----------
    f : callable
        Of the parameters; its value, an array or a tree, measures distances between models as
        straight lines, to first order. See the notes for what it is for common models.
    params : tree
        Of real arrays.
    gradient : tree
        What to precondition, usually `ud.grad(loss)(params)`: of the structure of `params`.
    method : str, optional
        "cg", or of a square J without damping one of `ijvp`'s methods: "peel", "lump", "dense",
        "sparse", "gmres". "auto" inverts J where it is square and there is no damping, by `ijvp`'s
        own choice, and else takes "cg".
    damping : float, optional
        Added to the diagonal of F: where F is singular, or a step should be short (Levenberg).
    tolerance : float, optional
        Of "cg": the norm of the residual, relative to that of the gradient. By default √ε of the
        dtype, 1.5e-8 for float64.
    max_steps : int, optional
        Of "cg"; by default ten times the number of parameters.

    Returns
    -------
    natural : tree
        Of the structure of `params`. A step of steepest descent in Fisher's metric is
        ``params - rate * natural``.

    Raises
    ------
    InverseError
        If J is inverted and has no inverse; `damping`, or method="cg", does without.
    ConvergenceError
        If "cg" does not come to its tolerance, as where F is singular and the gradient is none of a
        function of `f`; `error.result` is what it came to.

    Notes
    -----
    The Fisher matrix is that of the model, an expectation over the model's own observations, not
    the mean square of gradients at the data (the "empirical Fisher"). F = JᵀJ holds for

    ============================  ==============================================================
    model of an observation       f(params)
    ============================  ==============================================================
    normal, mean m(params), σ²    m(params) / σ
    normal, covariance C = LLᵀ    L⁻¹ m(params), L fixed
    normal, μ and σ parameters    (μ / σ₀, √2 log σ), σ₀ = stop_gradient(σ)
    Poisson, rate r(params)       2 √r(params)
    categorical, p(params)        2 √p(params), all classes
    ============================  ==============================================================

    with an entry each for independent observations, whose Fisher matrices add. With ``f`` the
    residuals of least squares, F is the Gauss–Newton matrix, and the natural gradient of half their
    square its step.

    References
    ----------
    S. Amari, "Natural gradient works efficiently in learning", Neural Computation 10 (1998),
    251–276.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> def normal(params):
    ...     mean, scale = params
    ...     return mean / ud.stop_gradient(scale), 2**0.5 * np.log(scale)
    >>> params = np.array(0.0), np.array(2.0)
    >>> ud.natural_gradient(normal, params, (np.array(1.0), np.array(1.0)))  # σ² and σ²/2
    (array(4.), array(2.))
    """
    if method not in METHODS:
        msg = f"{VERB}: method must be one of {', '.join(METHODS)}; got {method!r}"
        raise ValueError(msg)
    if method in INVERSES and damping:
        msg = f"{VERB}: method {method!r} inverts J, which cannot be damped; 'cg' can"
        raise ValueError(msg)
    flat, xs = prepare(VERB, f, (params,))
    if any(kind_of(x) == "complex" for x in xs):
        msg = f"{VERB}: params must be real; of complex ones, take real and imaginary parts"
        raise TypeError(msg)
    gs = all_matching(VERB, flat, "gradient", xs, (gradient,))
    solve = None if damping or method == "cg" else _inverse(flat, xs, method)
    if solve is None:
        solve = _iterated(flat, xs, float(damping), tolerance, max_steps)
    with flat.of.sweeping():
        found = solve(gs)
    return split(flat.of, flat.structures, results(flat.of, xs, found, gs))[0]


Solve = Callable[[Vector], list[Array | None]]


def _inverse(flat: FlatFunction, xs: list[Array], method: str) -> Solve | None:
    """Return g ↦ J⁻¹ J⁻ᵀ g; None if J is not square, and that may be."""
    from ..inverse import Options, choose

    with flat.of.sweeping():
        ys, graph, _ = flat.of.engine.record(flat, xs, lasting=False)
        sizes = [sum(space_of(x).size for x in arrays) for arrays in (xs, ys)]
        if method == "auto" and sizes[0] != sizes[1]:
            return None
        try:
            J: Any = choose(graph, Options(method=method)).inverse
        except InverseError as error:
            error.add_note(f"{VERB}: damping=..., or method='cg', does without the inverse of J")
            raise
    return lambda gs: list(J(J.T(tuple(gs))))


def _iterated(
    flat: FlatFunction,
    xs: list[Array],
    damping: float,
    tolerance: float | None,
    max_steps: int | None,
) -> Solve:
    """Return g ↦ (JᵀJ + damping)⁻¹ g, by conjugate gradients."""
    _, L = flat.of.engine.linearize(flat, xs)
    spaces = list(map(space_of, xs))
    epsilon = precision(xs)
    goal = epsilon**0.5 if tolerance is None else tolerance
    limit = 10 * sum(s.size for s in spaces) if max_steps is None else max_steps

    def apply(vs: Vector) -> list[Array]:
        pulled = L.T(L(tuple(vs)))
        zeros = [s.zeros() if w is None else w for s, w in zip(spaces, pulled, strict=True)]
        return moved(zeros, damping, vs) if damping else zeros

    def solve(gs: Vector) -> list[Array | None]:
        b = [s.zeros() if g is None else g for s, g in zip(spaces, gs, strict=True)]
        found, residual, steps = conjugate_gradients(apply, b, goal, limit, epsilon)
        if residual > goal:
            trees = split(flat.of, flat.structures, results(flat.of, xs, found, gs))
            msg = (
                f"{VERB}: CG came to a relative residual of {residual:.1e} in {steps} steps, and "
                f"{goal:.1e} was wanted: F is singular along the gradient, or badly conditioned; "
                "give damping, more max_steps, or a larger tolerance"
            )
            raise ConvergenceError(msg, trees[0])
        return list(found)

    return solve


def conjugate_gradients(
    apply: Callable[[Vector], list[Array]],
    b: list[Array],
    tolerance: float,
    max_steps: int,
    epsilon: float,
) -> tuple[list[Array], float, int]:
    """Return x with A x = b, A positive, the true residual relative to b, and the steps taken."""
    whole = norm(VERB, b)
    x = [0 * part for part in b]
    residual, p, size = b, b, whole**2
    steps, largest = 0, 0.0
    while steps < max_steps and size**0.5 > tolerance * whole:
        q = apply(p)
        curvature, length = inner(VERB, p, q), inner(VERB, p, p)
        largest = max(largest, curvature / length)
        if not curvature > epsilon * largest * length:  # A p is nothing but rounding
            break
        t = size / curvature
        x, residual, steps = moved(x, t, p), moved(residual, -t, q), steps + 1
        before, size = size, inner(VERB, residual, residual)
        p = moved(residual, size / before, p)
    left = norm(VERB, moved(b, -1.0, apply(x)))
    return x, left / whole if whole else 0.0, steps
