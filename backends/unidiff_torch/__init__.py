"""PyTorch: one autograd Function a rule, and torch.func for the transforms."""

from ._binding import backend

__all__ = ["backend"]
