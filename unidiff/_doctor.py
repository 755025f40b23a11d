"""`python -m unidiff doctor`: what is there, whether it works, what is missing, how to get it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from ._backend import backend
from ._errors import BackendError, PrecisionError
from ._found import FoundBackend, backends, version_of
from .transform import derivative

NEEDED = {
    "numpy": "2.3",
    "scipy": "1.16",
    "array_api_compat": "1.14",
    "optree": "0.14",
    "rich": "13",
}
"""What unidiff cannot do without, and its least versions."""
OPTIONAL = {
    "matplotlib": "python -m unidiff demo --plot",
    "hypothesis": "unidiff.testing.strategies",
}
"""What some parts want."""
MARKS = {"ok": "✓", "note": "·", "broken": "✗"}


class Finding(NamedTuple):
    """One line of the diagnosis: `state` is "ok", "note" or "broken"."""

    section: str
    name: str
    state: str
    text: str


def doctor() -> int:
    """Print the diagnosis; return 1 if something is broken, else 0."""
    section, broken = "", 0
    for found in diagnose():
        if found.section != section:
            section = found.section
            print(f"\n{section}")
        print(f"  {MARKS[found.state]} {found.name:<17} {found.text}")
        broken += found.state == "broken"
    print(f"\n{broken} broken" if broken else "\neverything that is installed works")
    return 1 if broken else 0


def diagnose() -> Iterator[Finding]:
    """Yield what is found."""
    yield from _itself()
    for name, least in NEEDED.items():
        yield Finding("needed", name, *_needed(name, least))
    for name, found in backends().items():
        yield from _backend(name, found)
    for name, use in OPTIONAL.items():
        yield Finding("optional", name, *_optional(name, use))


def _itself() -> Iterator[Finding]:
    from . import __version__

    folder = Path(__file__).parent
    yield Finding("unidiff", "version", "ok", f"{__version__}, in {folder}")
    yield Finding("unidiff", "Python", "ok", f"{platform.python_version()}, {platform.platform()}")
    try:  # in this folder it cannot be: the package would not have been imported
        parser = metadata.distribution("unidiff")
    except metadata.PackageNotFoundError:
        yield Finding("unidiff", "name", "ok", "no diff parser called unidiff is installed")
        return
    text = (
        f"a diff parser called unidiff, {parser.version}, is installed too, in "
        f"{parser.locate_file('')}: `import unidiff` finds whichever comes first on sys.path. "
        "python -m pip uninstall unidiff"
    )
    yield Finding("unidiff", "name", "note", text)


def _needed(name: str, least: str) -> tuple[str, str]:
    version = version_of(name) if find_spec(name) else None
    way = f"python -m pip install --upgrade '{name}>={least}'"
    if version is None:
        return "broken", f"not installed: {way}"
    if _numbers(version) < _numbers(least):
        return "broken", f"{version}, wanted {least} or later: {way}"
    return "ok", version


def _numbers(version: str) -> list[int]:
    """Return the first two numbers of a version, to compare."""
    return [int(part) for part in version.split(".")[:2]]


def _backend(name: str, found: FoundBackend) -> Iterator[Finding]:
    if not found.installed:
        yield Finding("backends", name, "note", found.missing)
        return
    try:
        of = backend(name)
        slope = float(derivative(lambda x: x * x)(of.plain.asarray(3.0)))
        devices = ", ".join(map(str, of.devices()))
        precision = _precision(of)
    except BackendError as error:  # it tells what it lacks, as CuPy without a GPU does
        yield Finding("backends", name, "note", str(error))
        return
    except Exception as error:  # whatever a broken installation raises is its diagnosis
        yield Finding("backends", name, "broken", f"{type(error).__name__}: {error}")
        return
    if abs(slope - 6.0) > 1e-6:
        yield Finding("backends", name, "broken", f"the derivative of x² at 3 came out as {slope}")
        return
    yield Finding("backends", name, "ok", f"{of.version}; {devices}")
    yield Finding("backends", "", "note", precision)


def _precision(of: Any) -> str:
    """Return what numbers become, and whether double precision is kept."""
    default = str(of.plain.asarray(1.0).dtype).rpartition(".")[2]
    try:
        of.asarray(backend("numpy").plain.asarray(1.0))
    except PrecisionError as error:
        return f"numbers become {default}; of double precision it says: {error}"
    return f"numbers become {default}, double precision is kept"


def _optional(name: str, use: str) -> tuple[str, str]:
    if find_spec(name):
        return "ok", f"{version_of(name)}, for {use}"
    return "note", f"not installed, for {use}: python -m pip install {name}"
