"""The sunspot cycle as a damped oscillator, driven by white noise and observed through noise.

    ẍ + γ ẋ + ω₀² x = √q ẇ,        yₖ = μ + x(tₖ) + √r eₖ,

with the parameters theta = (log ω₀, log γ, log q, log r, μ). The text is the array API's, and so
runs on every backend; nothing in it knows that it will be differentiated.

References
----------
Van Loan, Computing integrals involving the matrix exponential, IEEE TAC 23 (1978) 395.
Särkkä and Solin, Applied Stochastic Differential Equations, Cambridge (2019), chapters 6 and 10.
"""

from __future__ import annotations

import math
from typing import Any

import unidiff as ud

from ._scan import scan

Array = Any

PARAMETERS = ("log omega0", "log gamma", "log q", "log r", "mu")
QUANTITIES = (
    ("period", "years"),
    ("damping time", "years"),
    ("driving noise, sd", "/ year^1.5"),
    ("observation noise, sd", ""),
    ("mean", ""),
)


def quantities(theta: Array) -> Array:
    """Return 2π/ω₀, 2/γ (the amplitude falls by e in it), √q, √r and μ."""
    xp = ud.array_namespace(theta)
    period = 2 * math.pi * xp.exp(-theta[0])
    damping_time = 2 * xp.exp(-theta[1])
    return xp.stack([period, damping_time, xp.exp(theta[2] / 2), xp.exp(theta[3] / 2), theta[4]])


def oscillator(theta: Array) -> tuple[Array, Array]:
    """Return F and Q of dz = F z dt + dβ, E dβ dβᵀ = Q dt, for z = (x, ẋ)."""
    xp = ud.array_namespace(theta)
    q = xp.exp(theta[2])
    zero, one = xp.zeros_like(q), xp.ones_like(q)
    drift = xp.stack([zero, one, -xp.exp(2 * theta[0]), -xp.exp(theta[1])])
    diffusion = xp.stack([zero, zero, zero, q])
    return xp.reshape(drift, (2, 2)), xp.reshape(diffusion, (2, 2))


def discretize(drift: Array, diffusion: Array, interval: float) -> tuple[Array, Array]:
    """
    Return A and V of the exact step z ↦ A z + v, v ~ N(0, V), by Van Loan's block exponential.

    Of exp([[-F, Q], [0, Fᵀ]] h) the lower right block is Aᵀ, and the upper right one A⁻¹ V.
    """
    xp = ud.array_namespace(drift, diffusion)
    n = drift.shape[0]
    upper = xp.concat([-drift, diffusion], axis=1)
    lower = xp.concat([xp.zeros_like(drift), drift.mT], axis=1)
    blocks = ud.linalg.expm(xp.concat([upper, lower], axis=0) * interval)
    transition = blocks[n:, n:].mT
    return transition, transition @ blocks[:n, n:]


def innovations(theta: Array, observations: Array, interval: float = 1.0) -> tuple[Array, Array]:
    """
    Return the errors of the one-step predictions, and their variances: the Kalman filter.

    The oscillator starts in its stationary law, whose covariance P solves F P + P Fᵀ + Q = 0.

    Parameters
    ----------
    theta : array, shape (5,)
        Real floating.
    observations : array, shape (n,)
        Of the dtype and device of theta.
    interval : float
        The time between two observations.

    Returns
    -------
    errors, variances : array, shape (n,)
    """
    xp = ud.array_namespace(theta)
    drift, diffusion = oscillator(theta)
    transition, noise = discretize(drift, diffusion, interval)
    transposed = transition.mT
    r, mu = xp.exp(theta[3]), theta[4]

    def step(state: tuple[Array, Array], observation: Array) -> tuple[Any, tuple[Array, Array]]:
        mean, covariance = state
        error = observation - (mu + mean[0])
        cross = covariance[:, 0]
        variance = cross[0] + r
        gain = cross / variance
        updated = covariance - gain[:, None] * cross
        mean = transition @ (mean + gain * error)
        return (mean, transition @ updated @ transposed + noise), (error, variance)

    stationary = ud.linalg.solve_continuous_lyapunov(drift, -diffusion)
    start = (xp.zeros_like(drift[0]), stationary)
    return scan(step, start, observations)[1]


def log_likelihood(theta: Array, observations: Array, interval: float = 1.0) -> Array:
    """Return the Gaussian log-likelihood, of shape (), by the prediction error decomposition."""
    errors, variances = innovations(theta, observations, interval)
    xp = ud.array_namespace(errors, variances)
    return -0.5 * xp.sum(xp.log(2 * math.pi * variances) + errors * errors / variances)


def filtered(theta: Array, observations: Array, interval: float = 1.0) -> tuple[Array, Array]:
    """Return mean and variance of the signal μ + x(tₖ), given the observations up to tₖ."""
    xp = ud.array_namespace(theta)
    errors, variances = innovations(theta, observations, interval)
    r = xp.exp(theta[3])
    return observations - r * errors / variances, r - r * r / variances
