"""Every linear map of `unidiff.maps` by name: how to make one, and an array of its domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unidiff import maps
from unidiff.linalg._diagonals import Diagonal, OnDiagonal
from unidiff.linalg._products import CrossWith, Dot, Times
from unidiff.linalg._triangular import TriangularProduct, TriangularSolve
from unidiff.linear._fft import Fourier, FromHalfSpectrum, RealFourier
from unidiff.linear._joins import Replace
from unidiff.rules._recurrence import Recurrence

REAL = {"float32": "float32", "float64": "float64", "complex64": "float32", "complex128": "float64"}
COMPLEX = {real: dtype for dtype, real in REAL.items() if dtype != real}


class Draw:
    """Random arrays of one namespace and dtype."""

    def __init__(self, xp: Any, rng: np.random.Generator, dtype: str) -> None:
        self.xp, self.rng, self.dtype = xp, rng, dtype

    def __call__(self, *shape: int, dtype: str | None = None) -> Any:
        dtype = dtype or self.dtype
        x = self.rng.standard_normal(shape)
        if dtype.startswith("complex"):
            x = x + 1j * self.rng.standard_normal(shape)
        return self.asarray(x, dtype)

    def asarray(self, x: Any, dtype: str) -> Any:
        return self.xp.asarray(np.asarray(x, dtype=dtype))

    def real(self, *shape: int) -> Any:
        return self(*shape, dtype=REAL[self.dtype])

    def complex(self, *shape: int) -> Any:
        return self(*shape, dtype=COMPLEX[REAL[self.dtype]])

    def away(self, *shape: int) -> Any:
        """Numbers not near zero."""
        return 2.0 + 0.25 * self(*shape)

    def square(self, *shape: int) -> Any:
        """Well-conditioned matrices."""
        return self(*shape) + 4.0 * self.xp.eye(shape[-1], dtype=getattr(self.xp, self.dtype))

    def like(self, y: Any) -> Any:
        """Another array, or tuple of arrays, of the shapes and dtypes of y; None stays None."""
        if isinstance(y, tuple):
            return tuple(map(self.like, y))
        return None if y is None else self(*y.shape, dtype=str(y.dtype).split(".")[-1])

    def basis(self, lead: tuple[int, ...], y: Any) -> Any:
        """Arrays like y with more leading axes."""
        if isinstance(y, tuple):
            return tuple(self.basis(lead, part) for part in y)
        return self(*lead, *y.shape, dtype=str(y.dtype).split(".")[-1])


def twice(dx: Any) -> Any:
    return 2.0 * dx


def half(dx: Any) -> Any:
    return 0.5 * dx


def commutator(dx: Any, a: Any) -> Any:
    return a @ dx - dx @ a


def commutator_transposed(w: Any, a: Any) -> Any:
    return a.mT @ w - w @ a.mT


def outer_product(dx: Any, a: Any, *, factor: float) -> Any:
    """Of one vector: extra leading axes do not pass."""
    return factor * (dx[:, None] * a[None, :])


def _from_scipy(a: Draw) -> Any:
    m = np.asarray(a(4, 3))
    return maps.from_scipy(m, domain=np.ones(3, dtype=m.dtype)), a(3)


def _indices(a: Draw, *values: Any) -> Any:
    return a.asarray(values, "int64")


def _replace(a: Draw) -> maps.LinearMap:
    """The second column gives way to another."""
    kept = a.asarray([[True, False, True]] * 2, "bool")
    return Replace(kept, maps.embed((2, 3), (slice(None), 1)))


Made = tuple[maps.LinearMap, Any]
EVERY: slice = slice(None)
SQUARE = lambda a: a.square(3, 3)  # noqa: E731

BIJECTIONS: dict[str, Callable[[Draw], Made]] = {
    "identity": lambda a: (maps.identity, a(2, 3)),
    "scale": lambda a: (maps.scale(a.away()), a(2, 3)),
    "diag": lambda a: (maps.diag(a.away(2, 3)), a(2, 3)),
    "diag of rows": lambda a: (maps.diag(a.away(3)), a(2, 3)),
    "parallel": lambda a: (
        maps.parallel(maps.left(SQUARE(a)), maps.diag(a.away(2))),
        (a(3, 2), a(2)),
    ),
    "compose": lambda a: (maps.left(SQUARE(a)) @ maps.right(a.square(2, 2)), a(3, 2)),
    "negate": lambda a: (-maps.left(SQUARE(a)), a(3, 2)),
    "reshape": lambda a: (maps.reshape((2, 6), (3, 4)), a(2, 6)),
    "permute": lambda a: (maps.permute((2, 0, 1)), a(2, 3, 4)),
    "matrix_transpose": lambda a: (maps.matrix_transpose, a(2, 3)),
    "roll": lambda a: (maps.roll(2, -2), a(5, 2)),
    "cumulative_sum": lambda a: (maps.cumulative_sum(-1), a(2, 4)),
    "cumulative_sum of rows": lambda a: (maps.cumulative_sum(-2), a(4, 2)),
    "concat": lambda a: (maps.concat((2, 1, 3), -1), (a(2, 2), a(2, 1), a(2, 3))),
    "stack": lambda a: (maps.stack((3, 2)), (a(2), a(2), a(2))),
    "stack of a stack": lambda a: (maps.stack((2,)), (a(3, 4), a(3, 4))),
    "flip": lambda a: (maps.flip(-1, -3), a(2, 3, 4)),
    "recurrence": lambda a: (Recurrence(a(2, 5)), a(2, 5)),
    "recurrence backward": lambda a: (Recurrence(a(5)).T, a(2, 5)),
    "conjugate": lambda a: (maps.conjugate, a(2, 3)),
    "fourier": lambda a: (Fourier((-1,), "backward"), a.complex(2, 5)),
    "fourier back": lambda a: (Fourier((-2,), "backward", inverse=True), a.complex(4, 2)),
    "fourier of two axes": lambda a: (Fourier((-1, -3), "forward"), a.complex(2, 3, 4)),
    "fourier, orthonormal": lambda a: (Fourier((-2, -1), "ortho", inverse=True), a.complex(2, 3)),
    "left": lambda a: (maps.left(SQUARE(a)), a(3, 2)),
    "left of a stack": lambda a: (maps.left(a.square(2, 3, 3)), a(2, 3, 2)),
    "right": lambda a: (maps.right(SQUARE(a)), a(2, 3)),
    "left_solve": lambda a: (maps.left_solve(SQUARE(a)), a(3, 2)),
    "left_solve transposed": lambda a: (maps.left_solve(SQUARE(a), transposed=True), a(3, 2)),
    "left_solve of a stack": lambda a: (maps.left_solve(a.square(2, 3, 3)), a(2, 3, 2)),
    "right_solve": lambda a: (maps.right_solve(SQUARE(a)), a(2, 3)),
    "triangular_solve": lambda a: (TriangularSolve(SQUARE(a), lower=True), a(3, 2)),
    "triangular_solve transposed": lambda a: (
        TriangularSolve(a.square(2, 3, 3), lower=False, transposed=True),
        a(2, 3, 2),
    ),
    "triangular_solve, unit": lambda a: (
        TriangularSolve(SQUARE(a), lower=False, unit_diagonal=True),
        a(3, 2),
    ),
    "triangular_product": lambda a: (TriangularProduct(SQUARE(a), lower=False), a(3, 2)),
    "triangular_product, unit": lambda a: (
        TriangularProduct(SQUARE(a), lower=True, transposed=True, unit_diagonal=True),
        a(3, 2),
    ),
    "congruence": lambda a: (maps.congruence(SQUARE(a)), a(3, 3)),
    "dense": lambda a: (maps.dense(a.square(4, 4), (2, 2), (4,)), a(2, 2)),
    "from_functions": lambda a: (
        maps.from_functions(twice, domain=a(2, 3), inverse=half, batched=True),
        a(2, 3),
    ),
}

OTHERS: dict[str, Callable[[Draw], Made]] = {
    "mask": lambda a: (maps.mask(a.asarray([[True, False], [False, True]], "bool")), a(2, 2)),
    "row": lambda a: (maps.row(maps.left(a(2, 3)), maps.right(a(5, 4))), (a(3, 4), a(2, 5))),
    "column": lambda a: (maps.column(maps.left(a(2, 3)), maps.right(a(4, 5))), a(3, 4)),
    "pick": lambda a: (maps.pick(1, 3), (a(2), a(3), a(2, 2))),
    "row with zero": lambda a: (maps.row(maps.zero, maps.diag(a(3))), (a(2), a(3))),
    "add": lambda a: (maps.left(SQUARE(a)) + maps.right(a(2, 2)), a(3, 2)),
    "broadcast": lambda a: (maps.broadcast((3,), (2, 3)), a(3)),
    "broadcast of ones": lambda a: (maps.broadcast((2, 1), (4, 2, 3)), a(2, 1)),
    "sum_over": lambda a: (maps.sum_over((2, 3, 4), (0, 2)), a(2, 3, 4)),
    "sum_over all": lambda a: (maps.sum_over((2, 3)), a(2, 3)),
    "spread": lambda a: (maps.spread((2, 3, 4), (0, 2)), a(3)),
    "slice_": lambda a: (maps.slice_((4, 5), (slice(None, None, 2), 1)), a(4, 5)),
    "slice_ backwards": lambda a: (maps.slice_((4, 5), (..., slice(3, None, -2))), a(4, 5)),
    "embed": lambda a: (maps.embed((4, 5), (slice(None, None, 2), -1)), a(2)),
    "gather": lambda a: (maps.gather(_indices(a, 0, 2, 2, 2), 4), a(2, 4)),
    "gather of a stack": lambda a: (maps.gather(_indices(a, [0, 2, 2], [1, 1, 3]), 4), a(2, 4)),
    "scatter": lambda a: (maps.scatter(_indices(a, 0, 2, 2, 2), 4), a(2, 4)),
    "scatter from the end": lambda a: (maps.scatter(_indices(a, -1, 2, -4, 3), 4), a(2, 4)),
    "scatter of a stack": lambda a: (maps.scatter(_indices(a, [0, 2, 2], [1, 1, 3]), 4), a(2, 3)),
    "gather of rows": lambda a: (maps.gather(_indices(a, 0, 2, -1), 4, -2), a(3, 4, 2)),
    "scatter of rows": lambda a: (maps.scatter(_indices(a, 0, 2, -1), 4, -2), a(3, 3, 2)),
    "triangle": lambda a: (maps.triangle(-1), a(2, 3, 4)),
    "triangle above": lambda a: (maps.triangle(1, upper=True), a(3, 3)),
    "replace": lambda a: (_replace(a), (a(2, 3), a(2))),
    "trace": lambda a: (maps.trace(3), a(2, 3, 3)),
    "diagonal": lambda a: (Diagonal((3, 4), 1), a(2, 3, 4)),
    "diagonal below": lambda a: (Diagonal((4, 3), -2), a(4, 3)),
    "on_diagonal": lambda a: (OnDiagonal((3, 4), 2), a(2, 2)),
    "dot": lambda a: (Dot(a(3)), a(2, 3)),
    "dot of a stack": lambda a: (Dot(a(2, 3)), a(2, 3)),
    "times": lambda a: (Times(a(2, 3)), a(2)),
    "cross_with": lambda a: (CrossWith(a(3)), a(2, 3)),
    "real_fourier": lambda a: (RealFourier(6, -1, "backward"), a.real(2, 6)),
    "real_fourier, odd": lambda a: (RealFourier(5, -2, "ortho"), a.real(5, 2)),
    "from_half_spectrum": lambda a: (FromHalfSpectrum(6, -1, "backward"), a.complex(2, 4)),
    "from_half_spectrum, odd": lambda a: (FromHalfSpectrum(5, -2, "forward"), a.complex(3, 2)),
    "real_part": lambda a: (maps.real_part, a(2, 3)),
    "to_complex": lambda a: (maps.to_complex, a.real(2, 3)),
    "left oblong": lambda a: (maps.left(a(2, 3)), a(3, 4)),
    "left of a vector": lambda a: (maps.left(a(3)), a(3, 4)),
    "right oblong": lambda a: (maps.right(a(3, 2)), a(4, 3)),
    "right of a vector": lambda a: (maps.right(a(3)), a(4, 3)),
    "right of vectors": lambda a: (maps.right(a(3, 2)), a(3)),
    "dense oblong": lambda a: (maps.dense(a(3, 4), (2, 2), (3,)), a(2, 2)),
    "from_functions of one": lambda a: (
        maps.from_functions(outer_product, a(2), domain=a(3), factor=3.0),
        a(3),
    ),
    "from_functions derived": lambda a: (
        maps.from_functions(commutator, SQUARE(a), domain=a(3, 3), batched=True),
        a(3, 3),
    ),
    "from_functions given": lambda a: (
        maps.from_functions(
            commutator, SQUARE(a), domain=a(3, 3), transpose=commutator_transposed, batched=True
        ),
        a(3, 3),
    ),
    "from_scipy": _from_scipy,
}

EVERY_MAP = BIJECTIONS | OTHERS
"""All but `zero`, which leads nowhere: the algebra removes it."""

OF_REAL = {
    "to_complex",
    "real_fourier",
    "real_fourier, odd",
    "from_half_spectrum",
    "from_half_spectrum, odd",
}
"""Maps that are real on one side and complex on the other, whatever the dtype drawn."""
ONLY_NUMPY = {"from_scipy"}
