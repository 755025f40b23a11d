"""A call of a line on drawn arguments, and what comes of it."""

from __future__ import annotations

import warnings
from contextlib import contextmanager

import array_api_strict
import numpy as np
import optree
from array_api_strict import ArrayAPIStrictFlags

import unidiff as ud
from unidiff._backend import Traced

from .line import Dtype

VERSION = "2024.12"
LIBRARIES = {"numpy": np, "array_api_strict": array_api_strict}


@contextmanager
def anything_goes():
    """Divisions by zero and casts are as in the library: it is its results that are compared."""
    with (
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
        ArrayAPIStrictFlags(api_version=VERSION),
    ):
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        yield


@contextmanager
def noted(call):
    """What fails tells what was called."""
    try:
        yield call
    except Exception as error:
        error.add_note(repr(call))
        raise


class Call:
    """A call of a line on drawn arguments, some of which are traced."""

    def __init__(self, name, line, backend, pick):
        self.name, self.line = name, line
        self.library = LIBRARIES[backend]
        self.xp = ud.backend(backend).xp
        args, how = self.line.sample(pick)
        self.leaves, self.structure = optree.tree_flatten((args, how))
        moving = [k for k, x in enumerate(self.leaves) if _moves(x)]
        if self.line.first:
            moving = moving if moving[:1] == [0] else []
        keep = 1 if self.line.first else 0
        self.moving = [
            k for j, k in enumerate(moving) if j < keep or pick.smooth or pick.integer(0, 2)
        ]

    def lifted(self, x):
        """An array, or dtype, of NumPy's as the library's own; an array is a new one."""
        if isinstance(x, Dtype):
            return getattr(self.library, x.name)
        return self.library.asarray(x, copy=True) if isinstance(x, np.ndarray) else x

    @property
    def primals(self):
        return [self.lifted(self.leaves[k]) for k in self.moving]

    def run(self, xp, primals=None):
        """Call the function on the library's arrays, or on these in place of those that move."""
        leaves = [self.lifted(x) for x in self.leaves]
        if primals is not None:
            for k, x in zip(self.moving, primals, strict=True):
                leaves[k] = x
        args, how = optree.tree_unflatten(self.structure, leaves)
        return self.line.run(self.name, xp, args, how)

    def __repr__(self):
        args, how = optree.tree_unflatten(self.structure, self.leaves)
        return f"{self.name}{args} {how} traced: {self.moving}"


def _moves(x):
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


def outcome(f, *args):
    """What a function returns, or what it raises."""
    try:
        return f(*args)
    except Exception as error:
        return error


def parts(x):
    """The arrays and others that a result is made of."""
    return [y for part in x for y in parts(part)] if isinstance(x, list | tuple) else [x]


def is_array(x):
    """Whether it is an array, and not a dtype of NumPy's, which is a class."""
    return hasattr(x, "shape") and hasattr(x, "dtype") and not isinstance(x, type)


def floats(result):
    """The arrays of a result that may have derivatives."""
    arrays = [x for x in parts(result) if is_array(x)]
    return [x for x in arrays if "float" in str(x.dtype) or "complex" in str(x.dtype)]


def numpy_of(x):
    """The numbers of an array, traced or not, as NumPy's."""
    plain = ud.value_of(x) if isinstance(x, Traced) else x
    return np.asarray(getattr(plain, "_array", plain))
