"""Derivatives at the points where libraries differ: measured, and written into conventions.md.

python docs/conventions.py          print the table as it is in each library installed
python docs/conventions.py --write  put it into docs/conventions.md, between its marks
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import unidiff as ud

PAGE = Path(__file__).with_name("conventions.md")
MARKS = "<!-- the table begins -->", "<!-- the table ends -->"
INF = float("inf")
EYE = [[1.0, 0.0], [0.0, 1.0]]


@dataclass(frozen=True)
class Point:
    """A function of one array, in the standard's names, where, and unidiff's derivative there."""

    function: str
    at: str
    f: Callable[[Any, Any], Any]
    x: Any
    wanted: Any


def row(function: str, at: str, f: Callable[[Any, Any], Any], x: Any, wanted: Any) -> Point:
    """Return a point: the derivative of the sum of f, by the entries of x."""
    return Point(function, at, f, x, wanted)


POINTS = (
    row("abs(x)", "0", lambda xp, x: xp.abs(x), 0.0, 0.0),
    row("sign(x)", "0", lambda xp, x: xp.sign(x), 0.0, 0.0),
    row("sqrt(x)", "0", lambda xp, x: xp.sqrt(x), 0.0, INF),
    row("where(x > 0, sqrt(x), 0)", "0", lambda xp, x: xp.where(x > 0, xp.sqrt(x), 0.0), 0.0, 0.0),
    row("x ** 0.0", "0", lambda xp, x: x**0.0, 0.0, 0.0),
    row("x ** 3.0", "−2", lambda xp, x: x**3.0, -2.0, 12.0),
    row("0 ** y", "0", lambda xp, x: xp.pow(xp.zeros_like(x), x), 0.0, 0.0),
    row("clip(x, 0, 1)", "0", lambda xp, x: xp.clip(x, 0.0, 1.0), 0.0, 1.0),
    row("maximum(x, 1)", "1", lambda xp, x: xp.maximum(x, x * 0.0 + 1.0), 1.0, 0.5),
    row("max(x)", "(1, 1)", lambda xp, x: xp.max(x), [1.0, 1.0], [0.5, 0.5]),
    row(
        "sort(x) · (1, 2)",
        "(1, 1)",
        lambda xp, x: xp.sort(x)[0] + 2.0 * xp.sort(x)[1],
        [1.0, 1.0],
        [1.0, 2.0],
    ),
    row("remainder(x, 3)", "7", lambda xp, x: xp.remainder(x, x * 0.0 + 3.0), 7.0, 1.0),
    row("remainder(7, y)", "3", lambda xp, x: xp.remainder(x * 0.0 + 7.0, x), 3.0, -2.0),
    row("atan2(y, x)", "(0, 0)", lambda xp, x: xp.atan2(x[0], x[1]), [0.0, 0.0], [0.0, 0.0]),
    row("hypot(x, y)", "(0, 0)", lambda xp, x: xp.hypot(x[0], x[1]), [0.0, 0.0], [0.0, 0.0]),
    row(
        "logaddexp(x, y)",
        "(−∞, −∞)",
        lambda xp, x: xp.logaddexp(x[0], x[1]),
        [-INF, -INF],
        [0.5, 0.5],
    ),
    row("prod(x)", "(2, 0, 3)", lambda xp, x: xp.prod(x), [2.0, 0.0, 3.0], [0.0, 6.0, 0.0]),
    row(
        "Σ cumulative_prod(x)",
        "(2, 0, 3)",
        lambda xp, x: xp.sum(xp.cumulative_prod(x)),
        [2.0, 0.0, 3.0],
        [1.0, 8.0, 0.0],
    ),
    row("std(x)", "(3, 3)", lambda xp, x: xp.std(x), [3.0, 3.0], [0.0, 0.0]),
    row("vector_norm(x)", "(0, 0)", lambda xp, x: xp.vector_norm(x), [0.0, 0.0], [0.0, 0.0]),
    row(
        "det(x)",
        "[1 2; 2 4]",
        lambda xp, x: xp.det(x),
        [[1.0, 2.0], [2.0, 4.0]],
        [[4, -2], [-2, 1]],
    ),
    row("Σ eigvalsh(x)²", "I", lambda xp, x: xp.sum(xp.eigvalsh(x) ** 2), EYE, [[2, 0], [0, 2]]),
    row("eigh(x), an eigenvector", "I", lambda xp, x: xp.eigh(x)[1][0, 0], EYE, "error"),
    row("svd(x), a singular vector", "I", lambda xp, x: xp.svd(x)[0][0, 0], EYE, "error"),
    row("matrix_norm(x, 'nuc')", "I", lambda xp, x: xp.matrix_norm(x, "nuc"), EYE, EYE),
    row("matrix_norm(x, 2)", "I", lambda xp, x: xp.matrix_norm(x, 2), EYE, [[0.5, 0], [0, 0.5]]),
    row("abs(z)", "0 + 0i", lambda xp, x: xp.abs(x), 0j, 0.0),
    row("abs(z)²", "3 + 4i", lambda xp, x: xp.abs(x) ** 2, 3 + 4j, 6 - 8j),
    row("angle(z)", "1 + 1i", lambda xp, x: xp.angle(x), 1 + 1j, -0.5 - 0.5j),
    row("Re sign(z)", "1 + 1i", lambda xp, x: xp.real(xp.sign(x)), 1 + 1j, 0.354 + 0.354j),
)

# -- the libraries --------------------------------------------------------------------------------


class Names:
    """A library's functions by the names of the table."""

    def __init__(self, *places: Any, **named: Any) -> None:
        self._places = places
        self.__dict__.update(named)

    def __getattr__(self, name: str) -> Any:
        for place in self._places:
            if hasattr(place, name):
                return getattr(place, name)
        raise AttributeError(name)


def of_unidiff() -> tuple[Any, Callable[[Any], Any], Callable[..., Any]]:
    """Return its names, what makes its arrays, and its gradient."""
    xp = ud.backend("numpy").xp
    return Names(xp, xp.linalg, angle=np.angle, matrix_norm=_orders(xp.linalg)), np.asarray, ud.grad


def _orders(linalg: Any) -> Callable[..., Any]:
    return lambda x, order: linalg.matrix_norm(x, ord=order)


def of_jax() -> tuple[Any, Callable[[Any], Any], Callable[..., Any]]:
    """Return the same of JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    names = Names(
        jnp,
        jnp.linalg,
        eigvalsh=lambda x: jnp.linalg.eigh(x)[0],
        matrix_norm=_orders(jnp.linalg),
        cumulative_prod=jnp.cumprod,
    )
    return names, jnp.asarray, jax.grad


def of_torch() -> tuple[Any, Callable[[Any], Any], Callable[..., Any]]:
    """Return the same of PyTorch, with its own convention of gradients."""
    import torch
    from array_api_compat import torch as compat

    names = Names(
        compat,
        torch.linalg,
        abs=torch.abs,
        angle=torch.angle,
        sort=lambda x: torch.sort(x, stable=True).values,
        matrix_norm=_orders(torch.linalg),
        vector_norm=torch.linalg.vector_norm,
        where=torch.where,
    )
    return names, torch.asarray, torch.func.grad


def of_autograd() -> tuple[Any, Callable[[Any], Any], Callable[..., Any]]:
    """Return the same of HIPS autograd."""
    import autograd
    import autograd.numpy as anp

    names = Names(
        anp,
        anp.linalg,
        atan2=anp.arctan2,
        cumulative_prod=anp.cumprod,
        matrix_norm=anp.linalg.norm,
        pow=anp.power,
        vector_norm=anp.linalg.norm,
    )
    return names, np.asarray, autograd.grad


LIBRARIES: dict[str, Callable[[], Any]] = {
    "unidiff": of_unidiff,
    "JAX": of_jax,
    "PyTorch": of_torch,
    "autograd": of_autograd,
}


def measured(point: Point, library: Any) -> Any:
    """Return the derivative as an array of NumPy's, or "error"."""
    names, asarray, grad = library
    x = np.asarray(point.x)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return np.asarray(grad(lambda x: point.f(names, x))(asarray(x)))
    except Exception:  # whatever the library raises is the entry of the table
        return "error"


def shown(found: Any) -> str:
    """Return an entry of the table."""
    if isinstance(found, str):
        return found
    array = np.asarray(found)
    if array.ndim == 0:
        return _number(array[()])
    if array.ndim == 1:
        return f"({', '.join(map(_number, array))})"
    return f"[{'; '.join(' '.join(map(_number, r)) for r in array)}]"


def _number(x: Any) -> str:
    if np.iscomplexobj(x):
        sign = "−" if np.signbit(x.imag) and x.imag != 0 else "+"
        return (
            _number(x.real) if x.imag == 0 else f"{_number(x.real)} {sign} {_number(abs(x.imag))}i"
        )
    text = f"{float(x) + 0.0:.3g}"
    return text.replace("-", "−").replace("inf", "∞")


def table() -> str:
    """Return the table as Markdown."""
    libraries = {name: load() for name, load in LIBRARIES.items()}
    lines = [
        f"| function | at | {' | '.join(libraries)} |",
        f"|---|---|{'---|' * len(libraries)}",
    ]
    for point in POINTS:
        entries = (shown(measured(point, library)) for library in libraries.values())
        name = point.function.replace("|", "\\|")
        lines.append(f"| `{name}` | {point.at} | {' | '.join(entries)} |")
    return "\n".join(lines)


def parts() -> tuple[str, str, str]:
    """Return the page before its table, the table, and the page after it."""
    before, rest = PAGE.read_text().split(MARKS[0])
    inside, after = rest.split(MARKS[1])
    return before, inside.strip(), after


def main() -> None:
    """Print the table, or write it into the page."""
    found = table()
    if "--write" in sys.argv:
        before, _, after = parts()
        PAGE.write_text(f"{before}{MARKS[0]}\n\n{found}\n\n{MARKS[1]}{after}")
    else:
        print(found)


if __name__ == "__main__":
    main()
