"""`check_rule`: every property, on every backend, and what is said of those that do not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from .._backend import Backend, backend, backend_of, installed
from .._errors import BackendError, RuleCheckError
from .._primitive import Primitive
from ._case import NARROW, Case, Refused, is_floating, ours, random_like, size_of
from ._diagnosis import diagnose
from ._properties import PROPERTIES
from ._report import Finding, Report, Result

LEGS = {"": tuple(PROPERTIES), "single": ("contract",), "complex": tuple(PROPERTIES)}


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
        smooth within 0.05 of them. Floating arrays move; all else is held constant.
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
        Names from `unidiff.testing.PROPERTIES`; else all.
    **static : hashable
        The function's own keyword parameters.

    Returns
    -------
    report : Report
        It prints as a table; `report.ok` and `report.failures` tell the same.

    Raises
    ------
    RuleCheckError
        If a property does not hold. The text has the map, the seed, both numbers, and a diagnosis
        where one is known.

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
    """
    chosen = tuple(PROPERTIES) if properties is None else _known(properties)
    signature = signature or _signature_of(f)
    name = str(getattr(f, "__name__", f))
    numbers = [_number(x) for x in args]
    legs = {leg: names for leg, names in LEGS.items() if complex or leg != "complex"}
    results: list[Result] = []
    for of in _find(backends, results):
        for leg, names in legs.items():
            wanted = [p for p in names if p in chosen]
            moved = _arguments(leg, numbers, seed)
            if moved is not None and wanted:
                make = partial(Case, f, of, moved, static, signature, rtol)
                results += _leg(make, of.name, leg, wanted, (name, seed))
    report = Report(name, seed, tuple(results))
    if raises and not report.ok:
        raise RuleCheckError(str(report)) from next((r.exception for r in report.failures), None)
    return report


def _known(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in PROPERTIES:
            msg = f"check_rule: no property {name!r}; there are {', '.join(PROPERTIES)}"
            raise ValueError(msg)
    return tuple(names)


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


Title = tuple[str, int]
"""The function's name, and the seed."""


def _leg(
    make: Callable[[], Case], on: str, leg: str, names: Sequence[str], title: Title
) -> list[Result]:
    """Return the results of one leg on one backend; it is skipped if the value refuses it."""
    refusals = (TypeError, ValueError, NotImplementedError, RuntimeError) if leg else ()
    try:
        case = make()
        case.values  # noqa: B018  (to see whether it refuses)
    except (Refused, *refusals) as reason:
        text = str(reason)
        if not isinstance(reason, Refused):
            text = f"the value refuses {leg} arguments: {type(reason).__name__}: {reason}"
        return [Result(_label(name, leg), on, "skipped", text=text) for name in names]
    return [_result(case, name, leg, title) for name in names]


def _result(case: Case, name: str, leg: str, title: Title) -> Result:
    """Return what became of a property: the finding farthest off decides."""
    label, on = _label(name, leg), case.of.name
    try:
        worst = max(PROPERTIES[name](case, _rng(name, title)), key=lambda found: found.excess)
    except Refused as reason:
        return Result(label, on, "skipped", text=str(reason))
    except Exception as error:  # a rule that raises is a finding
        lines = [("raised", f"{type(error).__name__}: {error}")]
        return Result(label, on, "failed", float("inf"), _story(title, label, case, lines), error)
    if worst.ok:
        return Result(label, on, "ok", worst.excess)
    got, wanted = worst.both()
    lines = [("checked", _place(worst)), ("got", got), ("wanted", wanted)]
    if worst.tolerance:
        lines.append(("error", f"{worst.error:.3g}, allowed {worst.tolerance:.1g}"))
    lines.append(("diagnosis", diagnose(name, case, worst, _rng(name, title))))
    return Result(label, on, "failed", worst.excess, _story(title, label, case, lines))


def _rng(name: str, title: Title) -> Any:
    """Return the random numbers of a property, the same whichever others are checked."""
    import numpy as np

    return np.random.default_rng([title[1], list(PROPERTIES).index(name)])


def _label(name: str, leg: str) -> str:
    return f"{name} ({leg})" if leg else name


def _place(finding: Finding) -> str:
    named = (("operand", finding.operand), ("output", finding.output))
    return ", ".join([finding.what, *(f"{name} {k}" for name, k in named if k is not None)])


def _story(title: Title, label: str, case: Case, lines: list[tuple[str, str]]) -> str:
    """Return the text of a failure."""
    head = f"{title[0]}: {label} does not hold on {case.of.name}, seed {title[1]}"
    shown = [("map", _shown_map(case)), *lines]
    return "\n".join([head, *(f"  {name:<10}{text}" for name, text in shown if text)])


def _shown_map(case: Case) -> str:
    try:
        return repr(case.map)
    except Exception as error:
        return f"none: making it raised {type(error).__name__}: {error}"
