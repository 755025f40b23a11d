"""Linear algebra with derivatives, on every backend."""

from ..tape._namespace import functions, linalg_functions
from ..tape._tracer import install_operators
from ._determinant import det
from ._equations import solve_continuous_lyapunov, solve_discrete_lyapunov, solve_sylvester
from ._factorizations import cholesky, lu_factor, lu_solve
from ._inverses import SlogdetResult, inv, slogdet, solve, solve_triangular
from ._matrix_functions import expm
from ._products import matmul

__all__ = [
    "SlogdetResult",
    "cholesky",
    "det",
    "expm",
    "inv",
    "lu_factor",
    "lu_solve",
    "matmul",
    "slogdet",
    "solve",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_sylvester",
    "solve_triangular",
]

linalg_functions.update({name: globals()[name] for name in __all__ if name != "SlogdetResult"})
functions.update({"matmul": matmul})
install_operators({"matmul": matmul})
