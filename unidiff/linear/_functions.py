"""Maps given by functions, for when no composition says it; a missing transpose is derived."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from .._backend import Array, array_namespace, backend_of, device_of
from ._kinds import linear_map, static
from ._map import LinearMap, not_invertible
from ._shape import leading
from ._space import ArraySpace, space_of
from ._transpose import TransposeOf


@linear_map
class FromFunctions(LinearMap):
    """dx ↦ function(dx, *residuals, **parameters), of one array to one array"""

    residuals: tuple[Array, ...]
    function: Callable[..., Array] = static()
    transpose: Callable[..., Array] | None = static()
    inverse: Callable[..., Array] | None = static()
    domain: ArraySpace = static()
    batched: bool = static()
    parameters: tuple[tuple[str, Any], ...] = static()

    def __call__(self, dx: Array) -> Array:
        extra = len(dx.shape) - len(self.domain.shape)
        if self.batched or extra <= 0:
            return self._apply(dx)
        return each(self._apply, dx, leading(dx, self.domain.shape))

    def _apply(self, dx: Array) -> Array:
        return self.function(dx, *self.residuals, **dict(self.parameters))

    @property
    def codomain(self) -> ArraySpace:
        """The space of the result, found by one call, once for all arguments of these shapes."""
        key = self.function, self.domain, space_of(self.residuals), self.parameters
        found = _codomains.get(key)
        if found is None:
            found = _codomains[key] = space_of(self._apply(self.domain.zeros()))
        return found

    @property
    def T(self) -> LinearMap:
        return Transposed(self)

    @property
    def inv(self) -> LinearMap:
        if self.inverse is None:
            raise not_invertible(self, "give `inverse=` to from_functions")
        back, there = self.inverse, self.function
        space = self.codomain
        return FromFunctions(
            self.residuals, back, None, there, space, self.batched, self.parameters
        )

    @property
    def c_linear(self) -> bool:
        return not self.domain.complex

    def __repr__(self) -> str:
        return self.function.__name__


_codomains: dict[Any, ArraySpace] = {}  # a cache: shapes follow from shapes


@linear_map
class Transposed(TransposeOf):
    """The transpose of a map of functions: its author's, or the backend's of its trace"""

    of: FromFunctions
    pick = LinearMap.pick

    def __call__(self, w: Array) -> Array:
        of = self.of
        if of.transpose is None:
            return backend_of(w, *of.residuals).linear_transpose(of._apply, of.domain, w)
        if of.batched or len(w.shape) == len(of.codomain.shape):
            return self._apply(w)
        return each(self._apply, w, leading(w, of.codomain.shape))

    def _apply(self, w: Array) -> Array:
        of = self.of
        assert of.transpose is not None
        return of.transpose(w, *of.residuals, **dict(of.parameters))


def each(f: Callable[[Array], Array], dx: Array, lead: tuple[int, ...]) -> Array:
    """Apply `f` to every array behind the leading axes, one by one."""
    xp, count = array_namespace(dx), prod(lead)
    core = tuple(dx.shape[len(lead) :])
    if not count:
        y = f(xp.zeros(core, dtype=dx.dtype, device=device_of(dx)))
        return xp.zeros((*lead, *y.shape), dtype=y.dtype, device=device_of(y))
    flat = xp.reshape(dx, (count, *core))
    ys = xp.stack([f(flat[k, ...]) for k in range(count)])
    return xp.reshape(ys, (*lead, *ys.shape[1:]))


def from_functions(
    frechet: Callable[..., Array],
    *residuals: Array,
    domain: Array,
    transpose: Callable[..., Array] | None = None,
    inverse: Callable[..., Array] | None = None,
    batched: bool = False,
    **static: Any,
) -> LinearMap:
    """
    Return the map given by module-level functions of `(dx, *residuals, **static)`.

    Parameters
    ----------
    frechet : callable
        `frechet(dx, *residuals, **static) -> dy`, linear in its first argument, of one array to
        one array. It closes over no array (under jit and vmap that would be lost): what it needs
        is a residual. It calls primitives, since it is differentiated in its residuals.
    *residuals : array
    domain : array
        An array of the shape and dtype of dx.
    transpose : callable, optional
        The same for the pullback. Without it the backend derives it, and checks the linearity.
    inverse : callable, optional
        The same for the inverse.
    batched : bool, optional
        Whether the functions let leading axes beyond those of `domain` pass; else they are called
        for each array of a basis.
    **static : hashable
        Passed to the functions.

    Notes
    -----
    A rule known only as a pullback is `from_functions(pullback, *residuals, domain=y).T`.

    Examples
    --------
    >>> import numpy as np
    >>> from unidiff.maps import from_functions
    >>> def commutator(dx, a):
    ...     return a @ dx - dx @ a
    >>> a = np.array([[0.0, 1.0], [2.0, 0.0]])
    >>> L = from_functions(commutator, a, domain=a)
    >>> L.T(np.eye(2))
    array([[0., 0.],
           [0., 0.]])
    """
    parameters = tuple(sorted(static.items()))
    space = space_of(domain)
    return FromFunctions(residuals, frechet, transpose, inverse, space, batched, parameters)
