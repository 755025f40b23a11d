"""Special functions with derivatives, on every backend."""

from ..tape._namespace import special_functions
from ._gamma import digamma, gammaln, polygamma, psi
from ._logistic import expit, logit, xlogy
from ._normal import erf, erfc, log_ndtr, ndtr
from ._sums import log_softmax, logsumexp, softmax

__all__ = [
    "digamma",
    "erf",
    "erfc",
    "expit",
    "gammaln",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "ndtr",
    "polygamma",
    "psi",
    "softmax",
    "xlogy",
]

special_functions.update({name: globals()[name] for name in __all__})
