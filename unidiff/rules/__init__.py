"""The array-API functions: what a traced array's namespace and operators record."""

from ..tape._namespace import fft_functions, functions
from ..tape._tracer import install_operators
from . import (
    _choices,
    _complex,
    _creation,
    _elementwise,
    _fft,
    _indexing,
    _manipulation,
    _reductions,
    _sorting,
    _trigonometric,
)

functions.update(_creation.FUNCTIONS)
functions.update(_elementwise.FUNCTIONS)
functions.update(_trigonometric.FUNCTIONS)
functions.update(_complex.FUNCTIONS)
functions.update(_choices.FUNCTIONS)
functions.update(_manipulation.FUNCTIONS)
functions.update(_indexing.FUNCTIONS)
functions.update(_reductions.FUNCTIONS)
functions.update(_sorting.FUNCTIONS)
fft_functions.update(_fft.FUNCTIONS)

install_operators(functions)
