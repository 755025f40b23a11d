"""The array API standard 2024.12, name by name: what is called on what, and what does not move.

A name is that of the namespace, "sum" or "linalg.inv"; of the array, "array.__add__"; or of what
the namespace says of itself, "info.dtypes".
"""

from __future__ import annotations

from .algebra import ALGEBRA
from .elementwise import CHOICES, ELEMENTWISE
from .line import Dtype, Line, Pick
from .manipulation import MANIPULATION
from .objects import OBJECTS
from .reductions import REDUCTIONS

__all__ = ["LINES", "STANDARD", "Dtype", "Line", "Pick"]

STANDARD: dict[str, list[Line]] = (
    ELEMENTWISE | CHOICES | REDUCTIONS | MANIPULATION | ALGEBRA | OBJECTS
)
LINES = {
    name if len(lines) == 1 else f"{name}: {k}": (name, line)
    for name, lines in STANDARD.items()
    for k, line in enumerate(lines)
}
"""The lines, by the name and, where it has several, a number."""
