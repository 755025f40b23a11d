"""The annual sunspot numbers, 1700-2008; `sunspots.csv` names their source."""

from __future__ import annotations

from importlib.resources import files

import numpy as np


def sunspots() -> tuple[np.ndarray, np.ndarray]:
    """Return the years and the sunspot numbers, both of shape (309,) and float64."""
    lines = files(__package__).joinpath("sunspots.csv").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if not line.startswith("#")][1:]
    years, numbers = np.loadtxt(rows, delimiter=",").T
    return years.copy(), numbers.copy()
