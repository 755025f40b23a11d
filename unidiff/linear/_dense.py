"""Maps written out: a basis goes through in one call; chains of matrices are Kronecker products.

An R-linear map is written out on pairs of real numbers: a complex side is split into its real and
its imaginary part, along one more axis of length 2 before its own.
"""

from __future__ import annotations

from math import prod
from typing import Any

from .._backend import Array, Shape, array_namespace, kind_of

Factors = tuple[Array | None, Array | None, Array | None, Array | None]
"""d, p, q, e of a map of matrices  X ↦ d ∘ (p (e ∘ X) q), where None stands for 1."""


def is_complex(x: Array) -> bool:
    """Return whether the array is complex."""
    return kind_of(x) == "complex"


def conjugated(dx: Array) -> Array:
    """Return conj dx; real arrays as they are."""
    if isinstance(dx, tuple):
        return tuple(None if x is None else conjugated(x) for x in dx)
    return array_namespace(dx).conj(dx) if is_complex(dx) else dx


def log_abs_sum(d: Array, like: Array) -> Array:
    """Return Σ log |d| over d broadcast to the shape of `like`."""
    xp = array_namespace(d, like)
    d = xp.asarray(d, dtype=like.dtype) if not hasattr(d, "shape") else d
    terms = xp.log(xp.abs(d))
    return xp.sum(terms) * (prod(like.shape) / max(prod(terms.shape), 1))


def real_dtype(space: Any) -> Any:
    """Return the dtype of the absolute values of the numbers of a space."""
    return space.xp.abs(space.zeros()).dtype


def product(outer: Factors, inner: Factors) -> Factors | None:
    """Return the factors of the composition, None where a diagonal stands between matrices."""
    (d, p, q, e), (f, r, s, g) = outer, inner
    between = _times(e, f)
    if between is None:
        return d, _matmul(p, r), _matmul(s, q), g
    if r is None and s is None:
        return d, p, q, _times(between, g)
    return (_times(d, between), r, s, g) if p is None and q is None else None


def negated(factors: Factors) -> Factors | None:
    """Return the factors of the map's negative, None where all of them are 1."""
    for k, factor in enumerate(factors):
        if factor is not None:
            return (*factors[:k], -factor, *factors[k + 1 :])
    return None


def _times(a: Array | None, b: Array | None) -> Array | None:
    return b if a is None else a if b is None else a * b


def _matmul(a: Array | None, b: Array | None) -> Array | None:
    return b if a is None else a if b is None else a @ b


def dense(f: Any, domain: Any, codomain: Any, pairs: bool | None = None) -> Any:
    """Return the map as arrays of shape `y.shape + x.shape`; `pairs`: on pairs of real numbers."""
    pairs = not f.c_linear if pairs is None else pairs
    if hasattr(domain, "parts"):
        columns = [dense(f.pick(inputs=k), d, codomain, pairs) for k, d in enumerate(domain.parts)]
        if hasattr(codomain, "parts"):
            return tuple(zip(*columns, strict=True))
        return tuple(columns)
    if hasattr(codomain, "parts"):
        rows = enumerate(codomain.parts)
        return tuple(dense(f.pick(outputs=j), domain, c, pairs) for j, c in rows)
    if pairs and (domain.complex or codomain.complex):
        return _dense_of_pairs(f, domain, codomain)
    found = _kronecker(f, domain, codomain)
    return _by_basis(f, domain, codomain) if found is None else found


def _by_basis(f: Any, domain: Any, codomain: Any) -> Array:
    """Push a basis, or pull one where that is the smaller."""
    forward = domain.size <= codomain.size
    found = f(domain.basis()) if forward else f.pull(codomain.basis())
    if found is None:  # structurally zero
        return _zeros(codomain, codomain.shape + domain.shape)
    xp = array_namespace(found)  # the residuals may be traced
    if forward:
        return last_axes(xp, found, domain.shape)
    return xp.reshape(found, (*codomain.shape, *domain.shape))


def last_axes(xp: Any, pushed: Array, shape: Shape) -> Array:
    """Move the first axis behind all others, and lay it out as `shape`."""
    n, rest = pushed.shape[0], tuple(pushed.shape[1:])
    columns = xp.matrix_transpose(xp.reshape(pushed, (n, prod(rest))))
    return xp.reshape(columns, (*rest, *shape))


def _zeros(space: Any, shape: Shape, dtype: Any = None) -> Array:
    return space.xp.zeros(shape, dtype=dtype or space.dtype, device=space.device)


def _dense_of_pairs(f: Any, domain: Any, codomain: Any) -> Array:
    xp, basis = domain.xp, domain.basis()
    if domain.complex:
        basis = xp.concat([basis, 1j * basis], axis=0)
    pushed = f(basis)
    if pushed is None:  # structurally zero
        shapes = [((2,) if s.complex else ()) + s.shape for s in (codomain, domain)]
        return _zeros(codomain, shapes[0] + shapes[1], real_dtype(codomain))
    xp = array_namespace(pushed)
    if codomain.complex:
        pushed = xp.stack([xp.real(pushed), xp.imag(pushed)], axis=1)
    return last_axes(xp, pushed, ((2,) if domain.complex else ()) + domain.shape)


def _kronecker(f: Any, domain: Any, codomain: Any) -> Array | None:
    """Return d[i, j] p[i, k] q[l, j] e[k, l], in one pass over the result."""
    factors = f.kronecker()
    if factors is None or len(domain.shape) != 2:
        return None
    d, p, q, e = factors
    matrices = [m for m in (p, q) if m is not None]
    if not matrices or any(m.ndim != 2 for m in matrices):
        return None
    if any(getattr(m, "ndim", 0) > 2 for m in (d, e)):
        return None
    p = _eye(domain, 0) if p is None else p
    q = _eye(domain, 1) if q is None else q
    q = array_namespace(q).matrix_transpose(q)
    found = p[:, None, :, None] * q[None, :, None, :]
    if d is not None:
        found = found * _as_full(d, codomain)[:, :, None, None]
    if e is not None:
        found = found * _as_full(e, domain)
    same = found.dtype == codomain.dtype
    return found if same else array_namespace(found).astype(found, codomain.dtype)


def _as_full(d: Array, space: Any) -> Array:
    """Return a diagonal, or the one number of all its places, as an array of the space."""
    if not hasattr(d, "shape"):
        d = space.xp.asarray(d, dtype=space.dtype, device=space.device)
    return array_namespace(d).broadcast_to(d, space.shape)


def _eye(domain: Any, axis: int) -> Array:
    return domain.xp.eye(domain.shape[axis], dtype=domain.dtype, device=domain.device)


def matrix(f: Any, domain: Any, codomain: Any) -> Array:
    """Return the map as one matrix, inputs and outputs one by one."""
    pairs = not f.c_linear
    blocks = dense(f, domain, codomain, pairs)
    inputs = domain.parts if hasattr(domain, "parts") else (domain,)
    outputs = codomain.parts if hasattr(codomain, "parts") else (codomain,)
    if not hasattr(codomain, "parts"):
        blocks = (blocks,)
    if not hasattr(domain, "parts"):
        blocks = tuple((row,) for row in blocks)
    xp = array_namespace(*(b for row in blocks for b in row))

    def length(space: Any) -> int:
        return int(space.size) * (2 if space.complex and pairs else 1)

    rows = [
        [xp.reshape(b, (length(y), length(x))) for b, x in zip(row, inputs, strict=True)]
        for row, y in zip(blocks, outputs, strict=True)
    ]
    joined = [row[0] if len(row) == 1 else xp.concat(row, axis=1) for row in rows]
    return joined[0] if len(joined) == 1 else xp.concat(joined, axis=0)
