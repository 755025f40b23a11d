"""Linear algebra with derivatives, on every backend."""

from ..tape._namespace import functions, linalg_functions
from ..tape._tracer import install_operators
from ._determinant import det
from ._diagonals import diagonal, matrix_transpose, trace
from ._equations import solve_continuous_lyapunov, solve_discrete_lyapunov, solve_sylvester
from ._factorizations import cholesky, lu_factor, lu_solve
from ._inverses import SlogdetResult, inv, slogdet, solve
from ._matrix_functions import expm
from ._norms import matrix_norm, vector_norm
from ._orthogonal import QRResult, qr
from ._powers import matrix_power
from ._products import cross, matmul, outer, tensordot, vecdot
from ._pseudoinverse import matrix_rank, pinv
from ._singular_values import SVDResult, svd, svdvals
from ._spectra import EighResult, eigh, eigvalsh
from ._triangular import solve_triangular

__all__ = [
    "EighResult",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "expm",
    "inv",
    "lu_factor",
    "lu_solve",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_sylvester",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]

linalg_functions.update({name: globals()[name] for name in __all__ if not name.endswith("Result")})
functions.update(
    {
        "matmul": matmul,
        "matrix_transpose": matrix_transpose,
        "tensordot": tensordot,
        "vecdot": vecdot,
    }
)
install_operators({"matmul": matmul})
