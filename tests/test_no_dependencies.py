"""Nothing is imported before an array of it, or its name, is seen."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LIBRARIES = ["numpy", "scipy", "jax", "jaxlib", "torch", "cupy", "array_api_strict", "matplotlib"]


def loaded_after(code):
    show = f"import sys; print(*(m for m in {LIBRARIES} if m in sys.modules))"
    command = [sys.executable, "-W", "error", "-c", f"{code}\n{show}"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        command, env=env, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()


@pytest.mark.parametrize(
    "code",
    [
        "import unidiff",
        "import unidiff.maps, unidiff.linalg, unidiff.testing, unidiff.tape, unidiff.transform",
        "from unidiff import *",
    ],
)
def test_the_core_imports_no_array_library(code):
    assert loaded_after(code) == []


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("numpy", {"jax", "torch", "cupy"}),
        ("torch", {"jax", "jaxlib", "cupy"}),
        ("jax", {"torch", "cupy"}),
    ],
)
def test_a_backend_imports_no_library_of_another(name, others):
    pytest.importorskip(name)
    loaded = loaded_after(f"import unidiff; unidiff.backend({name!r})")

    assert name in loaded
    assert not others & set(loaded)
