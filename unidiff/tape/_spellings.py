"""NumPy's spellings: which function of the standard a call of NumPy's or of a method is.

NumPy takes by position what the standard takes by name, and has keywords of its own. A form says
the arrays that come first, then the other parameters in NumPy's order.
"""

from __future__ import annotations

from typing import Any

UFUNCS = {
    "absolute": "abs",
    "fabs": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "bitwise_not": "bitwise_invert",
    "conjugate": "conj",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "mod": "remainder",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
    "true_divide": "divide",
}
FUNCTIONS = {
    "amax": "max",
    "amin": "min",
    "around": "round",
    "concatenate": "concat",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "transpose": "permute_dims",
}
SPELLINGS = UFUNCS | FUNCTIONS

REDUCTIONS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}
ACCUMULATIONS = {"add": "cumulative_sum", "multiply": "cumulative_prod"}

_FORMS = """
amax(a; axis out keepdims initial where)
amin(a; axis out keepdims initial where)
astype(x dtype; order casting subok copy)
broadcast_to(array shape; subok)
clip(a; min=a_min max=a_max out)
concat(arrays; axis out dtype casting)
concatenate(arrays; axis out dtype casting)
conj(x; out)
conjugate(x; out)
cross(a b; axisa axisb axisc axis)
cumprod(a; axis dtype out)
cumsum(a; axis dtype out)
diagonal(a; offset axis1 axis2)
diff(a; n axis prepend append)
dot(a b; out)
expand_dims(a; axis)
fft(a; n axis norm out)
fftn(a; s axes norm out)
fftshift(x; axes)
flip(m; axis)
full_like(a fill_value; dtype order subok shape)
hfft(a; n axis norm out)
ifft(a; n axis norm out)
ifftn(a; s axes norm out)
ifftshift(x; axes)
ihfft(a; n axis norm out)
irfft(a; n axis norm out)
irfftn(a; s axes norm out)
linspace(start stop num; endpoint retstep dtype axis)
max(a; axis out keepdims initial where)
mean(a; axis dtype out keepdims where)
min(a; axis out keepdims initial where)
moveaxis(a source destination;)
norm(x; ord axis keepdims)
outer(a b; out)
pinv(a; rtol=rcond hermitian)
prod(a; axis dtype out keepdims initial where)
qr(a; mode)
repeat(a repeats; axis)
reshape(a shape; order copy)
rfft(a; n axis norm out)
rfftn(a; s axes norm out)
roll(a shift; axis)
sort(a; axis kind order stable)
squeeze(a; axis)
stack(arrays; axis out dtype casting)
std(a; axis dtype out correction=ddof keepdims where mean)
sum(a; axis dtype out keepdims initial where)
svd(a; full_matrices compute_uv hermitian)
swapaxes(a axis1 axis2;)
take(a indices; axis out bounds=mode)
take_along_axis(arr indices; axis)
tensordot(a b; axes)
tile(A reps;)
trace(a; offset axis1 axis2 dtype out)
transpose(a; axes)
tril(m; k)
triu(m; k)
unstack(x; axis)
var(a; axis dtype out correction=ddof keepdims where mean)
"""

Form = tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]


def _parsed(line: str) -> tuple[str, Form]:
    """Return the name, the first parameters, the others in NumPy's order, and aliases."""
    name, _, rest = line.partition("(")
    first, _, others = rest.rstrip(")").partition(";")
    names, aliases = [], {}
    for word in others.split():
        ours, _, theirs = word.partition("=")
        names.append(ours)
        if theirs:
            aliases[theirs] = ours
    return name, (tuple(first.split()), tuple(names), aliases)


FORMS: dict[str, Form] = dict(_parsed(line) for line in _FORMS.split("\n") if line)

NEUTRAL: dict[str, tuple[Any, ...]] = {
    "order": ("C",),  # of others the result may depend on how the array lies in memory
    "subok": (False, True),
    "casting": ("same_kind", "unsafe"),
    "bounds": ("raise",),
    "kind": ("stable", "quicksort", "mergesort", "heapsort"),
    "where": (True,),
    "retstep": (False,),
    "hermitian": (False,),
    "out": (),
    "initial": (),
    "shape": (),
    "mean": (),
    "axisa": (-1,),
    "axisb": (-1,),
    "axisc": (-1,),
}
"""NumPy's own keywords, with the values, beside None, that change nothing."""


def in_our_words(name: str, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """
    Return the arguments of a call of NumPy's as the function of the standard takes them.

    Raises
    ------
    TypeError
        If a keyword of NumPy's own asks for what the standard's function does not do.
    """
    if name not in FORMS:
        return args, kwargs
    first, others, aliases = FORMS[name]
    given = {**dict(zip(others, args[len(first) :], strict=False)), **kwargs}
    args = (*args[: len(first)], *(given.pop(k) for k in first[len(args) :] if k in given))
    ours = {}
    for theirs, x in given.items():
        key = aliases.get(theirs, theirs)
        if (x is None and key != "axis") or type(x).__name__ == "_NoValueType":
            continue
        if key in NEUTRAL:
            if isinstance(x, str | bool | int) and x in NEUTRAL[key]:
                continue
            msg = f"{name}: `{theirs}` is NumPy's own, and not differentiated; leave it out"
            raise TypeError(msg)
        ours[key] = x
    return args, ours
