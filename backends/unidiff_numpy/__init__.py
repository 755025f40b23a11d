"""NumPy: the tape over NumPy's arrays, with SciPy's kernels."""

from ._binding import backend

__all__ = ["backend"]
