"""The name `unidiff` on the package index is a diff parser's, and it installs into this folder.

Where both are installed each has overwritten files of the other, and to uninstall either breaks
what is left: better to say so before anything else fails.
"""

from __future__ import annotations

from pathlib import Path

THEIRS = ("patch.py", "constants.py", "errors.py", "__version__.py")


def refuse_collision(folder: Path) -> None:
    """
    Raise an exception if the diff parser has been installed into the folder too.

    Parameters
    ----------
    folder : Path
        The folder of this package.

    Raises
    ------
    ImportError
        If the parser's files lie beside ours, or its metadata beside the folder.
    """
    found = [name for name in THEIRS if (folder / name).exists()]
    if not found:
        metadata = folder.parent.glob(f"{folder.name}-*")
        found = [path.name for path in metadata if path.suffix in (".dist-info", ".egg-info")]
    if found:
        msg = (
            f"two distributions share the folder {folder}: unidiff-array, which this is, and the "
            f"diff parser called unidiff, which has left {', '.join(found)}. They cannot be "
            "installed together. Remove both, then install the one you want:\n"
            "    python -m pip uninstall -y unidiff unidiff-array\n"
            "    python -m pip install unidiff-array"
        )
        raise ImportError(msg)


refuse_collision(Path(__file__).resolve().parent)
