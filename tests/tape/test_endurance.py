"""Threads, exceptions, long chains and many calls leave nothing behind."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import unidiff as ud

xp = ud.backend("numpy").xp
X = np.linspace(-1.0, 1.0, 5)
nested = ud.grad(lambda x: xp.sum(ud.grad(lambda y: xp.sum(xp.sin(y * x)))(x) * x))


def test_threads_do_not_meet():
    wanted = [nested(X + k) for k in range(4)]
    wrong = []

    def work(k):
        for _ in range(100):
            found = nested(X + k)
            if not np.array_equal(found, wanted[k]):
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong


def test_an_array_traced_in_one_thread_may_be_used_in_another():
    def f(x):
        found = []
        thread = threading.Thread(target=lambda: found.append(ud.grad(lambda y: y * y * x)(x)))
        thread.start()
        thread.join()
        return found[0]

    assert ud.grad(f)(3.0) == 12.0


CHAIN = 50_000


@pytest.mark.parametrize(
    "derivative",
    [
        lambda f, x: ud.grad(f)(x),
        lambda f, x: ud.vjp(f, x)[1](np.asarray(1.0))[0],
        lambda f, x: ud.linearize(f, x)[1](np.asarray(1.0)),
        lambda f, x: ud.linearize(f, x)[1].T(np.asarray(1.0)),
        lambda f, x: ud.jvp(f, (x,), (np.asarray(1.0),))[1],
    ],
)
def test_a_long_chain_does_not_recurse(derivative):
    def f(x):
        for _ in range(CHAIN):
            x = x * 1.0
        return x

    assert derivative(f, np.asarray(2.0)) == 1


def test_a_long_chain_that_is_dropped_does_not_recurse():
    kept = []

    def f(x):
        y = x
        for _ in range(CHAIN):
            y = y + 1.0
        kept.append(y)
        return x

    ud.grad(f)(np.asarray(2.0))
    kept.clear()

    assert not kept


def test_many_gradients_leave_nothing():
    function = ud.grad(
        lambda x: xp.sum(ud.linalg.solve(np.eye(5) + x[:, None] * x, xp.sin(x[::-1])))
    )
    function(X)
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(5000):
            function(X)
        after = len(gc.get_objects())
        cycles = gc.collect()
    finally:
        gc.enable()

    assert after - before < 50
    assert cycles == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: nested(X),
        lambda: ud.hessian(lambda x: xp.sum(xp.exp(x) * x))(X),
        lambda: ud.jvp(lambda x: xp.sum(x[1:]), (X,), (X,)),
        lambda: ud.linearize(lambda x: xp.concat([x, x * x]), X)[1].T(np.ones(10)),
        lambda: ud.vjp(lambda x: xp.cumulative_sum(x), X)[1](X),
        lambda: ud.jacobian(ud.linalg.inv)(np.eye(3)),
    ],
)
def test_every_verb_frees_by_counting_references_alone(call):
    call()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            call()
        cycles = gc.collect()
    finally:
        gc.enable()

    assert cycles == 0


class StoppedError(Exception):
    """What a user's function raises."""


@pytest.mark.parametrize(
    "transform",
    [
        lambda f: ud.grad(f)(X),
        lambda f: ud.jvp(f, (X,), (X,)),
        lambda f: ud.linearize(f, X),
        lambda f: ud.hessian(f)(X),
        lambda f: ud.jacrev(f)(X),
    ],
)
def test_an_exception_inside_a_trace_leaves_nothing_behind(transform):
    kept = []

    def broken(x):
        kept.append(x * 2.0)
        raise StoppedError

    wanted = nested(X)
    with pytest.raises(StoppedError):
        transform(broken)

    assert np.array_equal(nested(X), wanted)
    with pytest.raises(ud.LeakedTracerError, match="traced by a transform that has returned"):
        ud.grad(lambda x: xp.sum(x * kept[0]))(X)


def test_an_exception_in_an_inner_trace_leaves_the_outer_as_it_was():
    def f(x):
        with pytest.raises(StoppedError):
            ud.grad(lambda y: _raise())(x)
        return xp.sum(x * x)

    assert np.array_equal(ud.grad(f)(X), 2 * X)


def _raise():
    raise StoppedError
