"""Every example in a public docstring runs and shows what it says."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import unidiff
from unidiff import linalg, maps, special, testing

MODULES = {
    "unidiff": unidiff,
    "maps": maps,
    "linalg": linalg,
    "special": special,
    "testing": testing,
}


def examples():
    seen = set()
    for module_name, module in MODULES.items():
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            text = getattr(thing, "__doc__", None)
            if text is None or id(thing) in seen or isinstance(thing, type(unidiff)):
                continue
            seen.add(id(thing))
            parsed = doctest.DocTestParser().get_doctest(text, {}, f"{module_name}.{name}", None, 0)
            if parsed.examples:
                yield pytest.param(parsed, id=parsed.name)


FOUND = list(examples())


def test_there_are_examples():
    assert len(FOUND) >= 15


@pytest.mark.parametrize("example", FOUND)
def test_an_example_shows_what_it_says(example):
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    printed = []
    with np.printoptions(precision=8, suppress=False, legacy=False):
        runner.run(example, out=printed.append)

    assert not runner.failures, "".join(printed)
