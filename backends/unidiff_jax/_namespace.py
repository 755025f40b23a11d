"""`jax.numpy` with unidiff's linear algebra and special functions."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.scipy import special

from unidiff.tape._namespace import linalg_functions, special_functions


class _Overlaid:
    """A namespace of JAX's, but for the functions of unidiff's."""

    def __init__(self, raw: Any, ours: dict[str, Any]) -> None:
        self._raw, self._ours = raw, ours
        self.__name__ = raw.__name__

    def __getattr__(self, name: str) -> Any:
        found = self._ours[name] if name in self._ours else getattr(self._raw, name)
        if not name.startswith("_"):
            setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._raw), *self._ours})

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}, with functions of unidiff>"


xp: Any = _Overlaid(
    jnp,
    {
        "linalg": _Overlaid(jnp.linalg, linalg_functions),
        "special": _Overlaid(special, special_functions),
    },
)
