"""The verbs: a few lines each over the backend's engine."""

from ._checkpoint import checkpoint
from ._first_order import derivative, grad, jvp, value_and_grad, vjp
from ._jacobian import hessian, hvp, jacfwd, jacobian, jacrev
from ._linearize import linearize
from ._values import stop_gradient, value_of

__all__ = [
    "checkpoint",
    "derivative",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "stop_gradient",
    "value_and_grad",
    "value_of",
    "vjp",
]
