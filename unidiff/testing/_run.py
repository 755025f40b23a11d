"""One function on one backend: its properties one by one, and the story of each that fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from ._case import Case, Refused
from ._diagnosis import diagnose, diagnose_error
from ._properties import PROPERTIES
from ._report import Finding, Result

REFUSALS = (TypeError, ValueError, NotImplementedError, RuntimeError)
"""What a value raises at arguments that it does not take."""


@dataclass(frozen=True)
class Leg:
    """
    What is run together: a function with keywords, at arguments of some kind, on a backend.

    Attributes
    ----------
    title : str
        The function's name.
    seed : int
    kind : str
        "", "single" or "complex".
    keywords : str
        The keywords that are tried, as they are written in a call.
    """

    title: str
    seed: int
    kind: str
    keywords: str

    def label(self, name: str) -> str:
        """Return the property's name in the report."""
        return f"{name} ({self.kind})" if self.kind else name

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """What the value may raise: that it does not take such arguments."""
        return REFUSALS if self.kind or self.keywords else ()

    @property
    def arguments(self) -> str:
        """Return in words what is tried."""
        return " and ".join(filter(None, (self.kind and f"{self.kind} arguments", self.keywords)))

    def rng(self, name: str) -> Any:
        """Return the random numbers of a property, the same whichever others are checked."""
        import numpy as np

        return np.random.default_rng([self.seed, list(PROPERTIES).index(name)])


def run(make: Callable[[], Case], on: str, leg: Leg, names: Sequence[str]) -> list[Result]:
    """Return the results of one leg on one backend; it is skipped if the value refuses it."""
    try:
        case = make()
        case.values  # noqa: B018  (to see whether it refuses)
    except Refused as reason:
        return _skipped(str(reason), on, leg, names)
    except leg.refusals as reason:
        text = f"the value refuses {leg.arguments}: {type(reason).__name__}: {reason}"
        return _skipped(text, on, leg, names)
    return [_result(case, name, leg) for name in names]


def _skipped(text: str, on: str, leg: Leg, names: Sequence[str]) -> list[Result]:
    return [
        Result(leg.label(name), on, "skipped", text=text, keywords=leg.keywords) for name in names
    ]


def _result(case: Case, name: str, leg: Leg) -> Result:
    """Return what became of a property: the finding farthest off decides."""
    began = perf_counter()

    def result(status: str, error: float = 0.0, text: str = "", **how: Any) -> Result:
        how |= {"keywords": leg.keywords, "seconds": perf_counter() - began}
        return Result(leg.label(name), case.of.name, status, error, text, **how)

    try:
        findings = list(PROPERTIES[name](case, leg.rng(name)))
    except Refused as reason:
        return result("skipped", text=str(reason))
    except Exception as error:  # a rule that raises is a finding
        lines = [("raised", f"{type(error).__name__}: {error}")]
        lines.append(("diagnosis", diagnose_error(name, case, error, leg.rng(name))))
        return result("failed", float("inf"), _story(leg, name, case, lines), exception=error)
    worst = max(findings, key=lambda found: found.excess)
    note = next((f.note for f in reversed(findings) if f.note), "")
    if worst.ok:
        return result("ok", worst.excess, note=note)
    got, wanted = worst.both()
    lines = [("checked", _place(worst)), ("got", got), ("wanted", wanted)]
    if worst.tolerance:
        lines.append(("error", f"{worst.error:.3g}, allowed {worst.tolerance:.1g}"))
    lines.append(("diagnosis", diagnose(name, case, worst, leg.rng(name))))
    return result("failed", worst.excess, _story(leg, name, case, lines), note=note)


def _place(finding: Finding) -> str:
    named = (("operand", finding.operand), ("output", finding.output))
    return ", ".join([finding.what, *(f"{name} {k}" for name, k in named if k is not None)])


def _story(leg: Leg, name: str, case: Case, lines: list[tuple[str, str]]) -> str:
    """Return the text of a failure."""
    told = f" with {leg.keywords}" if leg.keywords else ""
    where = f"does not hold on {case.of.name}{told}, seed {leg.seed}"
    shown = [("map", _shown_map(case)), *lines]
    head = f"{leg.title}: {leg.label(name)} {where}"
    return "\n".join([head, *(f"  {key:<10}{text}" for key, text in shown if text)])


def _shown_map(case: Case) -> str:
    try:
        return repr(case.map)
    except Exception as error:
        return f"none: making it raised {type(error).__name__}: {error}"
