"""The array-API functions: what a traced array's namespace and operators record."""

from ..tape._namespace import functions
from ..tape._tracer import install_face, install_operators
from . import _elementwise, _indexing, _manipulation

functions.update(_elementwise.FUNCTIONS)
functions.update(_manipulation.FUNCTIONS)
functions.update(_indexing.FUNCTIONS)

install_operators(functions)
install_face(
    {
        "__neg__": lambda self: _elementwise.negative(self),
        "__pos__": lambda self: _elementwise.positive(self),
        "__abs__": lambda self: _elementwise.abs(self),
        "T": property(_manipulation.permute_dims),
        "mT": property(_manipulation.matrix_transpose),
        "real": property(_elementwise.real),
        "imag": property(_elementwise.imag),
        "conj": lambda self: _elementwise.conj(self),
        "sum": lambda self, axis=None, **how: _manipulation.sum(self, axis=axis, **how),
        "mean": lambda self, axis=None, **how: _manipulation.mean(self, axis=axis, **how),
        "reshape": lambda self, *shape: _manipulation.reshape(
            self, shape[0] if len(shape) == 1 else shape
        ),
    },
)
