"""The judge of rules: for those who write them, here and elsewhere."""

from __future__ import annotations

from typing import Any

from ._check import check_rule
from ._properties import PROPERTIES
from ._report import Report, Result

__all__ = ["PROPERTIES", "Report", "Result", "check_rule", "strategies"]


def __getattr__(name: str) -> Any:
    """Import the strategies when they are first asked for: they want hypothesis."""
    if name == "strategies":
        from importlib import import_module

        return import_module(f"{__name__}.strategies")
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
