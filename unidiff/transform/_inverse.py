"""The verbs of inverse accumulation: J⁻¹ v and J⁻ᵀ w at the cost of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from .._backend import Array
from ._first_order import Argnums, chosen_arguments
from ._function import Function, Tree
from ._least_squares import least_squares_ijvp, least_squares_ivjp
from ._program_inverse import ProgramInverse, explained, inverted, tuple_of


def linearize_inverse(f: Function, *primals: Tree, **options: Any) -> tuple[Tree, ProgramInverse]:
    """
    Return the value of `f` and the inverse of its derivative, factored once to be applied often.

    Parameters
    ----------
    f : callable
        Of arrays, or trees of arrays, of one backend, with as many numbers in its value.
    *primals : tree
    **options
        As in `ijvp`: method, max_lump, tolerance.

    Returns
    -------
    y : tree
    inverse : ProgramInverse
        `inverse.ijvp(y_tangents)`, `inverse.ivjp(x_cotangents)`, `inverse.logabsdet()`,
        `inverse.plan`, `inverse.explain()`.

    Raises
    ------
    InverseError
        As in `ijvp`.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> y, inverse = ud.linearize_inverse(np.exp, np.zeros(2))
    >>> inverse.ijvp(np.array([1.0, 2.0]))
    (array([1., 2.]),)
    """
    found = inverted("linearize_inverse", f, primals, options, lasting=True)
    return found.y, found


def ijvp(
    f: Function,
    primals: Sequence[Tree],
    y_tangents: Tree,
    *,
    check: bool = False,
    refine: int = 0,
    least_squares: bool = False,
    **options: Any,
) -> tuple[Tree, tuple[Tree, ...]]:
    """
    Return the value of `f`, and the inverse of its derivative applied to a tangent of the value.

    The tangent of the primals that `jvp` would push to `y_tangents`: J⁻¹ v, at about the cost of
    the program where it can be solved back step by step, as coupling layers, integrators and
    triangular programs can; what cannot, a lump, is solved as a whole. It is linear algebra at the
    point: `f` itself is not inverted.

    Parameters
    ----------
    f : callable
        Of arrays, or trees of arrays, of one backend, with as many numbers in its value. Complex
        functions must be holomorphic.
    primals : tuple
        Where.
    y_tangents : tree
        A tangent of the value: of its structure, shapes and dtypes. None is zero.
    check : bool, optional
        Whether to push the result forward again, and warn if that is not `y_tangents`.
    refine : int, optional
        How many steps of iterative refinement to do.
    least_squares : bool, optional
        Whether a program that is not square is to be solved in the sense of least squares, by the
        shortest solution, with LSMR on `jvp` and `vjp`. These do not compose: that of a composition
        is not the composition of theirs.
    **options
        method : {"auto", "peel", "lump", "dense", "sparse", "gmres"}
            "peel" refuses lumps, "lump" factors them, "gmres" iterates on them; "dense" solves with
            the whole Jacobian, "sparse" with the equations of all numbers (NumPy, SuperLU); "auto"
            takes the cheaper one of "lump" and "dense".
        max_lump : int
            The largest lump to factor; 2048 unless said.
        tolerance : float
            The relative residual that "gmres" comes to; 1e-12 unless said.

    Returns
    -------
    y : tree
        f(*primals)
    dx : tuple of trees
        One entry a primal.

    Raises
    ------
    NotSquareError
        If the value has more numbers than the primals, or fewer.
    NotEquasiveError
        If the derivative is singular at every point.
    SingularPivotError
        If it is singular at this point.
    LumpTooLargeError, InverseConvergenceError
        If there is an inverse, but not within the options.
    TypeError
        If the program is R-linear only: complex, and not holomorphic.

    Notes
    -----
    This is ``*j^-1`` of R6RS-AD (reverse-inverse). JAX's ``ivjp``, removed in 2022, was something
    else: it rebuilt the primals to save memory.

    References
    ----------
    B. A. Pearlmutter and J. M. Siskind, "Automatic Differentiation: Inverse Accumulation Mode",
    arXiv:2411.18786, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> y, (dx,) = ud.ijvp(np.sin, (np.array([2.0]),), np.ones(1))
    >>> dx * np.cos(2.0)
    array([1.])
    """
    primals = tuple_of("ijvp", primals)
    if least_squares:
        return least_squares_ijvp(f, primals, y_tangents, options)
    found = inverted("ijvp", f, primals, options)
    dx = found.ijvp(y_tangents, check=check, refine=refine)
    return found.y, dx


def ivjp(
    f: Function,
    primals: Sequence[Tree],
    x_cotangents: Sequence[Tree],
    *,
    check: bool = False,
    refine: int = 0,
    least_squares: bool = False,
    **options: Any,
) -> tuple[Tree, Tree]:
    """
    Return the value of `f`, and the transposed inverse of its derivative applied to cotangents.

    The cotangent of the value that `vjp` would pull back to `x_cotangents`: J⁻ᵀ w. The argument is
    a cotangent of the primals, the result one of the value; `.T` does not conjugate.

    Parameters
    ----------
    f, primals, check, refine, least_squares, **options
        As in `ijvp`.
    x_cotangents : tuple of trees
        One entry a primal, of its structure, shapes and dtypes. None is zero.

    Returns
    -------
    y : tree
        f(*primals)
    wy : tree
        Of the structure of y.

    Raises
    ------
    InverseError
        As in `ijvp`.

    Notes
    -----
    This is ``j*^-1`` of R6RS-AD (forward-inverse).

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> y, w = ud.ivjp(lambda a, b: (a * b, b), (np.array(2.0), np.array(4.0)), (1.0, 0.0))
    >>> w
    (array(0.25), array(-0.5))
    """
    primals, x_cotangents = tuple_of("ivjp", primals), tuple_of("ivjp", x_cotangents)
    if least_squares:
        return least_squares_ivjp(f, primals, x_cotangents, options)
    found = inverted("ivjp", f, primals, options)
    wy = found.ivjp(x_cotangents, check=check, refine=refine)
    return found.y, wy


def logabsdet(f: Function, *primals: Tree, **options: Any) -> tuple[Tree, Array]:
    """
    Return the value of `f`, and log |det J|: the sum over what the sweeps divide by.

    Parameters
    ----------
    f : callable
        As in `ijvp`.
    *primals : tree
    **options
        As in `ijvp`: method, max_lump.

    Returns
    -------
    y : tree
    value : array, shape ()
        log |det J|; of a holomorphic program, of the complex matrix.

    Raises
    ------
    InverseError
        As in `ijvp`: where it would be −∞, too.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> y, value = ud.logabsdet(lambda x: np.exp(x), np.array([1.0, 2.0]))
    >>> float(value)
    3.0
    """
    found = inverted("logabsdet", f, primals, options)
    return found.y, found.logabsdet()


def inverse_jacfwd(f: Function, argnums: Argnums = 0, **options: Any) -> Callable[..., Tree]:
    """
    Return the function that computes the inverse Jacobian of `f`, column by column, by `ijvp`.

    For one product with it use `ijvp` or `ivjp`: the whole inverse has as many numbers as the
    Jacobian, and costs no less.

    Parameters
    ----------
    f : callable
    argnums : int or tuple of int, optional
        With respect to which arguments, as in `jacfwd`.
    **options
        As in `ijvp`.

    Returns
    -------
    function : callable
        It returns an array of shape `x.shape + y.shape`; of trees, a tree like the arguments of
        trees like the value.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.inverse_jacfwd(lambda x: 2 * x)(np.ones(2))
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    return _inverse_jacobian("inverse_jacfwd", "forward", f, argnums, options)


def inverse_jacrev(f: Function, argnums: Argnums = 0, **options: Any) -> Callable[..., Tree]:
    """
    Return the function that computes the inverse Jacobian of `f`, row by row, by `ivjp`.

    Parameters, results and advice are those of `inverse_jacfwd`.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.inverse_jacrev(lambda x: 2 * x)(np.ones(2))
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    return _inverse_jacobian("inverse_jacrev", "reverse", f, argnums, options)


def inverse_jacobian(f: Function, argnums: Argnums = 0, **options: Any) -> Callable[..., Tree]:
    """
    Return the function that computes the inverse Jacobian of `f`: `inverse_jacrev`.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> ud.inverse_jacobian(lambda x: 2 * x)(np.ones(1))
    array([[0.5]])
    """
    return _inverse_jacobian("inverse_jacobian", "reverse", f, argnums, options)


def _inverse_jacobian(
    verb: str, mode: str, f: Function, argnums: Argnums, options: dict[str, Any]
) -> Callable[..., Tree]:
    @wraps(f, assigned=("__name__", "__qualname__"), updated=())
    def function(*args: Any, **kwargs: Any) -> Any:
        inner, chosen, _ = chosen_arguments(verb, f, argnums, args, kwargs)
        found = inverted(verb, inner, chosen, options)
        return found.jacobian(mode, bare=isinstance(argnums, int))

    return function


def explain_inverse(f: Function, *primals: Tree, **options: Any) -> Any:
    """
    Return in words how the derivative of `f` is inverted: steps, pivots, lumps, work, and why.

    Of a program without an inverse it says why there is none.

    Parameters
    ----------
    f : callable
    *primals : tree
    **options
        As in `ijvp`.

    Returns
    -------
    explanation : Explanation
        `print` it, or let a notebook show it as a table. `kind` is "equasive", "lumped",
        "expansive", "contractive" or "singular", or the method where nothing was planned.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> explanation = ud.explain_inverse(lambda x: np.exp(x) * 2, np.zeros(3), method="peel")
    >>> explanation.kind
    'equasive'
    """
    return explained("explain_inverse", f, primals, options)
