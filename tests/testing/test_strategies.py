"""The strategies draw what they say, all of it, and rules can be checked on it."""

import sys

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from hypothesis import find, given, settings
from hypothesis import strategies as st

import unidiff as ud
from unidiff.testing import check_rule
from unidiff.testing.strategies import arrays, broadcastable, dtypes, shapes, stacks, strided

QUICK = settings(max_examples=50, deadline=None)
xp = ud.backend("numpy").xp


@pytest.mark.parametrize(
    ("kinds", "codes"),
    [((), "fc"), (("real floating",), "f"), (("integral", "bool"), "iub"), (("numeric",), "iufc")],
)
def test_dtypes_are_those_of_the_kinds(kinds, codes):
    for code in codes:
        assert find(dtypes(*kinds), lambda dtype, code=code: dtype.kind == code).kind == code

    @QUICK
    @given(dtypes(*kinds))
    def all_are(dtype):
        assert dtype.kind in codes
        assert xp.isdtype(dtype, kinds or ("real floating", "complex floating"))

    all_are()


def test_a_kind_that_is_none_is_refused():
    with pytest.raises(ValueError, match="no kind 'quaternion'; there are bool"):
        dtypes("quaternion")


@pytest.mark.parametrize("wanted", [(), (0,), (1, 1), (2, 0, 3)], ids=str)
def test_shapes_have_no_axes_or_no_numbers_too(wanted):
    assert find(shapes(), lambda shape: shape == wanted) == wanted


@QUICK
@given(shapes(min_dims=1, max_dims=2, min_side=1, max_side=3))
def test_shapes_keep_to_their_bounds(shape):
    assert 1 <= len(shape) <= 2
    assert all(1 <= n <= 3 for n in shape)


@QUICK
@given(st.data(), shapes(), st.integers(1, 4))
def test_shapes_that_broadcast_do_so_to_the_shape(data, shape, count):
    found = data.draw(broadcastable(shape, count))

    assert len(found) == count
    assert np.broadcast_shapes(*found) == shape


@pytest.mark.parametrize(
    "wanted", [((2, 3), (2, 3)), ((2, 1), (1, 3)), ((3,), (2, 1)), ((2, 3), ()), ((0, 1), (1,))]
)
def test_shapes_broadcast_in_every_way(wanted):
    to = np.broadcast_shapes(*wanted)

    assert find(broadcastable(to), lambda found: found == wanted) == wanted


@QUICK
@given(stacks("(m,m),(m,k)->(m,k)"))
def test_stacks_fit_the_signature(found):
    a, b = found

    assert a[-1] == a[-2] == b[-2]
    np.broadcast_shapes(a[:-2], b[:-2])


@QUICK
@given(arrays())
def test_arrays_are_finite_and_of_a_moderate_size(x):
    assert x.dtype.kind in "fc"
    assert np.all(np.isfinite(x))
    assert np.all(np.abs(x) <= 2**1.5)


@QUICK
@given(arrays("int16", (2, 3), st.integers(5, 7)))
def test_arrays_have_the_dtype_the_shape_and_the_elements_asked_for(x):
    assert x.dtype == np.int16
    assert x.shape == (2, 3)
    assert set(x.ravel().tolist()) <= {5, 6, 7}


@QUICK
@given(st.data(), arrays(dtypes("numeric", "bool")))
def test_strided_arrays_are_equal_to_the_array(data, x):
    y = data.draw(strided(x))

    assert y.dtype == x.dtype
    np.testing.assert_array_equal(x, y)


M = np.arange(6.0).reshape(2, 3)
LAYOUTS = {
    "rows": (M, lambda y: y.flags.c_contiguous),
    "columns": (M, lambda y: y.flags.f_contiguous),
    "backwards": (M, lambda y: all(stride < 0 for stride in y.strides)),
    "gaps": (M, lambda y: y.strides == (48, 16)),
    "read-only": (M, lambda y: not y.flags.writeable and y.strides == M.strides),
    "repeated rows": (np.ones((2, 3)) * M[0], lambda y: y.strides == (0, 8)),
    "one number": (np.ones((2, 3)), lambda y: y.strides == (0, 0)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_arrays_lie_in_memory_in_every_way(layout):
    x, lies_so = LAYOUTS[layout]

    assert lies_so(find(strided(x), lies_so))


@settings(max_examples=20, deadline=None)
@given(arrays(dtypes(), shapes()).flatmap(strided))
def test_rules_hold_at_any_array(x):
    how = {"properties": ["transpose", "linearity", "contract", "basis", "verbs", "strides"]}

    assert check_rule(lambda x: x * xp.sin(x), x, backends=["numpy"], complex=False, **how).ok


def test_without_hypothesis_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "unidiff.testing.strategies")
    monkeypatch.delattr(ud.testing, "strategies")

    with pytest.raises(ModuleNotFoundError, match=r"pip install 'unidiff-array\[test\]'"):
        ud.testing.strategies
