"""JAX: every rule is a JAX primitive of its own name; the verbs use JAX's own transforms."""

from ._binding import backend

__all__ = ["backend"]
