"""`check_rule`: every property, on every backend, and what is said of those that do not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from .._backend import Backend, backend, backend_of, installed
from .._errors import BackendError, RuleCheckError
from .._primitive import Primitive
from ._case import NARROW, Case, is_floating, ours, random_like, size_of
from ._keywords import combinations, equal_sizes, uncovered
from ._properties import BY_DEFAULT, OF_ANY_ARGUMENTS, PROPERTIES
from ._report import Report, Result
from ._run import Leg, run

LEGS = {"": tuple(PROPERTIES), "single": ("contract",), "complex": OF_ANY_ARGUMENTS}


def check_rule(
    f: Callable[..., Any],
    *args: Any,
    backends: Sequence[str] | None = None,
    raises: bool = True,
    rtol: float | None = None,
    seed: int = 0,
    complex: bool = True,
    signature: str | None = None,
    properties: Sequence[str] | None = None,
    order: int = 2,
    keywords: Mapping[str, Sequence[Any]] | None = None,
    timings: bool = False,
    **static: Any,
) -> Report:
    """
    Check the derivative rule of a function, on every backend there is.

    Parameters
    ----------
    f : callable
        A primitive, made by `ud.primitive` or `ud.elementwise`, whose rule is looked at itself; or
        any function of arrays, whose derivative is that of `ud.linearize`.
    *args : array or number
        Where; the arrays may be of any backend, and are converted to each. The function must be
        smooth within 0.1 of them. Floating arrays move; all else is held constant.
    backends : sequence of str, optional
        Names; else all that are installed.
    raises : bool, optional
        Whether a failure is an exception; else the report tells.
    rtol : float, optional
        What to allow against differences, relative. By default 1e-9, and more where the dtype or
        the condition of the value demand it.
    seed : int, optional
        Of all random directions.
    complex : bool, optional
        Whether to check it on complex arguments too. If the value refuses them, that is skipped.
    signature : str, optional
        NumPy's for generalized ufuncs, of a function over stacks of arrays; a primitive has one.
    properties : sequence of str, optional
        Names from `unidiff.testing.PROPERTIES`; else all that belong to the order.
    order : int, optional
        Up to which order derivatives are checked: 1, 2 or 3. The third takes all eight mixes of
        forward and reverse mode.
    keywords : mapping from str to sequence, optional
        Values of the function's own keywords: everything is checked for every combination of
        them, but for those that the value refuses. So a keyword that has the name of a parameter
        of `check_rule` can be given too.
    timings : bool, optional
        Whether the report prints how long each property took.
    **static : hashable
        The function's own keyword parameters, of one value each.

    Returns
    -------
    report : Report
        It prints as a table, and tells what was skipped and why, and what was not covered:
        keywords left at their defaults, matrices that were all square. `report.ok` and
        `report.failures` tell the same.

    Raises
    ------
    RuleCheckError
        If a property does not hold. The text has the map, the seed, both numbers, and a diagnosis
        where one is known.
    ValueError
        If there is no such property or order.
    TypeError
        If no argument is a floating array, or the function has no such keyword.

    Notes
    -----
    The properties:

    - differences: L(dx) is the derivative by differences of order six, at two points.
    - transpose: Re Σ(L dx · w) = Re Σ(dx · L.T w).
    - inverse: L.inv undoes L both ways, and L.T.inv = L.inv.T.
    - linearity: of L, L.T and L.inv, over the complex numbers where they say so.
    - second order: forward and reverse over each, against differences of the gradient.
    - contract: shape, dtype and device are kept, and nothing given is written to.
    - basis: a basis in one call equals its vectors one by one.
    - verbs: `jvp`, `vjp` and `linearize` give L and L.T.
    - stack: a stack equals the loop.
    - strides: the same numbers in other layouts of memory give the same, on NumPy and PyTorch.
    - taylor: the remainders of Taylor's formula shrink like h² and h³, at a second point.
    - one factorization: after the value, sweeps factor nothing, and do not compute it again.
    - native: `jit` and `vmap` on JAX; `torch.func`, `autograd` and `torch.compile` on PyTorch.
    - third order: the eight mixes, against differences of the Hessian; with `order=3`.

    Complex arguments, if these are real, are checked in all but strides, taylor, one
    factorization and native; single precision in the contract.

    Examples
    --------
    >>> import numpy as np
    >>> import unidiff as ud
    >>> from unidiff.maps import left, right
    >>> @ud.primitive("(m,m)->(m,m)")
    ... def square(xp, a):
    ...     return a @ a
    >>> @square.derivative
    ... def _(xp, y, a):
    ...     return left(a) + right(a)
    >>> a = np.array([[2.0, 1.0], [0.0, 3.0]])
    >>> ud.testing.check_rule(square, a, backends=["numpy"]).ok
    True

    All keywords, and derivatives up to the third:

    >>> how = {"lower": (False, True), "unit_diagonal": (False, True)}
    >>> solve, b = ud.linalg.solve_triangular, np.ones((2, 3))
    >>> ud.testing.check_rule(solve, a, b, backends=["numpy"], keywords=how, order=3).ok
    True

    A mistake is told, where it is a known one:

    >>> wrong = ud.elementwise("square", lambda xp, y, x: x, value=lambda xp, x: x * x)
    >>> report = ud.testing.check_rule(wrong, b, backends=["numpy"], raises=False)
    >>> print(report.failures[0].text.partition("diagnosis ")[2])
    L of operand 0 is 0.5 times the derivative: one of two equal terms is missing
    """
    chosen = _known(properties, order)
    signature = signature or _signature_of(f)
    name = str(getattr(f, "__name__", f))
    numbers = [_number(x) for x in args]
    tried = combinations(f, len(args), static, keywords or {})
    kinds = [kind for kind in LEGS if complex or kind != "complex"]
    results: list[Result] = []
    for of in _find(backends, results):
        for values in tried:
            for kind in kinds:
                wanted = [p for p in LEGS[kind] if p in chosen]
                moved = _arguments(kind, numbers, seed)
                if moved is not None and wanted:
                    make = partial(Case, f, of, moved, static | values, signature, rtol, order)
                    results += run(make, of.name, Leg(name, seed, kind, _written(values)), wanted)
    given = [static | values for values in tried]
    missed = *uncovered(f, len(args), given), *equal_sizes(signature, numbers)
    report = Report(name, seed, tuple(results), _written(keywords or {}, " in "), missed, timings)
    if raises and not report.ok:
        raise RuleCheckError(str(report)) from next((r.exception for r in report.failures), None)
    return report


def _known(names: Sequence[str] | None, order: int) -> tuple[str, ...]:
    """Return the properties to check."""
    if order not in BY_DEFAULT:
        msg = f"check_rule: order must be 1, 2 or 3, got {order!r}; f's own goes into keywords"
        raise ValueError(msg)
    if names is None:
        return BY_DEFAULT[order]
    for name in names:
        if name not in PROPERTIES:
            msg = f"check_rule: no property {name!r}; there are {', '.join(PROPERTIES)}"
            raise ValueError(msg)
    return tuple(names)


def _written(keywords: Mapping[str, Any], sign: str = "=") -> str:
    """Return keywords as they are written in a call."""
    return ", ".join(f"{name}{sign}{value!r}" for name, value in keywords.items())


def _signature_of(f: Callable[..., Any]) -> str | None:
    return f.signature.replace("?", "") if isinstance(f, Primitive) else None


def _number(x: Any) -> Any:
    return ours(x, backend_of(x)) if hasattr(x, "dtype") else x


def _find(names: Sequence[str] | None, results: list[Result]) -> Iterator[Backend]:
    """Yield the backends; of those found whose library is absent, note why they are skipped."""
    if names is not None:
        yield from map(backend, names)
        return
    for name in installed():
        try:
            found = backend(name)
        except BackendError as error:
            results.append(Result("", name, "skipped", text=str(error)))
            continue
        yield found


def _arguments(leg: str, numbers: Sequence[Any], seed: int) -> list[Any] | None:
    """Return the arguments of a leg, None where they would be those of another."""
    import numpy as np

    moving = [x for x in numbers if is_floating(x)]
    if leg == "single":
        if any(x.dtype.name in NARROW.values() for x in moving):
            return None
        return [x.astype(NARROW[x.dtype.kind]) if is_floating(x) else x for x in numbers]
    if leg == "complex":
        rng = np.random.default_rng([seed, 1])
        if any(x.dtype.kind == "c" for x in moving):
            return None
        return [_complexified(x, rng) if is_floating(x) else x for x in numbers]
    return list(numbers)


def _complexified(x: Any, rng: Any) -> Any:
    """Return x with an imaginary part that keeps off the real axis."""
    import numpy as np

    kind = np.result_type(x.dtype, np.complex64)
    shift = 0.35 + 0.1 * random_like(rng, x)
    return (x + 1j * size_of(x) * shift).astype(kind)
