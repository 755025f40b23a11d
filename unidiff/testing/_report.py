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
    """

    property: str
    backend: str
    status: str
    error: float = 0.0
    text: str = ""
    exception: BaseException | None = field(default=None, repr=False)


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
    """

    name: str
    seed: int
    results: tuple[Result, ...]

    @property
    def failures(self) -> tuple[Result, ...]:
        """The results that failed."""
        return tuple(r for r in self.results if r.status == "failed")

    @property
    def ok(self) -> bool:
        """Whether nothing failed, and something was checked."""
        return not self.failures and any(r.status == "ok" for r in self.results)

    def __rich__(self) -> Any:
        from rich.table import Table

        names = list(dict.fromkeys(r.property for r in self.results if r.property))
        backends = list(dict.fromkeys(r.backend for r in self.results))
        cells = {(r.property, r.backend): _cell(r) for r in self.results}
        absent = {r.backend: _cell(r) for r in self.results if not r.property}
        table = Table(title=f"{self.name}, seed {self.seed}", title_justify="left")
        for head in ("property", *backends):
            table.add_column(head)
        for name in names or [""]:
            row = [cells.get((name, b), absent.get(b, "")) for b in backends]
            table.add_row(name, *row)
        return table

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(width=100, color_system=None)
        with console.capture() as captured:
            console.print(self)
        skips = {r.text: r for r in self.results if r.status == "skipped"}
        notes = [f"skipped: {r.property or 'all'} on {r.backend}: {r.text}" for r in skips.values()]
        return "\n".join([captured.get().rstrip(), *notes, *self._stories()])

    def _stories(self) -> Iterator[str]:
        """Yield the texts of the failures; an exception's once."""
        told: set[str] = set()
        for result in self.failures:
            why = repr(result.exception) if result.exception else ""
            yield result.text.split("\n")[0] + ": the same" if why in told else result.text
            told |= {why} - {""}


def _cell(result: Result) -> str:
    if result.status == "skipped":
        return "skipped"
    return f"{result.status} {result.error:.1g}"
