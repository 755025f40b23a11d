"""On a GPU: what a gradient costs on CuPy, JAX and PyTorch, against the library's own.

python benchmarks/gpu.py [--seconds 1] [--json FILE] [--only cupy|jax|torch]

CuPy and PyTorch are timed by events on the device; JAX has none, so its queue is emptied and the
clock read when the result is there. Where the host is slower than the device, as it is for small
matrices, that is the host's time. All numbers are double. Without a GPU nothing is measured.
"""

from __future__ import annotations

from measure import arguments, report, settle

settle()

import statistics  # noqa: E402  (settle starts anew before NumPy is there)
import time  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from types import SimpleNamespace  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

import unidiff as ud  # noqa: E402

Array = Any
Run = Callable[[], Any]
BATCH, STEPS = 10_000, 200


class AbsentError(Exception):
    """Why a library cannot be measured here."""


# -- the programs: functions of a linear algebra, a loop and arrays, to a number ------------------


@dataclass(frozen=True)
class Program:
    """A function to a number; it is differentiated by the first `moving` arrays."""

    f: Callable[..., Array]
    arrays: tuple[np.ndarray, ...]
    moving: int = 1
    weights: bool = True


def sum_of_inverse(la: Any, loop: Any, a: Array, w: Array) -> Array:
    """Σ w a⁻¹"""
    return (la.inv(a) * w).sum()


def sum_of_solution(la: Any, loop: Any, a: Array, b: Array, w: Array) -> Array:
    """Σ w a⁻¹ b"""
    return (la.solve(a, b) * w).sum()


def sum_of_factor(la: Any, loop: Any, a: Array, w: Array) -> Array:
    """Σ w cholesky(a)"""
    return (la.cholesky(a) * w).sum()


def sum_of_exponential(la: Any, loop: Any, a: Array, w: Array) -> Array:
    """Σ w exp(a)"""
    return (la.expm(a) * w).sum()


def sum_of_spectrum(la: Any, loop: Any, a: Array, w: Array) -> Array:
    """Σ of the eigenvalues, and of the squares of the vectors, whose sign is open"""
    values, vectors = la.eigh(a)
    return (values * w[0]).sum() + (vectors * vectors * w).sum()


def density(la: Any, loop: Any, a: Array, b: Array) -> Array:
    """Σ of the logarithms of Gaussian densities, of stacks of covariances"""
    return -0.5 * ((b * la.solve(a, b)).sum() + la.slogdet(a)[1].sum())


def likelihood(la: Any, loop: Any, q: Array, observations: Array, *model: Array) -> Array:
    """The likelihood of a Kalman filter, 4 states and observations of 2 numbers."""
    transition, observe, noise, eye = model

    def step(state: Any, observation: Array) -> Any:
        mean, cov, total = state
        mean = transition @ mean
        cov = transition @ cov @ transition.T + eye * q
        surprise = observation - observe @ mean
        predicted = observe @ cov @ observe.T + noise
        precision = la.inv(predicted)
        gain = cov @ observe.T @ precision
        exponent = surprise @ (precision @ surprise) + la.slogdet(predicted)[1]
        return mean + gain @ surprise, cov - gain @ (observe @ cov), total - 0.5 * exponent

    return loop(step, (0.0 * q, eye + 0.0 * q, 0.0 * q[0]), observations)[2]


def programs() -> Iterator[tuple[str, Program]]:
    """Yield the programs by name."""
    rng = np.random.default_rng(0)
    for n in (40, 400):
        a, b, w = rng.standard_normal((3, n, n)) / n**0.5
        regular, definite = a + 2 * np.eye(n), a @ a.T + np.eye(n)
        yield f"inv, n = {n}", Program(sum_of_inverse, (regular, w))
        yield f"solve, n = {n}", Program(sum_of_solution, (regular, b, w), 2)
        yield f"cholesky, n = {n}", Program(sum_of_factor, (definite, w))
        yield f"expm, n = {n}", Program(sum_of_exponential, (a, w))
        yield f"eigh, n = {n}", Program(sum_of_spectrum, (a + a.T, w))
    a, b = rng.standard_normal((BATCH, 8, 8)), rng.standard_normal((BATCH, 8, 1))
    definite = a @ a.mT + np.eye(8)
    yield f"Gaussian densities, {BATCH:,} of 8 × 8", Program(density, (definite, b), 2)
    model = (np.eye(4) + np.diag([0.1] * 3, 1), rng.standard_normal((2, 4)))
    observations = rng.standard_normal((STEPS, 2))
    arrays = (np.linspace(0.1, 0.4, 4), observations, *model, np.eye(2) * 0.5, np.eye(4))
    yield f"Kalman filter, {STEPS} steps", Program(likelihood, arrays)


# -- the libraries ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Library:
    """
    A library on a GPU.

    Attributes
    ----------
    title : str
    to_device, to_host : callable
        NumPy's arrays there and back.
    own, ours : namespace
        Linear algebra.
    loop : callable
        (step, state, sequence) -> state
    primal, gradient : callable
        Of a function of arrays, and how many arrays move: a function of the same arrays.
    microseconds : callable
        How long a run takes on the device.
    own_gradient : bool
        Whether the library differentiates its own linear algebra.
    """

    title: str
    to_device: Callable[[np.ndarray], Array]
    to_host: Callable[[Array], np.ndarray]
    own: Any
    ours: Any
    loop: Callable[..., Any]
    primal: Callable[[Callable[..., Array]], Callable[..., Array]]
    gradient: Callable[[Callable[..., Array], int], Callable[..., Any]]
    microseconds: Callable[[Run], float]
    own_gradient: bool = True


def python_loop(step: Callable[..., Any], state: Any, sequence: Array) -> Any:
    """Return the last state of Python's loop."""
    for element in sequence:
        state = step(state, element)
    return state


def by_events(new: Callable[[], Any], elapsed: Callable[[Any, Any], float]) -> Any:
    """Return the clock that reads events on the device, which tell milliseconds."""

    def microseconds(run: Run) -> float:
        start, end = new(), new()
        start.record()
        run()
        end.record()
        end.synchronize()
        return 1e3 * elapsed(start, end)

    return microseconds


def cupy_library() -> Library:
    """Return CuPy, on the current device."""
    try:
        backend: Any = ud.backend("cupy")
    except ud.BackendError as error:
        raise AbsentError(str(error)) from error
    import cupy
    from cupyx.scipy.linalg import expm

    named = {name: getattr(cupy.linalg, name) for name in ("inv", "solve", "cholesky", "eigh")}
    device = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.runtime.getDevice())["name"]
    return Library(
        f"CuPy {cupy.__version__} on {device.decode()}",
        to_device=backend.asarray,
        to_host=lambda x: x.get(),
        own=SimpleNamespace(expm=expm, slogdet=cupy.linalg.slogdet, **named),
        ours=ud.linalg,
        loop=python_loop,
        primal=lambda f: f,
        gradient=lambda f, moving: ud.grad(f, tuple(range(moving))),
        microseconds=by_events(cupy.cuda.Event, cupy.cuda.get_elapsed_time),
        own_gradient=False,
    )


def jax_library() -> Library:
    """Return JAX, compiled."""
    try:
        import jax
    except ModuleNotFoundError as error:
        raise AbsentError(str(error)) from error
    jax.config.update("jax_enable_x64", True)
    if jax.default_backend() != "gpu":
        msg = f"JAX computes on {jax.devices()[0].platform}: it finds no GPU"
        raise AbsentError(msg)
    return compiled_library(jax)


def compiled_library(jax: Any) -> Library:
    """Return JAX, wherever it computes."""
    from jax.scipy.linalg import expm

    def loop(step: Callable[..., Any], state: Any, sequence: Array) -> Any:
        return jax.lax.scan(lambda s, x: (step(s, x), None), state, sequence)[0]

    def microseconds(run: Run) -> float:
        start = time.perf_counter()
        jax.block_until_ready(run())
        return 1e6 * (time.perf_counter() - start)

    la = jax.numpy.linalg
    named = {name: getattr(la, name) for name in ("inv", "solve", "cholesky", "eigh", "slogdet")}
    return Library(
        f"JAX {jax.__version__} on {jax.devices()[0].device_kind}",
        to_device=jax.numpy.asarray,
        to_host=np.asarray,
        own=SimpleNamespace(expm=expm, **named),
        ours=ud.linalg,
        loop=loop,
        primal=jax.jit,
        gradient=lambda f, moving: jax.jit(jax.grad(f, tuple(range(moving)))),
        microseconds=microseconds,
    )


def torch_library() -> Library:
    """Return PyTorch, eager, on the first GPU."""
    try:
        import torch
    except ModuleNotFoundError as error:
        raise AbsentError(str(error)) from error
    if not torch.cuda.is_available():
        msg = "PyTorch finds no GPU"
        raise AbsentError(msg)
    new = lambda: torch.cuda.Event(enable_timing=True)  # noqa: E731
    clock = by_events(new, lambda start, end: start.elapsed_time(end))
    return eager_library(torch, "cuda", torch.cuda.get_device_name(), clock)


def eager_library(torch: Any, device: str, name: str, clock: Any) -> Library:
    """Return PyTorch on a device."""

    def gradient(f: Callable[..., Array], moving: int) -> Callable[..., Any]:
        def function(*arrays: Array) -> Any:
            xs = [x.detach().requires_grad_() for x in arrays[:moving]]
            return torch.autograd.grad(f(*xs, *arrays[moving:]), xs)

        return function

    la = torch.linalg
    named = {n: getattr(la, n) for n in ("inv", "solve", "cholesky", "eigh", "slogdet")}
    return Library(
        f"PyTorch {torch.__version__} on {name}",
        to_device=lambda x: torch.tensor(x, device=device),
        to_host=lambda x: x.detach().cpu().numpy(),
        own=SimpleNamespace(expm=la.matrix_exp, **named),
        ours=ud.linalg,
        loop=python_loop,
        primal=lambda f: f,
        gradient=gradient,
        microseconds=clock,
    )


# -- the measurement -------------------------------------------------------------------------------


def medians(runs: dict[str, Run], microseconds: Callable[[Run], float], seconds: float) -> Any:
    """Return the median time of each run; they take turns."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        for _ in range(3):
            microseconds(run)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(next(iter(taken.values()))) < 7:
        for name, run in runs.items():
            taken[name].append(microseconds(run))
    return {name: statistics.median(times) for name, times in taken.items()}


def row(name: str, program: Program, library: Library, seconds: float) -> dict[str, Any]:
    """Return what one program costs in one library."""
    arrays = [library.to_device(x) for x in program.arrays]

    def of(la: Any) -> Callable[..., Array]:
        return lambda *xs: program.f(la, library.loop, *xs)

    made = {
        "primal, own": library.primal(of(library.own)),
        "primal, ours": library.primal(of(library.ours)),
        "gradient, ours": library.gradient(of(library.ours), program.moving),
    }
    if library.own_gradient:
        made["gradient, own"] = library.gradient(of(library.own), program.moving)
    agree(name, {key: f(*arrays) for key, f in made.items()}, library.to_host)
    runs = {key: lambda f=f: f(*arrays) for key, f in made.items()}
    found = medians(runs, library.microseconds, seconds)
    own, gradient = found["primal, own"], found["gradient, ours"]
    theirs = found.get("gradient, own")
    return {
        "program": name,
        "own primal, µs": own,
        "our primal / own": found["primal, ours"] / own,
        "our gradient / own primal": gradient / own,
        "our gradient / own": "–" if theirs is None else gradient / theirs,
    }


def agree(name: str, found: dict[str, Any], to_host: Callable[[Array], np.ndarray]) -> None:
    """Raise an exception if ours and the library's own are not the same."""
    for what in ("primal", "gradient"):
        ours, own = found.get(f"{what}, ours"), found.get(f"{what}, own")
        if own is not None:
            pairs = zip(*(x if isinstance(x, tuple) else (x,) for x in (ours, own)), strict=True)
            for a, b in pairs:
                a, b = to_host(a), to_host(b)
                scale = float(np.max(np.abs(b)))
                np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8 * scale, err_msg=name)


LIBRARIES = {"cupy": cupy_library, "jax": jax_library, "torch": torch_library}


def main() -> None:
    """Print a table for each library that finds a GPU, and why for the others."""
    given = arguments(__doc__ or "")
    tables = {}
    for name, make in LIBRARIES.items():
        if given.only not in (None, name):
            continue
        try:
            library = make()
        except AbsentError as reason:
            print(f"skipped {name}: {reason}")
            continue
        tables[library.title] = [
            row(key, program, library, given.seconds) for key, program in programs()
        ]
    report(tables, given.json)


if __name__ == "__main__":
    main()
