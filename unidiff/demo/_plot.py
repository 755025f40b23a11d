"""The fit as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ._fit import Fit

try:
    from matplotlib.figure import Figure
except ImportError as error:
    msg = "--plot needs matplotlib, which is not installed: pip install 'unidiff-array[plot]'"
    raise ImportError(msg) from error

INK, BLUE, PALE, AMBER = "#22272e", "#1f5fa8", "#a9c9ea", "#d9822b"
LAST = 60  # years in the lower panel


def plot(fit: Fit, path: str | Path) -> None:
    """Draw the observations and the filtered signal; the suffix of the file names the format."""
    figure = Figure(figsize=(11, 6.6), layout="constrained", facecolor="white")
    whole, close = figure.subplots(2, 1)
    _draw(whole, fit, slice(None), size=5)
    _draw(close, fit, slice(-LAST, None), size=20)
    _title(whole, fit)
    _legend(close)
    figure.savefig(path, dpi=160)


def _draw(axes: Any, fit: Fit, chosen: slice, size: float) -> None:
    """Draw the chosen years."""
    years, numbers, signal = fit.years[chosen], fit.numbers[chosen], fit.signal[chosen]
    width = 2 * np.sqrt(fit.signal_variance[chosen])
    axes.fill_between(
        years, signal - width, signal + width, color=PALE, lw=0, label="± 2 standard deviations"
    )
    axes.plot(years, signal, color=BLUE, lw=1.3, label="filtered signal")
    axes.scatter(
        years, numbers, s=size, color=AMBER, edgecolors="white", lw=0.2, zorder=3, label="observed"
    )
    axes.axhline(fit.quantities[4], color=INK, lw=0.8, ls=(0, (1, 3)), zorder=1, label="mean")
    axes.set_xlim(years[0] - 1, years[-1] + 1)
    axes.set_ylabel("sunspot number", color=INK)
    axes.grid(axis="y", color="#e6e8eb", lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(color="#9aa3ad", labelcolor=INK, length=3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#9aa3ad")


def _title(axes: Any, fit: Fit) -> None:
    period, damping, *_ = fit.quantities
    period_error, damping_error, *_ = fit.standard_errors
    likelihood = f"{fit.maximum.log_likelihood:.3f}".replace("-", "\N{MINUS SIGN}")
    axes.set_title(
        "Sunspots as a damped oscillator driven by noise\n",
        loc="left",
        color=INK,
        fontsize=14,
        fontweight="bold",
    )
    axes.text(
        0,
        1.05,
        f"period {period:.2f} ± {period_error:.2f} years,  damping time {damping:.1f} ± "
        f"{damping_error:.1f} years,  log-likelihood {likelihood}",
        transform=axes.transAxes,
        color="#57606a",
    )


def _legend(axes: Any) -> None:
    axes.set_title(f"The last {LAST} years", loc="left", color=INK, fontsize=11, fontweight="bold")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False, labelcolor=INK)
    axes.set_xlabel("year", color=INK)
