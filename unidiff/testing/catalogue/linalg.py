"""Inverses, determinants, factorizations, equations, and maps with a factorization."""

from __future__ import annotations

from typing import Any

import unidiff as ud

from ...linalg import _equations, _factorizations, _inverses, _triangular
from ...maps import left, left_solve, right_solve
from .case import MATRIX, TWO, RuleCase, matrix, of_matrix, of_pair
from .kinds import definite, normal, small, square


def triangular(name: str, **how: Any) -> RuleCase:
    def function(a: Any, b: Any) -> Any:
        return ud.linalg.solve_triangular(a, b, **how)

    function.__name__ = name
    return RuleCase(function, ((square, MATRIX), (normal, TWO)), of_pair)


def lu_solved(trans: Any) -> RuleCase:
    def function(a: Any, b: Any) -> Any:
        return ud.linalg.lu_solve(ud.linalg.lu_factor(a), b, trans)

    return RuleCase(function, ((square, MATRIX), (normal, TWO)), of_pair)


LINALG = {
    "inv": matrix(ud.linalg.inv),
    "solve": RuleCase(ud.linalg.solve, ((square, MATRIX), (normal, TWO)), of_pair),
    "solve: its rule": RuleCase(_inverses.solve_matrix, ((square, MATRIX), (normal, TWO))),
    "solve: a vector": RuleCase(ud.linalg.solve, ((square, MATRIX), (normal, (3,)))),
    "solve_triangular": triangular("upper"),
    "solve_triangular: lower": triangular("lower", lower=True),
    "solve_triangular: transposed": triangular("transposed", trans="T"),
    "solve_triangular: adjoint": triangular("adjoint", trans="C", lower=True),
    "solve_triangular: unit diagonal": triangular("unit", unit_diagonal=True),
    "solve_triangular: its rule": RuleCase(
        _triangular.solve_triangular_matrix,
        ((square, MATRIX), (normal, TWO)),
        static={"lower": True},
    ),
    "slogdet": matrix(ud.linalg.slogdet, signature="(m,m)->(),()"),
    "det": matrix(ud.linalg.det),
    "cholesky": matrix(ud.linalg.cholesky, definite, signature=of_matrix),
    "cholesky: upper": matrix(ud.linalg.cholesky, definite, static={"upper": True}),
    "cholesky: its rule": matrix(_factorizations.cholesky_lower, definite),
    "lu_factor": matrix(ud.linalg.lu_factor, signature="(m,m)->(m,m)"),
    "lu_solve": lu_solved(0),
    "lu_solve: transposed": lu_solved(1),
    "lu_solve: adjoint": lu_solved(2),
    "expm": matrix(ud.linalg.expm, small),
    "solve_sylvester": RuleCase(
        _equations.solve_sylvester, ((square, MATRIX), (square, (2, 2)), (normal, TWO))
    ),
    "solve_continuous_lyapunov": RuleCase(
        _equations.solve_continuous_lyapunov, ((square, MATRIX), (normal, MATRIX))
    ),
    "solve_discrete_lyapunov": RuleCase(
        _equations.solve_discrete_lyapunov, ((small, MATRIX), (normal, MATRIX))
    ),
}

MAPS = {
    "left_solve": RuleCase(
        lambda a, b: left_solve(a)(b), ((square, MATRIX), (normal, TWO)), of_pair
    ),
    "right_solve": RuleCase(
        lambda a, b: right_solve(a)(b), ((square, MATRIX), (normal, (2, 3))), "(m,m),(k,m)->(k,m)"
    ),
    "logabsdet": matrix(lambda a: left(a).on(a).logabsdet()),
}
