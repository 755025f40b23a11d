"""Maximum likelihood: SciPy's optimizer, unidiff's gradient, Hessian and Jacobian."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

import unidiff as ud

from ._data import sunspots
from ._jax import compiled
from ._model import filtered, log_likelihood, quantities

START = (math.log(2 * math.pi / 11), math.log(0.2), math.log(150), math.log(30), 50.0)


@dataclass(frozen=True, slots=True)
class Point:
    """The log-likelihood and its gradient at theta."""

    theta: np.ndarray
    log_likelihood: float
    gradient: np.ndarray


@dataclass(frozen=True, slots=True)
class Fit:
    """
    What `fit` found: floats, and NumPy arrays on every backend.

    Attributes
    ----------
    backend : str
    years, numbers : ndarray, shape (309,)
    start, maximum : Point
    covariance : ndarray, shape (5, 5)
        Of theta at the maximum: the inverse of minus the Hessian.
    quantities, standard_errors : ndarray, shape (5,)
        The physical quantities at the maximum; their errors, by the delta method.
    signal, signal_variance : ndarray, shape (309,)
        The filtered signal at the maximum.
    gradient_error : float
        Of the gradient at the start, against differences: the largest relative error.
    optimizer : OptimizeResult
        SciPy's own account.
    seconds : float
    """

    backend: str
    years: np.ndarray
    numbers: np.ndarray
    start: Point
    maximum: Point
    covariance: np.ndarray
    quantities: np.ndarray
    standard_errors: np.ndarray
    signal: np.ndarray
    signal_variance: np.ndarray
    gradient_error: float
    optimizer: OptimizeResult
    seconds: float


def fit(backend: str = "numpy", start: Sequence[float] = START) -> Fit:
    """
    Fit the oscillator to the sunspot numbers by maximum likelihood, from the theta `start`.

    Raises
    ------
    BackendError
        If there is no such backend.
    PrecisionError
        If the backend would cut float64 to float32, as JAX does until told otherwise.
    RuntimeError
        If the optimizer does not converge.
    """
    began = perf_counter()
    years, numbers = sunspots()
    model = _Model(backend, numbers)
    first = model.point(np.array(start))
    optimizer = _maximize(model.point, first.theta)
    covariance = np.linalg.inv(-model.hessian(optimizer.x))
    # Newton's step gives the digits that BFGS leaves
    theta = optimizer.x - covariance @ optimizer.jac
    jacobian = model.jacobian(theta)
    signal, signal_variance = model.filtered(theta)
    return Fit(
        backend=backend,
        years=years,
        numbers=numbers,
        start=first,
        maximum=model.point(theta),
        covariance=covariance,
        quantities=model.quantities(theta),
        standard_errors=np.sqrt(np.diag(jacobian @ covariance @ jacobian.T)),
        signal=signal,
        signal_variance=signal_variance,
        gradient_error=_error(first.gradient, _differences(model.value, first.theta)),
        optimizer=optimizer,
        seconds=perf_counter() - began,
    )


class _Model:
    """The model's functions of NumPy's theta, run and differentiated on one backend."""

    def __init__(self, backend: str, numbers: np.ndarray) -> None:
        observations = _double(numbers, backend)
        likelihood = partial(log_likelihood, observations=observations)
        on = partial(_on, backend)
        self.value = on(likelihood)
        self.value_and_gradient = on(ud.value_and_grad(likelihood))
        self.hessian = on(ud.hessian(likelihood))
        self.quantities = on(quantities)
        self.jacobian = on(ud.jacobian(quantities))
        self.filtered = on(partial(filtered, observations=observations))

    def point(self, theta: np.ndarray) -> Point:
        value, gradient = self.value_and_gradient(theta)
        return Point(theta, float(value), gradient)


def _maximize(point: Callable[[np.ndarray], Point], theta: np.ndarray) -> OptimizeResult:
    """Return SciPy's result for the maximum, by BFGS."""

    def descent(theta: np.ndarray) -> tuple[float, np.ndarray]:
        here = point(theta)
        return -here.log_likelihood, -here.gradient

    result = minimize(descent, theta, jac=True, method="BFGS")
    if not result.success:
        msg = f"fit: the optimizer stopped after {result.nit} iterations: {result.message}"
        raise RuntimeError(msg)
    return result


def _error(value: np.ndarray, reference: np.ndarray) -> float:
    return float(np.max(np.abs(value / reference - 1)))


def _differences(function: Callable[[np.ndarray], Any], theta: np.ndarray) -> np.ndarray:
    """Return the gradient by central differences of six points, with an error of order h⁶."""
    weights = ((1, 45), (2, -9), (3, 1))
    gradient = []
    for step in np.diag(0.01 * np.maximum(1, np.abs(theta))):
        pairs = (w * (function(theta + k * step) - function(theta - k * step)) for k, w in weights)
        gradient.append(sum(pairs) / (60 * np.max(step)))
    return np.array(gradient)


def _on(backend: str, function: Callable[..., Any]) -> Callable[[np.ndarray], Any]:
    """Return a function of the backend's theta as one from NumPy to NumPy."""
    function = compiled(function, backend)
    return lambda theta: _plain(function(_double(theta, backend)))


def _plain(value: Any) -> Any:
    """Return an array, or a tuple of arrays, of any backend and device as NumPy's."""
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return np.asarray(value.tolist())


def _double(x: np.ndarray, backend: str) -> Any:
    """Return the backend's copy of x, or raise if it is not of double precision."""
    y = ud.backend(backend).xp.asarray(x.copy())
    if not str(y.dtype).endswith("float64"):
        msg = (
            f"fit: the sunspot model needs float64; {backend} makes {y.dtype} of it. On JAX call "
            'jax.config.update("jax_enable_x64", True) first.'
        )
        raise ud.PrecisionError(msg)
    return y
