"""The exceptions.

UnidiffError
├── BackendError            no backend of that name, or none for these arrays  (ImportError)
├── BackendMismatchError    arrays of two backends or devices in one call      (TypeError)
├── RuleError               a function has no derivative rule, or a wrong one  (NotImplementedError)
├── NotInvertible           the linear map has no inverse, or none is known    (ValueError)
├── DegeneracyError         a factor that is not determined has no derivative  (ValueError)
├── ConcretizationError     a traced array was turned into a plain one         (TypeError)
├── LeakedTracerError       a traced array outlived its transform              (RuntimeError)
├── PrecisionError          the backend would cut the data to a lower precision(ValueError)
└── RuleCheckError          `testing.check_rule` found a rule to be wrong      (AssertionError)

A wrong shape is a `ValueError`, a wrong type or dtype a `TypeError`.
"""


class UnidiffError(Exception):
    """What every exception of unidiff's own derives from."""


class BackendError(UnidiffError, ImportError):
    """There is no backend of that name, or none for these arrays."""


class BackendMismatchError(UnidiffError, TypeError):
    """Arrays of two backends, or of two devices, met in one call."""


class RuleError(UnidiffError, NotImplementedError):
    """A function has no derivative rule, or its rule breaks the contract."""


class NotInvertible(UnidiffError, ValueError):  # noqa: N818  (the term of the design)
    """The linear map has no inverse, or none that is known in closed form."""


class DegeneracyError(UnidiffError, ValueError):
    """
    A factor of a matrix is not determined by it, and so has no derivative.

    So are the eigenvectors of a repeated eigenvalue, and Q of a matrix with dependent columns. It
    is raised when the derivative is computed; under JAX, and where PyTorch traces, the result is
    nan instead.
    """


class ConcretizationError(UnidiffError, TypeError):
    """A traced array was turned into a plain one: its derivative would have been lost."""


class LeakedTracerError(UnidiffError, RuntimeError):
    """A traced array was used after the transform that made it had returned."""


class PrecisionError(UnidiffError, ValueError):
    """The backend would silently cut the data to a lower precision."""


class RuleCheckError(UnidiffError, AssertionError):
    """`unidiff.testing.check_rule` found a rule to be wrong."""
