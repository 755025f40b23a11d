"""The programs of the eager benchmark: each a function of one array, over any namespace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Program = tuple[Callable[[Any], Any], Any]


def chain(xp: Any) -> Program:
    """200 operations on 4 numbers."""

    def f(x: Any) -> Any:
        for _ in range(100):
            x = xp.sin(x) * x
        return xp.sum(x)

    return f, np.random.default_rng(0).standard_normal(4)


def logistic(xp: Any) -> Program:
    """Logistic regression, 1000 observations of 50 features."""
    rng = np.random.default_rng(1)
    features, labels = rng.standard_normal((1000, 50)), (rng.random(1000) > 0.5) * 1.0

    def f(w: Any) -> Any:
        z = features @ w
        return xp.mean(xp.log1p(xp.exp(z)) - labels * z) + 0.5 * xp.sum(w * w)

    return f, rng.standard_normal(50) * 0.1


def perceptron(xp: Any) -> Program:
    """Three layers, 128 × 20 – 64 – 64 – 1, parameters in one vector."""
    rng = np.random.default_rng(2)
    sizes = [(20, 64), (64, 64), (64, 1)]
    parameters = rng.standard_normal(sum(a * b + b for a, b in sizes)) * 0.2
    inputs, targets = rng.standard_normal((128, 20)), rng.standard_normal((128, 1))

    def f(p: Any) -> Any:
        h, start = inputs, 0
        for layer, (a, b) in enumerate(sizes):
            weights = xp.reshape(p[start : start + a * b], (a, b))
            start += a * b
            bias = p[start : start + b]
            start += b
            h = h @ weights + bias
            if layer < 2:
                h = xp.tanh(h)
        error = h - targets
        return xp.mean(error * error)

    return f, parameters


def kalman(xp: Any) -> Program:
    """The likelihood of a Kalman filter, 4 states and 200 observations of 2 numbers."""
    rng = np.random.default_rng(3)
    transition, observe = np.eye(4) + np.diag([0.1] * 3, 1), rng.standard_normal((2, 4))
    noise, eye = np.eye(2) * 0.5, np.eye(4)
    observations, start = rng.standard_normal((200, 2)), np.zeros(4)
    inv, slogdet = xp.linalg.inv, xp.linalg.slogdet

    def f(q: Any) -> Any:
        process, mean, cov, total = eye * q, start, eye, 0.0
        for observation in observations:
            mean = transition @ mean
            cov = transition @ cov @ transition.T + process
            surprise = observation - observe @ mean
            predicted = observe @ cov @ observe.T + noise
            precision = inv(predicted)
            gain = cov @ observe.T @ precision
            mean = mean + gain @ surprise
            cov = cov - gain @ (observe @ cov)
            total = total - 0.5 * (surprise @ (precision @ surprise) + slogdet(predicted)[1])
        return total

    return f, np.array([0.1, 0.2, 0.3, 0.4])


def inverse_entry(xp: Any) -> Program:
    """(C inv(A + x B))[-1, -1], of 40 × 40 matrices and one number x."""
    a, b, c = np.random.default_rng(4).standard_normal((3, 40, 40))
    return (lambda x: (c @ xp.linalg.inv(a + x * b))[-1, -1]), np.asarray(1.0)


PROGRAMS = {  # name: program, and the most that the gradient may cost, in primals
    "chain": (chain, 10.0),
    "logistic": (logistic, 4.5),
    "perceptron": (perceptron, 4.5),
    "kalman": (kalman, 7.5),
    "inverse entry": (inverse_entry, 2.8),
}
