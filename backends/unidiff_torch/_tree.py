"""torch's trees of containers, in which None is an empty tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch.utils import _pytree as pytree

from unidiff.linear import for_every_map


class Structure:
    """A structure of torch's, and which of its leaves are there."""

    def __init__(self, spec: pytree.TreeSpec, present: tuple[bool, ...]) -> None:
        self.spec, self.present = spec, present
        self.num_leaves = sum(present)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Structure)
            and self.spec == other.spec
            and self.present == other.present
        )

    def __hash__(self) -> int:
        return hash((self.spec, self.present))

    def __repr__(self) -> str:
        return repr(self.spec)

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """Return what `tree` has in place of the leaves."""
        entries = zip(self.spec.flatten_up_to(tree), self.present, strict=True)
        return [entry for entry, there in entries if there]


class TorchTree:
    """Trees of containers by torch's pytree."""

    def flatten(self, tree: Any) -> tuple[list[Any], Structure]:
        """Return the leaves, and the structure that `unflatten` takes."""
        entries, spec = pytree.tree_flatten(tree)
        present = tuple(entry is not None for entry in entries)
        return [entry for entry in entries if entry is not None], Structure(spec, present)

    def unflatten(self, structure: Structure, leaves: Sequence[Any]) -> Any:
        """Return the tree of that structure."""
        if len(leaves) != structure.num_leaves:
            msg = f"a tree of {structure.num_leaves} leaves cannot be made of {len(leaves)}"
            raise ValueError(msg)
        left = iter(leaves)
        entries = [next(left) if there else None for there in structure.present]
        return pytree.tree_unflatten(entries, structure.spec)

    def flatten_up_to(self, structure: Structure, tree: Any) -> list[Any]:
        """Return what `tree` has in place of the leaves of the structure."""
        return structure.flatten_up_to(tree)


@for_every_map
def _register(cls: Any) -> None:
    """Make a kind of map a tree: its arrays and maps are the children."""

    def flatten(f: Any) -> tuple[list[Any], tuple[Any, ...]]:
        children = [getattr(f, name) for name in cls.array_fields]
        return children, tuple(getattr(f, name) for name in cls.static_fields)

    def unflatten(children: Any, static: tuple[Any, ...]) -> Any:
        named = zip(cls.array_fields, children, strict=True)
        return cls(**dict(named), **dict(zip(cls.static_fields, static, strict=True)))

    pytree.register_pytree_node(cls, flatten, unflatten)
