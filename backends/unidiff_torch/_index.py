"""Placing an array into zeros: functional, so that it differentiates and batches to any order."""

from __future__ import annotations

from typing import Any

import torch

Array = Any


def embed(dx: Array, *, shape: tuple[int, ...], index: tuple[Any, ...]) -> Array:
    """Return zeros of `shape`, but for dx at the index `(..., k, l)` of integers and slices."""
    if dx.is_complex():  # of which slice_scatter has no derivative
        parts = (embed(part, shape=shape, index=index) for part in (dx.real, dx.imag))
        return torch.complex(*parts)
    out = dx
    axes = index[1:]
    lead = len(shape) - len(axes)
    for axis, (k, size) in enumerate(zip(axes, shape[lead:], strict=True), start=lead):
        if not isinstance(k, slice):
            k %= size
            out, k = out.unsqueeze(axis), slice(k, k + 1)
        start, stop, step = k.indices(size)
        if (start, stop, step) == (0, size, 1):
            continue
        larger = out.new_zeros((*out.shape[:axis], size, *out.shape[axis + 1 :]))
        out = torch.slice_scatter(larger, out, axis, start, max(start, stop), step)
    return out


def scatter_add(dx: Array, index: Array, *, n: int) -> Array:
    """Return dx added up at `index` into zeros of last axis n."""
    index = index.to(torch.int64)
    if index.ndim == 1:
        return torch.index_add(dx.new_zeros((*dx.shape[:-1], n)), -1, index, dx)
    lead = torch.broadcast_shapes(dx.shape[:-1], index.shape[:-1])
    dx, index = (x.expand(*lead, x.shape[-1]) for x in (dx, index))
    return torch.scatter_add(dx.new_zeros((*lead, n)), -1, index, dx)


kernels = {"embed": embed, "scatter_add": scatter_add}
