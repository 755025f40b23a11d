"""Functions of numbers."""

from __future__ import annotations

from .case import COMPLEX, REAL, RuleCase, of_numbers
from .kinds import apart, chosen, normal, positive, small

ELEMENTWISE = {
    "add": of_numbers("add", normal, normal),
    "subtract": of_numbers("subtract", normal, normal),
    "multiply": of_numbers("multiply", normal, normal),
    "divide": of_numbers("divide", normal, positive),
    "negative": of_numbers("negative", normal),
    "positive": of_numbers("positive", normal),
    "reciprocal": of_numbers("reciprocal", positive),
    "square": of_numbers("square", normal),
    "exp": of_numbers("exp", normal),
    "expm1": of_numbers("expm1", normal),
    "log": of_numbers("log", positive),
    "log1p": of_numbers("log1p", positive),
    "sqrt": of_numbers("sqrt", positive),
    "sin": of_numbers("sin", normal),
    "cos": of_numbers("cos", normal),
    "tanh": of_numbers("tanh", small),
    "pow": of_numbers("pow", positive, normal),
    "pow: an integer": RuleCase(lambda x: x**3, ((normal, (3,)),), "()->()"),
    "pow: of a number": RuleCase(lambda x: 2.0**x, ((normal, (3,)),), "()->()"),
    "maximum": of_numbers("maximum", apart, normal, dtypes=REAL),
    "minimum": of_numbers("minimum", apart, normal, dtypes=REAL),
    "where": of_numbers("where", chosen, normal, normal),
    "abs": of_numbers("abs", apart),
    "conj": of_numbers("conj", normal, dtypes=COMPLEX),
    "real": of_numbers("real", normal, dtypes=COMPLEX),
    "imag": of_numbers("imag", normal, dtypes=COMPLEX),
}
