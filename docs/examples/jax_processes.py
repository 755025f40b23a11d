"""A likelihood over two processes, each of which has two devices and half of the data.

    python docs/examples/jax_processes.py

starts both. Each one runs the same program: `jax.distributed` makes one mesh of the four devices,
and under `jax.jit` an array over that mesh is one array. The series are split over the processes,
so the sum over them, and that of their gradients, crosses from one process to the other, by gloo.
The Hessian's basis is split over the devices of a process: `sharding` is all that says so.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

import numpy as np

import unidiff as ud

Array = Any
PROCESSES, DEVICES = 2, 2
SERIES, LENGTH = 8, 12


def data() -> tuple[np.ndarray, np.ndarray]:
    """Return times and values of series, the same ones in every process."""
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0.0, 10.0, (SERIES, LENGTH)), axis=1)
    return times, np.sin(times) + 0.3 * rng.standard_normal((SERIES, LENGTH))


def negative_log_likelihood(parameters: Array, times: Array, values: Array) -> Array:
    """Return that of Gaussian processes with an amplitude, a length and noise, on any backend."""
    xp = ud.array_namespace(parameters, times)
    amplitude, length, noise = (xp.exp(parameters[k]) for k in range(3))
    lags = (times[:, :, None] - times[:, None, :]) / length
    eye = xp.eye(times.shape[-1], dtype=times.dtype)
    covariance = amplitude**2 * xp.exp(-(lags**2) / 2) + noise**2 * eye
    weights = ud.linalg.solve(covariance, values[:, :, None])[:, :, 0]
    return xp.sum(values * weights) / 2 + xp.sum(ud.linalg.slogdet(covariance)[1]) / 2


START = np.array([0.0, 0.3, -1.0])


def work(rank: int, port: int) -> None:
    """Do the part of one process."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(f"localhost:{port}", PROCESSES, rank)
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    devices = np.array(jax.devices()).reshape(PROCESSES, DEVICES)
    mesh = Mesh(devices, ("process", "device"))
    by_process = NamedSharding(mesh, PartitionSpec("process"))
    by_device = NamedSharding(mesh, PartitionSpec("device"))
    whole = NamedSharding(mesh, PartitionSpec())

    half = slice(rank * SERIES // PROCESSES, (rank + 1) * SERIES // PROCESSES)
    split = [jax.make_array_from_process_local_data(by_process, x[half]) for x in data()]
    start = jax.make_array_from_process_local_data(whole, START)

    gradient = ud.value_and_grad(negative_log_likelihood)
    hessian = ud.jacfwd(ud.grad(negative_log_likelihood), sharding=by_device)
    (value, slope), curvature = jax.jit(
        lambda *args: (gradient(*args), hessian(*args)), out_shardings=whole
    )(start, *split)

    step = np.linalg.solve(np.asarray(curvature), np.asarray(slope))
    print(f"process {rank}: value {float(value):.9f}, Newton step {np.round(step, 9)}", flush=True)


def main() -> None:
    """Start the processes, and compare with one process on NumPy."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    flags = f"--xla_force_host_platform_device_count={DEVICES}"
    env = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, __file__, str(port)]
    running = [
        subprocess.Popen([*command, str(rank)], env=env, stdout=subprocess.PIPE, text=True)
        for rank in range(PROCESSES)
    ]
    printed = [process.communicate()[0].splitlines() for process in running]
    if any(process.returncode for process in running):
        sys.exit(f"processes failed: {[process.returncode for process in running]}")
    for lines in printed:  # Gloo, too, says on stdout whom it has connected
        print(*(line for line in lines if line.startswith("process ")), sep="\n")

    value, slope = ud.value_and_grad(negative_log_likelihood)(START, *data())
    curvature = ud.hessian(negative_log_likelihood)(START, *data())
    step = np.linalg.solve(curvature, slope)
    print(f"NumPy alone: value {float(value):.9f}, Newton step {np.round(step, 9)}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        work(rank=int(sys.argv[2]), port=int(sys.argv[1]))
    else:
        main()
