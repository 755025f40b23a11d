"""Every rule of the catalogue with arguments it is smooth at: one line a case."""

from __future__ import annotations

from . import (
    creation,
    elementwise,
    fft,
    indexing,
    linalg,
    manipulation,
    norms,
    products,
    reductions,
    special,
    spectra,
)

LINALG = linalg.LINALG | products.PRODUCTS | norms.NORMS | spectra.SPECTRA
FUNCTIONS = elementwise.ELEMENTWISE | products.PRODUCTS | fft.FFT
SPECIAL = special.SPECIAL
FUNCTIONS |= creation.CREATION
FUNCTIONS |= manipulation.MANIPULATION | indexing.INDEXING | reductions.REDUCTIONS
NATIVE = LINALG | SPECIAL | linalg.MAPS
"""What JAX and PyTorch take from us too; their other functions are their own."""
VARIANTS = products.VARIANTS | norms.VARIANTS
"""More of the same rules: JAX, which compiles every operation, is left out."""
CASES = FUNCTIONS | NATIVE | VARIANTS

TAPE = ("numpy", "array_api_strict")
BACKENDS = (*TAPE, "jax", "torch")


def backends_of(name):
    """Return the backends on which the case is ours."""
    if name in VARIANTS:
        return (*TAPE, "torch")
    return BACKENDS if name in NATIVE else TAPE
