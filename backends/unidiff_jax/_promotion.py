"""Rules broadcast and promote as the array API says, where a user forbids that to his own code."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import jax

F = TypeVar("F", bound=Callable[..., Any])
USUAL = {"jax_numpy_rank_promotion": "allow", "jax_numpy_dtype_promotion": "standard"}


def promoting(f: F) -> F:
    """Return the function, within which ranks and dtypes are promoted, whatever JAX was told."""

    @wraps(f)
    def promoted(*args: Any, **kwargs: Any) -> Any:
        if all(getattr(jax.config, option) == usual for option, usual in USUAL.items()):
            return f(*args, **kwargs)
        with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
            return f(*args, **kwargs)

    return promoted  # type: ignore[return-value]
