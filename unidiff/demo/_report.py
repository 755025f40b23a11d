"""The fit as tables."""

from __future__ import annotations

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from ._fit import Fit
from ._model import PARAMETERS, QUANTITIES


def report(fit: Fit, console: Console) -> None:
    """Print what was fitted, the parameters, and how far the numbers can be trusted."""
    first, last = int(fit.years[0]), int(fit.years[-1])
    console.print(f"\nSunspots {first}-{last} as a stochastic oscillator, on {fit.backend}\n")
    console.print(_quantities(fit))
    console.print(_parameters(fit))
    console.print(_figures(fit))


def _table(first: str, title: str) -> Table:
    return Table(first, title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)


def _quantities(fit: Fit) -> Table:
    table = _table("quantity", "Maximum likelihood")
    for column in ("estimate", "standard error"):
        table.add_column(column, justify="right")
    table.add_column("unit")
    rows = zip(QUANTITIES, fit.quantities, fit.standard_errors, strict=True)
    for (name, unit), value, error in rows:
        table.add_row(name, f"{value:.3f}", f"{error:.3f}", unit)
    return table


def _parameters(fit: Fit) -> Table:
    table = _table("parameter", "Parameters")
    for column in ("start", "gradient there", "maximum", "standard error"):
        table.add_column(column, justify="right")
    errors = np.sqrt(np.diag(fit.covariance))
    start, end = fit.start, fit.maximum
    rows = zip(PARAMETERS, start.theta, start.gradient, end.theta, errors, strict=True)
    for name, *values in rows:
        table.add_row(name, *(f"{value:.6f}" for value in values))
    return table


def _figures(fit: Fit) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_row("log-likelihood at the start", f"{fit.start.log_likelihood:.10f}")
    table.add_row("log-likelihood at the maximum", f"{fit.maximum.log_likelihood:.10f}")
    table.add_row("largest |gradient| at the maximum", f"{np.abs(fit.maximum.gradient).max():.1e}")
    table.add_row("gradient against differences, relative", f"{fit.gradient_error:.1e}")
    table.add_row("iterations, evaluations", f"{fit.optimizer.nit}, {fit.optimizer.nfev}")
    table.add_row("time", f"{fit.seconds:.2f} s")
    return table
