"""Rules broken on purpose: the property that must catch each, and what must be said of it."""

import numpy as np
from broken_inverses import A, B, X, rule

import unidiff as ud
from unidiff.linear import LinearMap
from unidiff.maps import (
    broadcast,
    diag,
    from_functions,
    identity,
    left,
    linear_map,
    reshape,
    right,
    row,
    scale,
    sum_over,
    to_complex,
    zero,
)


def product(xp, a, b):
    return a @ b


def difference(xp, a, b):
    return a - b


def plus_number(xp, x, s):
    return x + s[..., None]


def total(xp, x, *, axis=-1):
    return xp.sum(x, axis=axis)


def modulus_squared(xp, x):
    return xp.real(x * xp.conj(x)) if xp.isdtype(x.dtype, "complex floating") else x * x


def pair(xp, x):
    return xp.sin(x), xp.cos(x)


def twisted(xp, x):
    return (1 + 2j) * x


def bumped(xp, x):
    return x * x


def doubled(xp, x):
    x *= 2.0
    return x


@linear_map
class TakeTwice(LinearMap):
    """dx ↦ dx[0, 0, 1]; its transpose forgets that what was taken twice adds up"""

    def __call__(self, dx):
        return ud.array_namespace(dx).stack([dx[..., 0], dx[..., 0], dx[..., 1]], axis=-1)

    @property
    def T(self):
        return PutOnce()


@linear_map
class PutOnce(LinearMap):
    """The transpose of TakeTwice, wrong: the last one that is put wins"""

    def __call__(self, w):
        xp = ud.array_namespace(w)
        return xp.stack([w[..., 1], w[..., 2], xp.zeros_like(w[..., 0])], axis=-1)

    @property
    def T(self):
        return TakeTwice()


def taken_twice(xp, x):
    return xp.stack([x[..., 0], x[..., 0], x[..., 1]], axis=-1)


def commute(dx, a):
    return a @ dx - dx @ a


def commute_back_wrongly(w, a):
    return a.mT @ w + w @ a.mT


def commutator(xp, a, x):
    return a @ x - x @ a


def commutator_rule(transpose):
    def derivative(xp, y, a, x):
        by_x = from_functions(commute, a, domain=x, transpose=transpose, batched=True)
        return row(right(x) - left(x), by_x)

    return derivative


@linear_map
class Overwriting(LinearMap):
    """dx ↦ d dx, and writes into dx"""

    d: np.ndarray

    def __call__(self, dx):
        if isinstance(dx, np.ndarray):
            dx *= self.d
            return dx
        return self.d * dx

    @property
    def T(self):
        return diag(self.d)


@linear_map
class OneByOne(LinearMap):
    """dx ↦ the running sums of a vector, of which leading axes do not pass"""

    def __call__(self, dx):
        return ud.array_namespace(dx).cumulative_sum(dx, axis=0)

    @property
    def T(self):
        return OneByOne.Back()

    @linear_map
    class Back(LinearMap):
        """Its transpose"""

        def __call__(self, w):
            xp = ud.array_namespace(w)
            return xp.flip(xp.cumulative_sum(xp.flip(w, axis=0), axis=0), axis=0)

        @property
        def T(self):
            return OneByOne()


def running(xp, x):
    return xp.cumulative_sum(x, axis=-1)


def of_any_axis(xp, y, x, *, axis):
    return sum_over(x.shape[-2:], -1)


OTHERS = {
    "the sign of one operand": (
        rule("(),()->()", difference, lambda xp, y, a, b: row(identity, identity)),
        (X, X[::-1]),
        {},
        "differences",
        "operand 1 has the wrong sign",
    ),
    "swapped entries of a row": (
        rule("(m,n),(n,k)->(m,k)", product, lambda xp, y, a, b: row(left(a), right(b))),
        (A, A.T + np.eye(3)),
        {},
        "differences",
        "stands in the place of operand",
    ),
    "a broadcast not undone": (
        rule("(n),()->(n)", plus_number, lambda xp, y, x, s: row(identity, identity)),
        (X, np.asarray(0.5)),
        {},
        "contract",
        "a broadcast is not undone",
    ),
    "a static parameter ignored": (
        rule("(m,m)->(m)", total, of_any_axis),
        (A,),
        {"axis": -2},
        "differences",
        "",
    ),
    "the real part forgotten": (
        rule(
            "()->()",
            modulus_squared,
            lambda xp, y, x: diag(2 * xp.conj(x)) if y.dtype != x.dtype else diag(2 * x),
        ),
        (X + 1j,),
        {},
        "differences",
        "forgets to take the real part",
    ),
    "a real operand's cotangent left complex": (
        rule("()->()", twisted, lambda xp, y, x: diag((1 + 2j) * xp.ones_like(y))),
        (X,),
        {},
        "contract",
        "takes the real part",
    ),
    "outputs exchanged": (
        rule("()->(),()", pair, lambda xp, y, x: ud.maps.column(diag(-y[0]), diag(y[1]))),
        (X,),
        {},
        "differences",
        "",
    ),
    "zero for one output that moves": (
        rule("()->(),()", pair, lambda xp, y, x: ud.maps.column(diag(y[1]), zero)),
        (X,),
        {},
        "differences",
        "`zero` is for what does not move",
    ),
    "a transpose that overwrites": (
        rule("(n)->(n)", taken_twice, lambda xp, y, x: TakeTwice()),
        (X,),
        {},
        "transpose",
        "",
    ),
    "the pullback of from_functions": (
        rule("(m,m),(m,m)->(m,m)", commutator, commutator_rule(commute_back_wrongly)),
        (A, A.T @ A),
        {},
        "transpose",
        "",
    ),
    "the value writes into its argument": (
        rule("()->()", doubled, lambda xp, y, x: scale(2.0)),
        (X,),
        {},
        "contract",
        "",
    ),
    "L writes into its argument": (
        rule("()->()", bumped, lambda xp, y, x: Overwriting(2 * x)),
        (X,),
        {},
        "contract",
        "something writes into an array",
    ),
    "leading axes do not pass": (
        rule("(n)->(n)", running, lambda xp, y, x: OneByOne()),
        (X,),
        {},
        "basis",
        "",
    ),
    "a partial derivative of first order only": (
        ud.elementwise(
            "cube", lambda xp, y, x: ud.stop_gradient(3 * x * x), value=lambda xp, x: x**3
        ),
        (X,),
        {},
        "second order",
        "L does not depend on the arguments",
    ),
    "L raises": (
        rule("(m,n),(n,k)->(m,k)", product, lambda xp, y, a, b: row(left(b), right(a))),
        (A, B),
        {},
        "differences",
        "raised    ValueError",
    ),
}


def by_number(n):
    return broadcast((1,), (n,)) @ reshape((), (1,))


REPAIRED = {
    "the sign of one operand": lambda xp, y, a, b: row(identity, scale(-1.0)),
    "swapped entries of a row": lambda xp, y, a, b: row(right(b), left(a)),
    "a broadcast not undone": lambda xp, y, x, s: row(identity, by_number(x.shape[-1])),
    "a static parameter ignored": lambda xp, y, x, *, axis: sum_over(x.shape[-2:], axis),
    "a real operand's cotangent left complex": lambda xp, y, x: (
        diag((1 + 2j) * xp.ones_like(y)) @ (identity if x.dtype == y.dtype else to_complex)
    ),
    "outputs exchanged": lambda xp, y, x: ud.maps.column(diag(y[1]), diag(-y[0])),
    "the pullback of from_functions": commutator_rule(None),
    "L writes into its argument": lambda xp, y, x: diag(2 * x),
}
