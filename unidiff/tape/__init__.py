"""The tape: tracers and sweeps over any array namespace."""

from ._backend import TapeBackend, TracedBackend
from ._engine import TapeEngine
from ._graph import Graph
from ._namespace import TracedNamespace, traced

__all__ = ["Graph", "TapeBackend", "TapeEngine", "TracedBackend", "TracedNamespace", "traced"]
