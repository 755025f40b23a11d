"""Every kernel of every backend, by the equation that it solves."""

from __future__ import annotations

import jax
import numpy as np
import pytest
import torch
from linalg.kernel_cases import (
    CASES,
    LIBRARIES,
    NATIVE,
    arguments,
    assert_negligible,
    call,
    every,
    every_case,
    output_shape,
    product,
)
from torch._subclasses.fake_tensor import FakeTensorMode


@pytest.mark.parametrize(("lib", "case", "shape", "dtype"), product())
def test_value(lib, case, shape, dtype):
    arrays = arguments(case, shape, dtype)
    found = call(lib, case, [lib.asarray(a) for a in arrays])
    ys = [lib.asnumpy(y) for y in found]

    assert type(found[0]) is type(lib.asarray(arrays[0]))
    assert ys[0].shape == output_shape(case, arrays)
    assert ys[0].dtype == dtype
    assert_negligible(case.defect(*arrays, *ys), *arrays, ys[0])


@pytest.mark.parametrize(("lib", "case"), every(("numpy", "reference", "strict", "torch")))
def test_inputs_are_kept_and_outputs_share_no_memory_with_them(lib, case):
    for shape in ("one", "basis", "no rows"):
        arrays = arguments(case, shape, "float64")
        given = [lib.asarray(a) for a in arrays]
        found = call(lib, case, given)

        for a, x in zip(arrays, given, strict=True):
            np.testing.assert_array_equal(a, lib.asnumpy(x))
            assert not any(np.shares_memory(lib.asnumpy(y), lib.asnumpy(x)) for y in found)
        if lib is LIBRARIES["torch"]:
            assert not any(y._is_view() or y.is_conj() for y in found)


@pytest.mark.parametrize("name", NATIVE)
def test_two_dtypes_meet_in_the_common_one(name):
    lib = LIBRARIES[name]
    a, b = arguments(CASES["solve"], "one", "float64")
    y, lu, pivots = lib.kernels["solve"](lib.asarray(a), lib.asarray(b * (1 + 1j)))
    z = lib.kernels["factored_solve"](
        lib.asarray(a), lu, pivots, lib.asarray(b * 1j), transposed=False
    )

    assert_negligible(lib.asnumpy(y) - np.linalg.solve(a, b * (1 + 1j)), a, b)
    assert_negligible(lib.asnumpy(z) - np.linalg.solve(a, b * 1j), a, b)


ENABLE_X64 = (jax if hasattr(jax, "enable_x64") else jax.experimental).enable_x64  # of JAX 0.6


@every_case
def test_jax_traces_without_x64(case):
    arrays = arguments(case, "broadcast", "float32")
    with ENABLE_X64(False):
        types = jax.eval_shape(lambda *xs: call(LIBRARIES["jax"], case, list(xs)), *arrays)

    assert types[0].dtype == "float32"


@pytest.mark.parametrize("key", ["factorT", "sign", "lower T", "expm", "sylvester", "discrete"])
def test_jax_maps_over_a_stack(key):
    case = CASES[key]
    *arrays, last = arguments(case, "stack", "float64")
    axes = [0] * (1 + len(arrays))
    if arrays:  # the last argument is the same for the whole stack
        last, axes[-1] = last[0], None
    ys = jax.jit(jax.vmap(lambda *xs: call(LIBRARIES["jax"], case, list(xs)), axes))(*arrays, last)

    assert_negligible(case.defect(*arrays, last, *map(np.asarray, ys)), *arrays, last, ys[0])


@every_case
@pytest.mark.parametrize("size", [3, 34])
def test_torch_traces_with_fake_tensors(case, size):
    with FakeTensorMode():
        arrays = [torch.empty(5, 1, size, size), torch.empty(2, size, size)]
        arrays = [arrays[i > 0].clone() for i in range(len(case.kinds.replace("f", "")))]
        (y, *_) = call(LIBRARIES["torch"], case, arrays)

    assert tuple(y.shape) == output_shape(case, arrays)
