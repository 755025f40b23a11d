"""Special functions."""

from __future__ import annotations

from typing import Any

import numpy as np

import unidiff as ud

from ..._backend import device_of
from ...special import _gamma, _normal, _sums
from .case import COMPLEX, REAL, RuleCase
from .elementwise import STRICT, above, integers, real, single, upper, within
from .kinds import normal, positive

special = ud.special


def between(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Numbers between 0.1 and 0.9."""
    return rng.uniform(0.1, 0.9, size=shape).astype(dtype)


def tail(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    return rng.uniform(-12.0, -9.0, size=shape).astype(dtype)


def negative(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Negative numbers off the poles, and off the zeros of log Γ."""
    return (-rng.integers(2, 6, size=shape) + rng.uniform(0.3, 0.4, size=shape)).astype(dtype)


def weights(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Weights of both signs."""
    return rng.uniform(0.5, 1.0, size=shape).astype(dtype) * np.asarray(
        rng.choice([-0.3, 1.0], size=shape), dtype
    )


def near(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Numbers of a small spread, complex ones too: no sum of their exponentials is near 0."""
    return (normal(rng, shape, dtype) * 0.4).astype(dtype)


def of_numbers(f: Any, *kinds: Any, dtypes: Any = REAL, **how: Any) -> RuleCase:
    arrays = ",".join(["()"] * len(kinds))
    return RuleCase(f, tuple((k, (3,)) for k in kinds), f"{arrays}->()", dtypes=dtypes, **how)


def along(
    f: Any, shape: tuple[int, ...], signature: Any = None, kind: Any = near, **how: Any
) -> RuleCase:
    def function(x: Any) -> Any:
        return f(x, **how)

    return RuleCase(function, ((kind, shape),), signature)


def weighted(
    shape: tuple[int, ...],
    of_weights: tuple[int, ...],
    kind: Any = weights,
    dtypes: Any = REAL,
    refused: Any = None,
    **how: Any,
) -> RuleCase:
    def function(a: Any, b: Any) -> Any:
        return special.logsumexp(a, b=b, **how)

    arguments = ((near, shape), (kind, of_weights))
    return RuleCase(function, arguments, dtypes=dtypes, refused=refused or {})


def constant_weights(x: Any) -> Any:
    """Weights that do not move, integers among them."""
    weights = ud.array_namespace(x).asarray([1, -1, 3], device=device_of(x))
    return special.logsumexp(x, b=weights, return_sign=True)[0]


SPECIAL = {
    "erf": of_numbers(special.erf, normal),
    "erfc": of_numbers(special.erfc, normal),
    "erfc: in the tail": of_numbers(special.erfc, above),
    "ndtr": of_numbers(special.ndtr, normal),
    "log_ndtr": of_numbers(special.log_ndtr, normal),
    "log_ndtr: in the tail": of_numbers(special.log_ndtr, tail),
    "log_ndtr: its rule": RuleCase(_normal.mills, ((normal, (3,)),), dtypes=REAL),
    "expit": of_numbers(special.expit, normal),
    "expit: in the tail": of_numbers(special.expit, tail),
    "logit": of_numbers(special.logit, between),
    "xlogy": of_numbers(special.xlogy, normal, positive, dtypes=(*REAL, *COMPLEX)),
    "xlogy: two precisions": of_numbers(special.xlogy, single, positive),
    "xlogy: real and complex": of_numbers(special.xlogy, real, positive, dtypes=COMPLEX),
    "xlogy: integers": of_numbers(special.xlogy, integers, positive, refused=STRICT),
    "xlogy: of a number": of_numbers(lambda x: special.xlogy(2.0, x), positive),
    "xlogy: a number": of_numbers(lambda x: special.xlogy(x, 2.0), normal),
    "gammaln": of_numbers(special.gammaln, positive),
    "gammaln: of negative numbers": of_numbers(special.gammaln, negative),
    "digamma": of_numbers(special.digamma, positive),
    "digamma: of negative numbers": of_numbers(special.digamma, negative),
    "psi": of_numbers(special.psi, above),
    "polygamma": of_numbers(lambda x: special.polygamma(1, x), positive),
    "polygamma: its rule": RuleCase(
        _gamma.of_polygamma, ((above, (3,)),), static={"n": 2}, dtypes=REAL
    ),
    "polygamma: of negative numbers": of_numbers(lambda x: special.polygamma(2, x), negative),
    "polygamma: of order 0": of_numbers(lambda x: special.polygamma(0, x), upper),
    "logsumexp": along(special.logsumexp, (2, 3)),
    "logsumexp: its rule": RuleCase(_sums.log_sum, ((near, (4,)),)),
    "logsumexp: its second rule": RuleCase(_sums.shares, ((near, (4,)),)),
    "logsumexp: an axis": along(special.logsumexp, (3, 2), axis=0, keepdims=True),
    "logsumexp: the last axis": along(special.logsumexp, (4,), "(n)->()", axis=-1),
    "logsumexp: axes": along(special.logsumexp, (2, 3, 2), axis=(-1, 0)),
    "logsumexp: kept axes": along(special.logsumexp, (2, 3, 2), axis=(0, 1), keepdims=True),
    "logsumexp: one number": along(special.logsumexp, ()),
    "logsumexp: weighted": weighted((2, 3), (2, 3), axis=1, return_sign=True),
    "logsumexp: weighted, complex": weighted((3,), (3,), near, COMPLEX),
    "logsumexp: weighted, with sign": weighted((2, 3), (3,), near, COMPLEX, return_sign=True),
    "logsumexp: weighted, broadcast": weighted((3, 1), (2,), between, axis=0, keepdims=True),
    "logsumexp: weighted, two precisions": weighted((3,), (3,), single),
    "logsumexp: constant weights": RuleCase(constant_weights, ((near, (3,)),), dtypes=REAL),
    "logsumexp: with sign": RuleCase(
        lambda x: special.logsumexp(x, return_sign=True), ((near, (3,)),)
    ),
    "logsumexp: weighted, its rule": RuleCase(
        _sums.weighted_log_sum, ((near, (3,)), (between, (3,))), dtypes=REAL
    ),
    "logsumexp: weighted, its second rule": RuleCase(
        _sums.quotients, ((near, (3,)), (positive, (3,)))
    ),
    "softmax": along(special.softmax, (2, 3)),
    "softmax: its rule": RuleCase(_sums.softmax_along, ((near, (4,)),)),
    "softmax: an axis": along(special.softmax, (3, 2), axis=0),
    "softmax: axes": along(special.softmax, (2, 3, 2), axis=(0, -1)),
    "log_softmax": along(special.log_softmax, (2, 3)),
    "log_softmax: its rule": RuleCase(_sums.log_softmax_along, ((near, (4,)),)),
    "log_softmax: an axis": along(special.log_softmax, (3, 2), axis=0),
    "log_softmax: one number": along(special.log_softmax, ()),
    "softmax: of numbers far apart": along(special.softmax, (3,), kind=within),
}
