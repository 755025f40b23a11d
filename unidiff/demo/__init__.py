"""The main job: a stochastic oscillator fitted to 309 years of sunspots, on any backend."""

from ._fit import Fit, Point, fit

__all__ = ["Fit", "Point", "fit"]
