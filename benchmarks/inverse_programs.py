"""Programs to invert: one text for NumPy and JAX, with what is known of each by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Program = Callable[[Any], Callable[[Any], Any]]
"""From a namespace to a function of one vector."""


def _weights(seed: int, *shapes: tuple[int, int]) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) / shape[1] ** 0.5 for shape in shapes]


def repeated(xp: Any, count: int, step: Callable[[Any], Any], state: Any) -> Any:
    """Return the state after so many steps: on JAX in a loop of its own, which compiles sooner."""
    if xp.__name__.startswith("jax"):
        from jax.lax import fori_loop

        return fori_loop(0, count, lambda _, state: step(state), state)
    for _ in range(count):
        state = step(state)
    return state


class Coupling:
    """Affine coupling layers: half of the state scales and shifts the other half."""

    def __init__(self, n: int, layers: int = 8, hidden: int = 64) -> None:
        self.half = n // 2
        shapes = [(hidden, self.half), (n, hidden)]
        self.weights = [_weights(k, *shapes) for k in range(layers)]

    def shift(self, xp: Any, weights: Any, a: Any) -> tuple[Any, Any]:
        """Return the logarithms of the scales, and the shifts."""
        inner, outer = weights
        found = outer @ xp.tanh(inner @ a)
        return 0.3 * xp.tanh(found[: self.half]), found[self.half :]

    def __call__(self, xp: Any) -> Callable[[Any], Any]:
        weights = [tuple(map(xp.asarray, pair)) for pair in self.weights]

        def f(x: Any) -> Any:
            for pair in weights:
                a, b = x[: self.half], x[self.half :]
                s, t = self.shift(xp, pair, a)
                x = xp.concat([b * xp.exp(s) + t, a])
            return x

        return f

    def solve(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return J⁻¹ v as one writes it for this flow: layer by layer, backwards."""
        states = []
        for pair in self.weights:
            a, b = x[: self.half], x[self.half :]
            s, t = self.shift(np, pair, a)
            states.append((a, b, s))
            x = np.concatenate([b * np.exp(s) + t, a])
        for (inner, outer), (a, b, s) in zip(self.weights[::-1], states[::-1], strict=True):
            dy, da = v[: self.half], v[self.half :]
            h = np.tanh(inner @ a)
            moved = outer @ ((1 - h * h) * (inner @ da))
            ds = (0.3 - s * s / 0.3) * moved[: self.half]
            v = np.concatenate([da, (dy - moved[self.half :]) * np.exp(-s) - b * ds])
        return v

    def logabsdet(self, x: np.ndarray) -> float:
        """Return log |det J| as one writes it for this flow: the sum of the logarithms."""
        total = 0.0
        for pair in self.weights:
            a, b = x[: self.half], x[self.half :]
            s, t = self.shift(np, pair, a)
            total += s.sum()
            x = np.concatenate([b * np.exp(s) + t, a])
        return total


def leapfrog(n: int, steps: int = 200, h: float = 0.05) -> Program:
    """Return a ring of pendulums, coupled by springs, by the leapfrog method: n numbers in all."""
    half = n // 2

    def program(xp: Any) -> Callable[[Any], Any]:
        def force(q: Any) -> Any:
            return 0.5 * (xp.roll(q, 1) + xp.roll(q, -1) - 2 * q) - xp.sin(q)

        def step(state: Any) -> Any:
            q, p = state
            p = p + 0.5 * h * force(q)
            q = q + h * p
            return q, p + 0.5 * h * force(q)

        def f(z: Any) -> Any:
            return xp.concat(repeated(xp, steps, step, (z[:half], z[half:])))

        return f

    return program


def low_rank(n: int, layers: int = 10, rank: int = 4) -> Program:
    """Return residual layers x + U tanh(V x) with few hidden numbers."""
    pairs = [_weights(k, (n, rank), (rank, n)) for k in range(layers)]

    def program(xp: Any) -> Callable[[Any], Any]:
        mine = [tuple(map(xp.asarray, pair)) for pair in pairs]

        def f(x: Any) -> Any:
            for u, v in mine:
                x = x + 0.3 * (u @ xp.tanh(v @ x))
            return x

        return f

    return program


def implicit_euler(n: int, steps: int = 10, h: float = 0.1) -> Program:
    """Return linearly implicit Euler steps: a solve with a matrix each, and a reaction."""
    (k,) = _weights(0, (n, n))

    def program(xp: Any) -> Callable[[Any], Any]:
        system = xp.asarray(np.eye(n) + h * k)

        def f(x: Any) -> Any:
            for _ in range(steps):
                x = xp.tanh(xp.linalg.solve(system, x[:, None])[:, 0] * 1.1)
            return x

        return f

    return program


def perceptron(n: int, layers: int = 4) -> Program:
    """Return square dense layers tanh(W x)."""
    weights = [w + np.eye(n) for (w,) in (_weights(k, (n, n)) for k in range(layers))]

    def program(xp: Any) -> Callable[[Any], Any]:
        mine = list(map(xp.asarray, weights))

        def f(x: Any) -> Any:
            for w in mine:
                x = xp.tanh(0.3 * (w @ x))
            return x

        return f

    return program


def residual(n: int, layers: int = 2) -> Program:
    """Return dense residual layers x + 0.3 tanh(W x): each is a lump."""
    weights = [w for (w,) in (_weights(k, (n, n)) for k in range(layers))]

    def program(xp: Any) -> Callable[[Any], Any]:
        mine = list(map(xp.asarray, weights))

        def f(x: Any) -> Any:
            for w in mine:
                x = x + 0.3 * xp.tanh(w @ x)
            return x

        return f

    return program
