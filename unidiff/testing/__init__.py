"""The judge of rules: for those who write them, here and elsewhere."""

from ._check import check_rule
from ._properties import PROPERTIES
from ._report import Report, Result

__all__ = ["PROPERTIES", "Report", "Result", "check_rule"]
