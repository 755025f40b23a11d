"""Every rule of the catalogue with arguments it is smooth at: one line a case."""

from __future__ import annotations

from . import elementwise, linalg, manipulation, products

LINALG = linalg.LINALG | products.PRODUCTS
FUNCTIONS = elementwise.ELEMENTWISE | manipulation.MANIPULATION | products.PRODUCTS
NATIVE = LINALG | linalg.MAPS
"""What JAX and PyTorch take from us too; their other functions are their own."""
CASES = FUNCTIONS | NATIVE

TAPE = ("numpy", "array_api_strict")
BACKENDS = (*TAPE, "jax", "torch")


def backends_of(name):
    """Return the backends on which the case is ours."""
    return BACKENDS if name in NATIVE else TAPE
