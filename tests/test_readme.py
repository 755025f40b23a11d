"""The Python of the README runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.S | re.M)


def test_there_are_blocks():
    assert len(BLOCKS) >= 4


@pytest.mark.parametrize("k", range(len(BLOCKS)))
def test_a_block_of_the_readme_runs_and_what_it_says_is_true_is(k):
    for library in ("jax", "torch"):
        if library in BLOCKS[k]:
            pytest.importorskip(library)
    names = {"__name__": f"readme_{k}"}
    exec(compile(BLOCKS[k], f"README block {k}", "exec"), names)

    for line in BLOCKS[k].splitlines():
        expression, _, shown = line.partition("  # ")
        if shown in ("True", "False"):
            assert str(eval(expression, names)) == shown, line
