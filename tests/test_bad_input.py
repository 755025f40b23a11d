"""What cannot be meant is refused, and the message says what was wanted, what came, what to do."""

from __future__ import annotations

import numpy as np
import pytest

import unidiff as ud

xp = ud.backend("numpy").xp
X, M = np.arange(3.0), np.arange(9.0).reshape(3, 3) + 4 * np.eye(3)
F = X.astype(np.float32)


def total(x):
    return xp.sum(x * x)


def two(a, b):
    return a * b


def pulled(w, f=two, *primals):
    return ud.vjp(f, *(primals or (X, X)))[1](w)


SHAPES = {
    "jvp": (
        lambda: ud.jvp(total, (X,), (M,)),
        r"jvp: a tangent must have the shape of its array, \(3,\); got \(3, 3\)",
    ),
    "hvp": (
        lambda: ud.hvp(total, (X,), (X[:2],)),
        r"jvp: a tangent must have the shape of its array, \(3,\); got \(2,\)",
    ),
    "pull": (
        lambda: pulled(M),
        r"pull: a cotangent must have the shape of its array, \(3,\); got \(3, 3\)",
    ),
    "L": (
        lambda: ud.linearize(total, X)[1](X[:2]),
        r"L: a tangent must have the shape of its array, \(3,\); got \(2,\)",
    ),
    "L of a stack": (
        lambda: ud.linearize(two, X, X)[1]((M, X)),
        r"must share their leading axes, got \[\(\), \(3,\)\]",
    ),
    "L.T": (
        lambda: ud.linearize(two, X, X)[1].T(X[:2]),
        r"L: a cotangent must have the shape of its array",
    ),
    "derivative": (
        lambda: ud.derivative(total)(X),
        r"derivative: wanted one number, got shapes \[\(3,\)\]; use jvp",
    ),
    "inv": (lambda: ud.linalg.inv(M[:2]), r"inv: wanted the shape \(\.\.\., m, m\); got \(2, 3\)"),
    "solve": (
        lambda: ud.linalg.solve(M, M[:2]),
        r"solve: wanted the shapes \(\.\.\., m, m\), \(\.\.\., m, k\); got \(3, 3\), \(2, 3\)",
    ),
}

TYPES = {
    "jvp": (
        lambda: ud.jvp(total, (X,), (F,)),
        "jvp: a tangent must have the dtype of its array, float64; got float32",
    ),
    "pull": (
        lambda: pulled(F),
        "pull: a cotangent must have the dtype of its array, float64; got float32",
    ),
    "L": (
        lambda: ud.linearize(total, F)[1](X),
        "L: a tangent must have the dtype of its array, float32; got float64",
    ),
    "complex tangent": (
        lambda: ud.jvp(total, (X,), (1j * X,)),
        "dtype of its array, float64; got complex128",
    ),
    "integer tangent": (
        lambda: ud.jvp(total, (X,), (np.arange(3),)),
        "dtype of its array, float64; got int64",
    ),
    "tangent of a string": (
        lambda: ud.jvp(total, (X,), ("dx",)),
        "jvp: a tangent must be an array, got str",
    ),
    "list for a tangent": (lambda: ud.jvp(total, (X,), ([1.0, 0.0, 0.0],)), "tangent"),
    "integer primal": (
        lambda: ud.grad(total)(np.arange(3)),
        r"grad: argument 0 has dtype int64; derivatives are .* real or complex floating arrays",
    ),
    "integer primal of jvp": (
        lambda: ud.jvp(total, (np.arange(3),), (X,)),
        "jvp: argument 0 has dtype int64",
    ),
    "boolean primal": (lambda: ud.linearize(two, X, X > 0), "linearize: argument 1 has dtype bool"),
    "boolean": (lambda: ud.grad(total)(True), "argument 0 has dtype bool"),
    "string primal": (lambda: ud.grad(total)("x"), "wanted an array or a number, got str"),
    "list primal": (
        lambda: ud.linalg.inv([[1.0, 0.0], [0.0, 1.0]]),
        "wanted an array or a number, got list; turn it into an array first",
    ),
    "primals no tuple": (
        lambda: ud.jvp(total, X, X),
        r"jvp: primals and tangents must be tuples, one entry an argument; got",
    ),
    "no function": (
        lambda: ud.grad(3.0)(X),
        "wanted a function, got float|not callable|has no attribute",
    ),
    "vector for grad": (
        lambda: ud.grad(lambda x: x)(X),
        r"function that returns one scalar; it returned the shapes \(3,\)\. .* use jacobian or vjp",
    ),
    "tuple for grad": (
        lambda: ud.grad(lambda x: (total(x), x))(X),
        r"returned the shapes \(\), \(3,\)",
    ),
    "complex for grad": (
        lambda: ud.grad(lambda z: xp.sum(z * z))(1j * X),
        "grad wants a real value, got a complex one; say holomorphic=True",
    ),
    "real for holomorphic": (
        lambda: ud.grad(total, holomorphic=True)(X),
        "grad: holomorphic=True wants complex arguments, got float64",
    ),
    "complex for jacobian": (
        lambda: ud.jacobian(lambda z: z * z)(1j * X),
        r"jacobian: a complex array, complex128; say holomorphic=True",
    ),
    "complex value for jacobian": (
        lambda: ud.jacobian(lambda x: 1j * x)(X),
        "jacobian: a complex array, complex128",
    ),
    "None returned": (
        lambda: ud.jvp(lambda x: "y", (X,), (X,)),
        r"jvp: the function must return arrays, or tuples, lists or dict.* it returned str",
    ),
    "string returned": (
        lambda: ud.grad(lambda x: "loss")(X),
        "grad: the function must return arrays.* it returned str",
    ),
    "string returned beside": (
        lambda: ud.vjp(lambda x: (x, "aux"), X),
        "vjp: the function must return arrays.* it returned str",
    ),
    "no pair for has_aux": (
        lambda: ud.grad(total, has_aux=True)(X),
        r"with has_aux the function must return a pair \(y, aux\)",
    ),
    "triple for has_aux": (
        lambda: ud.vjp(lambda x: (x, x, x), X, has_aux=True),
        r"vjp: with has_aux the function must return a pair",
    ),
    "too few arrays": (lambda: ud.linalg.inv(), "no argument is an array|inv takes 1 array, got 0"),
    "too many arrays": (lambda: ud.linalg.inv(M, M), "inv takes 1 array, got 2"),
    "too few for L": (
        lambda: ud.linearize(two, X, X)[1](X),
        "L: wanted a tuple of 2 tangents, one a primal",
    ),
    "too many for L": (
        lambda: ud.linearize(two, X, X)[1](X, X, X),
        "L: wanted a tuple of 2 tangents, one a primal",
    ),
}

STRUCTURES = {
    "counts": (lambda: ud.jvp(two, (X, X), (X,)), "jvp: 2 primals but 1 tangents"),
    "dictionary": (
        lambda: ud.jvp(lambda d: d["a"], ({"a": X},), ({"b": X},)),
        "jvp: the tangent has not the structure of what it belongs to",
    ),
    "tuple for a dictionary": (
        lambda: ud.jvp(lambda d: d["a"], ({"a": X},), ((X,),)),
        "jvp: the tangent has not the structure",
    ),
    "pulled tuple": (
        lambda: pulled(X, lambda x: (x, x), X),
        "pull: the cotangent has not the structure",
    ),
    "pulled list": (
        lambda: pulled((X,), lambda x: (x, x), X),
        "pull: the cotangent has not the structure",
    ),
    "argnums": (
        lambda: ud.grad(total, argnums=1)(X),
        "grad: argnums is 1, but there are 1 positional arguments",
    ),
    "negative argnums": (
        lambda: ud.grad(two, argnums=-3)(X, X),
        "grad: argnums is -3, but there are 2 positional",
    ),
    "argnums of jacobian": (
        lambda: ud.jacfwd(two, argnums=(0, 2))(X, X),
        r"jacfwd: argnums is \(0, 2\), but there are 2",
    ),
    "argnums of hessian": (
        lambda: ud.hessian(total, argnums=2)(X),
        "argnums is 2, but there are 1",
    ),
    "repeated argnums": (
        lambda: ud.grad(lambda a, b: xp.sum(a * b), argnums=(0, -2))(X, X),
        r"grad: argnums is \(0, -2\), which names an argument twice",
    ),
    "axis": (
        lambda: ud.grad(lambda x: xp.sum(xp.sum(x, axis=1)))(X),
        "axis 1 is out of bounds for an array of 1 axes",
    ),
    "reshape": (
        lambda: ud.grad(lambda x: xp.sum(xp.reshape(x, (2, 2))))(X),
        r"cannot reshape \(3,\), 3 numbers, to \(2, 2\), 4 numbers",
    ),
    "broadcast_to": (
        lambda: ud.grad(lambda x: xp.sum(xp.broadcast_to(x, (2, 2))))(X),
        r"cannot broadcast \(3,\) to \(2, 2\)",
    ),
    "permute": (
        lambda: ud.grad(lambda x: xp.sum(xp.permute_dims(x, (0, 0))))(M),
        r"wanted a permutation of the axes 0 to 1, got \(0, 0\)",
    ),
    "squeeze": (
        lambda: ud.grad(lambda x: xp.sum(xp.squeeze(x, axis=0)))(X),
        r"squeeze: .*axes 0 of an array of shape \(3,\)",
    ),
}


def named(table):
    return pytest.mark.parametrize("name", table)


@named(SHAPES)
def test_a_wrong_shape_is_a_value_error(name):
    call, message = SHAPES[name]
    with pytest.raises(ValueError, match=message):
        call()


@named(TYPES)
def test_a_wrong_type_is_a_type_error(name):
    call, message = TYPES[name]
    with pytest.raises(TypeError, match=message):
        call()


@named(STRUCTURES)
def test_a_wrong_structure_is_a_value_error(name):
    call, message = STRUCTURES[name]
    with pytest.raises(ValueError, match=message):
        call()
