"""Derivatives of array code as linear maps, on whatever array library the arrays come from."""

from . import _guard  # noqa: F401, I001  (first: it says so if another package has the name)
from . import linalg, maps, rules, special, testing  # noqa: F401  (rules fill the traced namespace)
from ._backend import array_namespace, backend
from ._errors import (
    BackendError,
    BackendMismatchError,
    ConcretizationError,
    DegeneracyError,
    LeakedTracerError,
    NotInvertible,
    PrecisionError,
    RuleCheckError,
    RuleError,
    UnidiffError,
)
from ._primitive import elementwise, primitive
from .linear import LinearMap
from .transform import (
    checkpoint,
    derivative,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    stop_gradient,
    value_and_grad,
    value_of,
    vjp,
)

__version__ = "0.1.0"

__all__ = [
    "BackendError",
    "BackendMismatchError",
    "ConcretizationError",
    "DegeneracyError",
    "LeakedTracerError",
    "LinearMap",
    "NotInvertible",
    "PrecisionError",
    "RuleCheckError",
    "RuleError",
    "UnidiffError",
    "array_namespace",
    "backend",
    "checkpoint",
    "derivative",
    "elementwise",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linalg",
    "linearize",
    "maps",
    "primitive",
    "special",
    "stop_gradient",
    "testing",
    "value_and_grad",
    "value_of",
    "vjp",
]
