"""The page on conventions says what the code does."""

from __future__ import annotations

import conventions
import numpy as np
import pytest

OURS = conventions.of_unidiff()


@pytest.mark.parametrize("point", conventions.POINTS, ids=lambda p: f"{p.function} at {p.at}")
def test_a_derivative_is_the_one_that_is_wanted(point):
    found = conventions.measured(point, OURS)

    if isinstance(point.wanted, str):
        assert found == point.wanted
    else:
        np.testing.assert_allclose(found, point.wanted, rtol=2e-3, atol=1e-12)


@pytest.mark.parametrize("library", ["jax", "torch", "autograd"])
def test_the_other_libraries_are_there_to_be_measured(library):
    pytest.importorskip(library)


def test_the_table_of_the_page_is_what_is_measured():
    _, written, _ = conventions.parts()

    assert written == conventions.table()
