"""Kinds of linear maps: slotted classes that every backend learns to take for trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

Cls = TypeVar("Cls", bound=type)
_classes: list[type] = []
_listeners: list[Callable[[type], object]] = []


def static(**default: Any) -> Any:
    """Declare a field that is not an array: hashable, and part of the map's structure."""
    return field(metadata={"static": True}, **default)


@dataclass_transform(field_specifiers=(static,))
def linear_map(cls: Cls) -> Cls:
    """Make the class a kind of linear map: slotted fields, and a pytree on every backend."""
    made: Any = dataclass(slots=True, eq=False, repr=False)(cls)
    named = fields(made)
    made.array_fields = tuple(f.name for f in named if not f.metadata.get("static"))
    made.static_fields = tuple(f.name for f in named if f.metadata.get("static"))
    _classes.append(made)
    for register in _listeners:
        register(made)
    return made  # type: ignore[no-any-return]


def for_every_map(register: Callable[[type], object]) -> None:
    """Call `register` with every kind of map there is and will be: so a backend learns of all."""
    _listeners.append(register)
    for cls in _classes:
        register(cls)
