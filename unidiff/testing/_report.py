"""What a check found: findings, results, and the report, which prints as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ._case import Numbers, largest


@dataclass(frozen=True)
class Finding:
    """One comparison: two numbers, or two facts, that ought to agree."""

    what: str
    got: Any
    wanted: Any
    tolerance: float = 0.0
    operand: int | None = None
    output: int | None = None
    note: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the two are arrays, else facts."""
        return hasattr(self.got, "ndim") and hasattr(self.wanted, "ndim")

    @property
    def error(self) -> float:
        """How far they are apart, infinite if they cannot be compared."""
        if not self.numeric:
            return 0.0 if self.got == self.wanted else float("inf")
        if self.got.shape != self.wanted.shape:
            return float("inf")
        found = largest(self.got - self.wanted)
        return found if found == found else float("inf")

    @property
    def ok(self) -> bool:
        """Whether they agree."""
        return self.error <= self.tolerance

    @property
    def excess(self) -> float:
        """The error in units of the tolerance."""
        error = self.error
        return error / self.tolerance if self.tolerance else error

    def both(self) -> tuple[str, str]:
        """Return the two, at the place where they are farthest apart."""
        got, wanted = self.got, self.wanted
        if not self.numeric:
            return str(got), str(wanted)
        if got.shape != wanted.shape:
            return f"an array of shape {got.shape}", f"an array of shape {wanted.shape}"
        place = _worst_place(got, wanted)
        where = f" at {place} of shape {got.shape}" if got.shape else ""
        return f"{got[place]!s}{where}", str(wanted[place])


Findings = Iterator[Finding]


def near(
    what: str, got: Numbers, wanted: Numbers, rtol: float, scale: float = 0.0, **where: Any
) -> Finding:
    """Return the finding that two arrays agree to `rtol`, of the larger of them or of `scale`."""
    tolerance = rtol * max(largest(wanted), scale, 1e-12)
    return Finding(what, got, wanted, tolerance, **where)


def _worst_place(got: Numbers, wanted: Numbers) -> tuple[int, ...]:
    import numpy as np

    apart = np.nan_to_num(np.abs(got - wanted), nan=np.inf)
    return tuple(map(int, np.unravel_index(np.argmax(apart), got.shape))) if got.size else ()


@dataclass(frozen=True)
class Result:
    """
    What became of one property on one backend.

    Attributes
    ----------
    property : str
        One of `unidiff.testing.PROPERTIES`, and in brackets which leg it was, if a special one.
    backend : str
    status : str
        "ok", "failed" or "skipped".
    error : float
        The largest error in units of what is allowed.
    text : str
        Of a failure, the whole story; of a skip, the reason.
    exception : Exception or None
        What the rule raised.
    keywords : str
        The function's keywords that were tried, as they are written in a call.
    note : str
        What else was found out.
    seconds : float
        How long it took.
    """

    property: str
    backend: str
    status: str
    error: float = 0.0
    text: str = ""
    exception: BaseException | None = field(default=None, repr=False)
    keywords: str = ""
    note: str = ""
    seconds: float = field(default=0.0, repr=False, compare=False)


ORDER = ("skipped", "ok", "failed")
"""What several results amount to: the last of these."""


@dataclass(frozen=True)
class Report:
    """
    What `check_rule` found, property by property, on each backend.

    Attributes
    ----------
    name : str
        The function's.
    seed : int
    results : tuple of Result
    keywords : str
        The function's keywords that were tried, and their values.
    not_covered : tuple of str
        What the arguments and keywords left unseen; that is no failure.
    timed : bool
        Whether to print how long it took.
    """

    name: str
    seed: int
    results: tuple[Result, ...]
    keywords: str = ""
    not_covered: tuple[str, ...] = ()
    timed: bool = False

    @property
    def failures(self) -> tuple[Result, ...]:
        """The results that failed."""
        return tuple(r for r in self.results if r.status == "failed")

    @property
    def ok(self) -> bool:
        """Whether nothing failed, and something was checked."""
        return not self.failures and any(r.status == "ok" for r in self.results)

    @property
    def timings(self) -> dict[str, float]:
        """How many seconds each property took, on all backends together."""
        found: dict[str, float] = {}
        for r in self.results:
            found[r.property] = found.get(r.property, 0.0) + r.seconds
        return found

    def __rich__(self) -> Any:
        from rich.table import Table

        names = list(dict.fromkeys(r.property for r in self.results if r.property))
        backends = list(dict.fromkeys(r.backend for r in self.results))
        table = Table(title=f"{self.name}, seed {self.seed}", title_justify="left")
        for head in ("property", *backends):
            table.add_column(head)
        for name in names or [""]:
            table.add_row(name, *(self._cell(name, b) for b in backends))
        return table

    def _cell(self, name: str, backend: str) -> str:
        """Return what became of a property on a backend: the worst, of several keywords."""
        mine = [r for r in self.results if r.backend == backend and r.property in (name, "")]
        if not mine:
            return ""
        worst = max(mine, key=lambda r: (ORDER.index(r.status), r.error))
        shown = worst.status if worst.status == "skipped" else f"{worst.status} {worst.error:.1g}"
        return f"{shown}, {sum(r.seconds for r in mine):.2f} s" if self.timed else shown

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(width=100, color_system=None)
        with console.capture() as captured:
            console.print(self)
        told = [f"all combinations of {self.keywords}"] if self.keywords else []
        notes = [f"{r.property} on {r.backend}: {r.note}" for r in self.results if r.note]
        missed = [f"not covered: {each}" for each in self.not_covered]
        lines = (*told, *self._skips(), *dict.fromkeys(notes), *missed, *self._stories())
        return "\n".join([captured.get().rstrip(), *lines])

    def _skips(self) -> Iterator[str]:
        """Yield what was skipped, of one reason once."""
        skips: dict[str, list[str]] = {}
        for r in self.results:
            if r.status == "skipped":
                skips.setdefault(r.text, []).append(f"{r.property or 'all'} on {r.backend}")
        for reason, which in skips.items():
            names = list(dict.fromkeys(which))
            shown = names if len(names) < 4 else [*names[:2], f"{len(names) - 2} more"]
            yield f"skipped: {', '.join(shown)}: {reason}"

    def _stories(self) -> Iterator[str]:
        """Yield the texts of the failures; an exception's once."""
        told: set[str] = set()
        for result in self.failures:
            why = repr(result.exception) if result.exception else ""
            yield result.text.split("\n")[0] + ": the same" if why in told else result.text
            told |= {why} - {""}
