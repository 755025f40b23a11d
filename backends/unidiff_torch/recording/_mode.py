"""The mode under which a native program is recorded: it sees every function of torch's.

The program computes on plain tensors, so that it may look at the numbers; the mode knows which of
them stand for tracers, and does each function to these too. What is of no use to a derivative
passes as it is; what would lose one is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from unidiff._backend import Namespace, Traced
from unidiff.tape._level import Level, apply, no_static

from .._function import WIDER
from .._torch import current_level, level_of, private
from . import _algebra, _totals  # noqa: F401  (they fill the table)
from ._calls import Call, Calling, Pointwise, Watch, is_pointwise, moves, slope_of
from ._layout import in_order, part_of, strided
from ._memory import Memory, share_memory
from ._norms import STATISTICS
from ._operations import POINTWISE, SLOPES
from ._places import CONVERSIONS, LIKE_ANOTHER, VIEWS
from ._refused import INNER, TRANSFORM, refuse, refused
from ._table import TABLE, named, noted, value, xp
from ._writes import Writes

Array = Any
Function = Callable[..., Any]

PASSIVE = named("""
    shape ndim dtype device layout requires_grad is_leaf grad grad_fn names itemsize nbytes
    dim ndimension size numel nelement stride storage_offset element_size get_device data_ptr
    is_contiguous is_floating_point is_complex is_conj is_neg is_cuda is_cpu is_meta is_sparse
    is_quantized is_inference is_pinned is_shared is_same_size is_nonzero is_set_to result_type
    __len__ __contains__ __hash__ untyped_storage
    lt le gt ge eq ne less less_equal greater greater_equal equal not_equal isnan isinf isfinite
    isposinf isneginf isclose allclose signbit isreal isin logical_and logical_or logical_not
    logical_xor all any argmax argmin argsort argwhere nonzero count_nonzero searchsorted bucketize
    floor ceil round trunc fix floor_divide __floordiv__ __rfloordiv__
    zeros_like ones_like empty_like rand_like randn_like randint_like
    new_zeros new_ones new_empty requires_grad_ share_memory_ pin_memory
""")
"""Functions whose results do not move with the numbers."""

NUMBERS = named("""
    __bool__ __float__ __int__ __index__ __complex__ __repr__ __format__ __str__ item tolist
""")
"""Functions that return Python's own things."""

DETACHED = named("detach data")
TENSORS = (torch.Tensor, Traced)
SEQUENCES = (tuple, list)  # isinstance would build a union at every call
ALIASES = {"axis": "dim", "keepdims": "keepdim"}


def recording() -> bool:
    """Return whether a program is being recorded, on this thread."""
    modes = private["function_modes"]
    return modes is not None and any(isinstance(mode, Recording) for mode in modes())


class Recording(TorchFunctionMode):
    """
    What sees the program.

    Attributes
    ----------
    memory : Memory
        What its tensors mean.
    """

    def __init__(self, level: Level) -> None:
        super().__init__()
        self.level, self.memory = level, Memory()
        self.depth, self.follows = current_level(), torch.is_grad_enabled()
        self.writes = Writes(self.memory, self.result)

    def __torch_function__(
        self, func: Any, types_of: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if not self._any_known(args) and not (kwargs and self._any_known(kwargs.values())):
            return func(*args, **kwargs)
        if self.depth < current_level():
            raise refuse(TRANSFORM, INNER)
        if func in refused:
            raise refuse(func.__name__, refused[func])
        if func in PASSIVE or func in NUMBERS:
            return self._as_constant(func, args, kwargs)
        args, kwargs = _first_by_place(args, kwargs)
        write = self.writes.of(func, kwargs)
        if not torch.is_grad_enabled():  # torch follows nothing within no_grad
            if write and any(self.memory.meaning(x) is not None for x in tensors_in(args[:1])):
                what = f"{func.__name__} within no_grad"
                raise refuse(what, "compute a new tensor, or detach() it")
            return self._as_constant(func, args, kwargs)
        with nullcontext() if self.follows else torch.no_grad():
            return (write or self._read)(func, args, kwargs)

    def _any_known(self, xs: Any) -> bool:
        for x in xs:
            if isinstance(x, torch.Tensor):
                if self._known(x):
                    return True
            elif isinstance(x, SEQUENCES) and self._any_known(x):
                return True
        return False

    def _known(self, x: Array) -> bool:
        """Return whether a tensor stands for a tracer, or wraps one that does."""
        if self.memory.meaning(x) is not None:
            return True
        return level_of(x) > self.depth and self._known(private["wrapped"](x))

    # -- what passes as a constant

    def _as_constant(self, func: Function, args: Any, kwargs: Any) -> Any:
        """Do a function to the program's own tensors, whose results are constant."""
        if func in NUMBERS:
            return func(args[0].detach(), *args[1:], **kwargs)
        found = natively(func, args, kwargs)
        for y in tensors_in(found):
            if not self.memory.knows(y):
                source = self._source(y, args, kwargs)
                if source is not None:
                    self.memory.show_view(y, None, source)
        return found

    def _source(self, y: Array, args: Any, kwargs: Any) -> Any:
        """Return the argument that a result shares memory with, if one does that is no constant."""
        base = y._base
        for x in tensors_in((args, kwargs)):
            together = x is base or (base is not None and x._base is base)
            if (together or share_memory(y, x)) and self.memory.meaning(x) is not None:
                return x
        return None

    # -- what is recorded

    def _read(self, func: Function, args: Any, kwargs: Any) -> Any:
        """Do a function that writes nothing; return what the program gets."""
        if func in DETACHED:
            return self._as_constant(torch.Tensor.detach, args, {})
        if func in CONVERSIONS:
            return self._converted(func, args, kwargs)
        if func in VIEWS:
            return self._laid_out(func, args, kwargs)
        mine = self._meanings(args), self._meanings(kwargs)
        if func in STATISTICS:
            natively(func, args, kwargs)
        found = self._translated(func, *mine)
        if found is NotImplemented:
            calling, found = _called(func, *mine)
            ys = [y for y in tensors_in(found) if moves(y)]
            if not ys:
                return natively(func, args, kwargs)
            if any(share_memory(y, x) for y in ys for x in calling.values):
                return self._laid_out(func, args, kwargs)
            found = self._noted(calling, func, mine, found)
        return self._shown(found)

    def result(self, func: Function, args: Any, kwargs: Any) -> Any:
        """Return what a function that writes nothing returns, with tracers."""
        if func in VIEWS:
            (found,) = self._laid_anew(func, args, kwargs)
            return found
        if func in DETACHED:
            return value(self._meanings(args)[0]).detach()
        return self._again(func, args, kwargs)

    def _translated(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Return the translation of a call, NotImplemented where there is none."""
        primitive = getattr(func, "primitive", None)
        if primitive is not None:
            return _whole(primitive, args, kwargs)
        if func in SLOPES:
            return _of_a_number(func, args, kwargs)
        if func not in TABLE:
            return NotImplemented
        unused = ("inplace", "out")  # where they ask for something, they are not here
        named = {ALIASES.get(key, key): x for key, x in kwargs.items() if key not in unused}
        try:
            return TABLE[func](*args, **named)
        except TypeError as error:  # a name of an argument that the translation does not know
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            return NotImplemented

    def _noted(self, calling: Calling, func: Any, mine: Any, found: Any) -> Any:
        """Return what a call has found, with tracers for the tensors that can move."""
        ys = tuple(y for y in tensors_in(found) if moves(y))
        real = not any(x.is_complex() for x in (*calling.values, *ys))
        primitive: Any = Call(calling, len(ys) == 1)
        if len(ys) == 1 and real and (func in POINTWISE or is_pointwise(func)):
            slopes = (slope_of(calling, k) for k in range(len(calling.tensors)))
            primitive = Pointwise(calling.name, *slopes)
        tracers = self.level.outputs(
            primitive, tuple(calling.tensors), tuple(calling.values), no_static, ys, ()
        )
        left = iter(tracers)
        return rebuilt(found, lambda y: next(left) if moves(y) else y)

    def _meanings(self, x: Any) -> Any:
        """Return arguments with tracers, and the record's own copies of constants."""
        if isinstance(x, torch.Tensor):
            return self.memory.told(x)
        if isinstance(x, SEQUENCES):
            return rebuilt(x, self._meanings)
        if isinstance(x, dict):
            return {key: self._meanings(y) for key, y in x.items()}
        return x.item() if isinstance(x, np.generic) else x

    def _shown(self, found: Any) -> Any:
        """Return results with the program's own tensors."""
        if isinstance(found, Traced):
            return self.memory.show(found)
        return rebuilt(found, self._shown) if isinstance(found, SEQUENCES) else found

    # -- views, and what may return its argument

    def _laid_out(self, func: Function, args: Any, kwargs: Any) -> Any:
        """Do a function to the program's own tensors, and see what its results are views of."""
        found = natively(func, args, kwargs)
        anew: list[Any] | None = None
        for j, y in enumerate([y for y in tensors_in(found) if moves(y)]):
            source = self._source(y, args, kwargs)
            if self.memory.knows(y) or (source is None and self._of_constants(func, y, args)):
                continue
            if source is not None and _is_part(source, y):
                tracer = part_of(source, y)(self.memory.meaning(source))
            else:
                anew = self._laid_anew(func, args, kwargs) if anew is None else anew
                tracer = anew[j]
            if isinstance(tracer, Traced):
                self.memory.show_view(y, tracer, source)
        return found

    def _of_constants(self, func: Function, y: Array, args: Any) -> bool:
        """Return whether a result is none of a tensor that is recorded, but of another argument."""
        first = args[0] if func in LIKE_ANOTHER else None
        if isinstance(first, torch.Tensor) and self.memory.meaning(first) is None:
            return True
        return any(share_memory(y, x) for x in tensors_in(args))

    def _laid_anew(self, func: Function, args: Any, kwargs: Any) -> list[Any]:
        """Return the results as tracers: it shows on empty tensors in C-order where they lie."""
        stand_ins: list[tuple[Array, Array]] = []

        def stand_in(x: Any) -> Any:
            if not isinstance(x, torch.Tensor) or self.memory.meaning(x) is None:
                return x
            empty = torch.empty(tuple(x.shape), dtype=x.dtype, device=x.device)
            stand_ins.append((empty, self.memory.meaning(x)))
            return empty

        found = func(*rebuilt(args, stand_in, deep=True), **rebuilt(kwargs, stand_in, deep=True))
        results: list[Any] = []
        for y in tensors_in(found):
            if not moves(y):
                continue
            tracer = next((t for empty, t in stand_ins if _lies_in(y, empty)), None)
            if tracer is None:
                again = self._again(func, args, kwargs)
                return [x for x in tensors_in(again) if isinstance(x, Traced) or moves(x)]
            place = strided(
                tuple(tracer.shape), tuple(y.shape), y.stride(), y.storage_offset(), y.device
            )
            results.append(place(tracer))
        return results

    def _again(self, func: Function, args: Any, kwargs: Any) -> Any:
        """Return the results as tracers, where they lie in no argument."""
        mine = self._meanings(args), self._meanings(kwargs)
        found = self._translated(func, *mine)
        if found is NotImplemented:
            calling, found = _called(func, *mine)
            found = self._noted(calling, func, mine, found)
        return found

    def _converted(self, func: Function, args: Any, kwargs: Any) -> Any:
        """Do a function that changes the dtype or the device."""
        found = natively(func, args, kwargs)
        tracer = self.memory.meaning(args[0])
        if tracer is None or not moves(found) or self.memory.knows(found):
            return found
        y = tracer if found.dtype == tracer.dtype else xp.astype(tracer, found.dtype)
        y = y.to_device(found.device)
        self.memory.show_view(found, y, self._source(found, args, kwargs))
        return found


def natively(func: Function, args: Any, kwargs: Any) -> Any:
    """Do a function to the program's own tensors."""
    with torch.no_grad():
        return func(*args, **kwargs)


def _called(func: Function, args: Any, kwargs: Any) -> tuple[Calling, Any]:
    """Return a call, and what it returns."""
    calling = Calling(func, args, kwargs)
    with Watch(calling.name, calling.values):
        return calling, calling.whole(*calling.values)


def _of_a_number(func: Function, args: Any, kwargs: Any) -> Any:
    """Return a function of one number, whose derivative is in a table."""
    x, *rest = args
    given = {key: y for key, y in kwargs.items() if key not in ("inplace", "out")}
    if (
        not isinstance(x, Traced)
        or value(x).is_complex()
        or next(tensors_in((rest, given)), None) is not None
    ):
        return NotImplemented
    slope = partial(_with_parameters, SLOPES[func], rest, given)
    return noted(Pointwise(func.__name__, slope), func(value(x), *rest, **given), x)


def _with_parameters(
    slope: Function, rest: Any, given: Any, xp: Namespace, y: Array, x: Array
) -> Array:
    return slope(y, x, *rest, **given)


def _whole(primitive: Any, args: Any, static: dict[str, Any]) -> Any:
    """Return a primitive of unidiff's of tracers; half precision is widened, as on tensors."""
    dtypes = {x.dtype for x in args if hasattr(x, "dtype")}
    wide = [xp.astype(x, WIDER[x.dtype]) if getattr(x, "dtype", 0) in WIDER else x for x in args]
    ys, _ = apply(primitive, tuple(wide), static)
    if len(dtypes) == 1 and dtypes <= WIDER.keys():
        (narrow,) = dtypes
        ys = tuple(xp.astype(y, narrow) if y.dtype == WIDER[narrow] else y for y in ys)
    return ys[0] if primitive.single else ys


def _first_by_place(args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Return the arguments with the first tensor by its place."""
    for name in ("input", "self", "A"):
        if not args and name in kwargs:
            return (kwargs[name],), {key: x for key, x in kwargs.items() if key != name}
    return args, kwargs


def _is_part(x: Array, y: Array) -> bool:
    """Return whether where y lies in x shows at once."""
    return y.dtype == x.dtype and y.is_conj() == x.is_conj() and in_order(x.shape, x.stride())


def _lies_in(y: Array, x: Array) -> bool:
    return bool(y.dtype == x.dtype and not y.is_conj() and share_memory(y, x))


def tensors_in(tree: Any) -> Iterator[Any]:
    """Yield the tensors and tracers in tuples, lists and dictionaries."""
    if isinstance(tree, TENSORS):
        yield tree
    elif isinstance(tree, SEQUENCES):
        for x in tree:
            yield from tensors_in(x)
    elif isinstance(tree, dict):
        yield from tensors_in(list(tree.values()))


def rebuilt(tree: Any, of: Function, deep: bool = False) -> Any:
    """Return a container of the same kind of other things: of tensors in it, with `deep`."""
    if deep:
        inner = of
        of = lambda x: rebuilt(x, inner, True) if isinstance(x, SEQUENCES) else inner(x)  # noqa: E731
    if isinstance(tree, dict):
        return {key: of(x) for key, x in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*map(of, tree))
    if isinstance(tree, SEQUENCES):
        return type(tree)(list(map(of, tree)))
    return of(tree)
