"""Calls of NumPy's functions and methods that a traced array must understand."""

from __future__ import annotations

import numpy as np

X = np.array([[0.31, 0.72, 0.18], [0.57, 0.93, 0.44]])
SQUARE = np.array([[2.1, 0.3, -0.4], [0.2, 1.7, 0.5], [-0.3, 0.1, 2.6]])
CUBE = (np.arange(12.0).reshape(2, 3, 2) * 7 % 13 - 5) / 10 + 0.03
C = np.arange(6.0).reshape(2, 3) / 4 + 0.6
PLACES = np.array([2, 0, 2])

# -- functions: by the name of the form, the calls with their parameters by place or by name

CALLS = {
    "amax": [lambda x: np.amax(x), lambda x: np.amax(x, 0), lambda x: np.amax(x, axis=(0, 1))],
    "amin": [lambda x: np.amin(x), lambda x: np.amin(x, 1), lambda x: np.amin(x, keepdims=True)],
    "astype": [
        lambda x: np.astype(x, np.complex128),
        lambda x: np.astype(x, np.float64, copy=False),
        lambda x: np.astype(x, "complex128"),
    ],
    "broadcast_arrays": [lambda x: np.broadcast_arrays(x, np.ones((2, 1, 1)))[0]],
    "broadcast_to": [
        lambda x: np.broadcast_to(x, (2, 2, 3)),
        lambda x: np.broadcast_to(array=x, shape=(2, 3), subok=False),
    ],
    "clip": [
        lambda x: np.clip(x, 0.2, 0.6),
        lambda x: np.clip(x, a_min=0.2, a_max=0.6),
        lambda x: np.clip(x, None, 0.6),
        lambda x: np.clip(x, 0.2, None),
        lambda x: np.clip(x, min=0.2),
        lambda x: np.clip(x, max=x[0, 0] + 0.1),
        lambda x: np.clip(C - 0.5, x, 1.2),
    ],
    "concat": [lambda x: np.concat((x, C), 1), lambda x: np.concat([C, x])],
    "concatenate": [
        lambda x: np.concatenate((x, C)),
        lambda x: np.concatenate([C, x, x], -1),
        lambda x: np.concatenate([x, C], axis=None),
        lambda x: np.concatenate([x, CUBE], None),
        lambda x: np.concatenate([x, C], casting="same_kind"),
    ],
    "conj": [lambda x: np.conj(x + 2j)],
    "conjugate": [lambda x: np.conjugate(x * 1j)],
    "cross": [
        lambda x: np.cross(x, C),
        lambda x: np.cross(C.T, x.T, axis=0),
        lambda x: np.cross(x, C, axisa=-1),
        lambda x: np.linalg.cross(x, C),
        lambda x: np.linalg.cross(x.T, C.T, axis=0),
    ],
    "cumprod": [
        lambda x: np.cumprod(x),
        lambda x: np.cumprod(x, 0),
        lambda x: np.cumprod(x, axis=1),
    ],
    "cumsum": [lambda x: np.cumsum(x), lambda x: np.cumsum(x, 0), lambda x: np.cumsum(x, axis=-1)],
    "cumulative_sum": [
        lambda x: np.cumulative_sum(x[0]),
        lambda x: np.cumulative_sum(x, axis=1, include_initial=True),
    ],
    "cumulative_prod": [
        lambda x: np.cumulative_prod(x, axis=0),
        lambda x: np.cumulative_prod(x, axis=1, include_initial=True),
    ],
    "diagonal": [
        lambda x: np.diagonal(x),
        lambda x: np.diagonal(x, 1),
        lambda x: np.diagonal(x, offset=-1),
        lambda x: np.diagonal(x[..., None] * C[0], 0, 1, 2),
        lambda x: np.diagonal(x[..., None] * C[0], axis1=2, axis2=0),
        lambda x: np.linalg.diagonal(x[..., None] * C[0], offset=1),
    ],
    "diff": [
        lambda x: np.diff(x),
        lambda x: np.diff(x, 2),
        lambda x: np.diff(x, 1, 0),
        lambda x: np.diff(x, axis=0, prepend=C),
        lambda x: np.diff(C, append=x),
        lambda x: np.diff(x, prepend=0.5),
    ],
    "dot": [
        lambda x: np.dot(x, C.T),
        lambda x: np.dot(C[:, 0], x),
        lambda x: np.dot(x[0], C[0]),
        lambda x: np.dot(x, 2.0),
        lambda x: np.dot(3.0, x),
        lambda x: np.dot(x, CUBE),
        lambda x: np.dot(CUBE, x),
    ],
    "expand_dims": [lambda x: np.expand_dims(x, 1), lambda x: np.expand_dims(x, axis=(0, -1))],
    "fft": [
        lambda x: np.fft.fft(x),
        lambda x: np.fft.fft(x, 5),
        lambda x: np.fft.fft(x, 2, 0),
        lambda x: np.fft.fft(x, None, 0, "ortho"),
        lambda x: np.fft.fft(a=x, n=4, norm="forward"),
    ],
    "fftn": [lambda x: np.fft.fftn(x), lambda x: np.fft.fftn(x, (2, 4), (1, 0), "ortho")],
    "fftshift": [lambda x: np.fft.fftshift(x), lambda x: np.fft.fftshift(x, 1)],
    "flip": [lambda x: np.flip(x), lambda x: np.flip(x, 0), lambda x: np.flip(x, (0, 1))],
    "full_like": [
        lambda x: np.full_like(x, x[0, 0]),
        lambda x: np.full_like(x, x[1, 0], np.complex128),
    ],
    "hfft": [lambda x: np.fft.hfft(x + 1j), lambda x: np.fft.hfft(x * 1j, 5, 1, "ortho")],
    "ifft": [lambda x: np.fft.ifft(x), lambda x: np.fft.ifft(x, 5, 1)],
    "ifftn": [lambda x: np.fft.ifftn(x), lambda x: np.fft.ifftn(x, axes=(0,), s=(3,))],
    "ifftshift": [lambda x: np.fft.ifftshift(x), lambda x: np.fft.ifftshift(x, axes=(0, 1))],
    "ihfft": [lambda x: np.fft.ihfft(x), lambda x: np.fft.ihfft(x, 4, 0)],
    "irfft": [lambda x: np.fft.irfft(x + 1j), lambda x: np.fft.irfft(x, 5)],
    "irfftn": [lambda x: np.fft.irfftn(x), lambda x: np.fft.irfftn(x, (3, 4), (0, 1))],
    "linspace": [
        lambda x: np.linspace(x, C, 4),
        lambda x: np.linspace(0.0, x[0, 0], 5, False),
        lambda x: np.linspace(x, 2.0, num=3, endpoint=True, retstep=False),
    ],
    "max": [lambda x: np.max(x), lambda x: np.max(x, 0), lambda x: np.max(x, -1, keepdims=True)],
    "mean": [
        lambda x: np.mean(x),
        lambda x: np.mean(x, 0),
        lambda x: np.mean(x, 1, None, None, True),
    ],
    "meshgrid": [lambda x: np.meshgrid(x[0], C[:, 0]), lambda x: np.meshgrid(x[0], indexing="ij")],
    "min": [lambda x: np.min(x), lambda x: np.min(x, 0), lambda x: np.min(x, None, None, True)],
    "moveaxis": [
        lambda x: np.moveaxis(x, 0, 1),
        lambda x: np.moveaxis(x, source=[0], destination=[-1]),
    ],
    "norm": [
        lambda x: np.linalg.norm(x),
        lambda x: np.linalg.norm(x[0], 3),
        lambda x: np.linalg.norm(x[0], np.inf),
        lambda x: np.linalg.norm(x, "nuc"),
        lambda x: np.linalg.norm(x, ord="fro"),
        lambda x: np.linalg.norm(x, 2),
        lambda x: np.linalg.norm(x, -2),
        lambda x: np.linalg.norm(x, 1, (1, 0)),
        lambda x: np.linalg.norm(x, None, 0),
        lambda x: np.linalg.norm(x, 1, axis=1, keepdims=True),
        lambda x: np.linalg.norm(x[..., None] * C[0], "nuc", (0, 2), True),
        lambda x: np.linalg.norm(x[..., None] * C[0]),
        lambda x: np.linalg.vector_norm(x, axis=(0, 1), ord=3),
        lambda x: np.linalg.matrix_norm(x, ord=np.inf, keepdims=True),
    ],
    "outer": [
        lambda x: np.outer(x[0], C[1]),
        lambda x: np.outer(x, C),
        lambda x: np.outer(C[0], x[1]),
        lambda x: np.linalg.outer(x[0], C[1]),
    ],
    "prod": [lambda x: np.prod(x), lambda x: np.prod(x, 0), lambda x: np.prod(x, (0, 1))],
    "repeat": [
        lambda x: np.repeat(x, 2),
        lambda x: np.repeat(x, 3, 0),
        lambda x: np.repeat(x, np.array([1, 0, 2]), axis=1),
    ],
    "reshape": [
        lambda x: np.reshape(x, (3, 2)),
        lambda x: np.reshape(x, -1),
        lambda x: np.reshape(x, 6, copy=True),
        lambda x: np.reshape(x, shape=(3, -1), order="C"),
    ],
    "rfft": [lambda x: np.fft.rfft(x), lambda x: np.fft.rfft(x, 4, 1, "ortho")],
    "rfftn": [lambda x: np.fft.rfftn(x), lambda x: np.fft.rfftn(x, (2, 3), (1, 0))],
    "roll": [
        lambda x: np.roll(x, 1),
        lambda x: np.roll(x, 1, 0),
        lambda x: np.roll(x, (1, 2), axis=(0, 1)),
    ],
    "sort": [
        lambda x: np.sort(x),
        lambda x: np.sort(x, 0),
        lambda x: np.sort(x, kind="mergesort"),
        lambda x: np.sort(x, None),
        lambda x: np.sort(x, axis=None),
    ],
    "squeeze": [
        lambda x: np.squeeze(x[None, :, None]),
        lambda x: np.squeeze(x[None], 0),
        lambda x: np.squeeze(x[None, ..., None], axis=(0, -1)),
    ],
    "stack": [lambda x: np.stack([x, C]), lambda x: np.stack((C, x), -1)],
    "std": [
        lambda x: np.std(x),
        lambda x: np.std(x, 0),
        lambda x: np.std(x, ddof=1),
        lambda x: np.std(x, 1, None, None, 1, True),
        lambda x: np.std(x, correction=0.5),
    ],
    "sum": [
        lambda x: np.sum(x),
        lambda x: np.sum(x, 0),
        lambda x: np.sum(a=x, axis=(0, 1), keepdims=True),
        lambda x: np.sum(x, 1, None, None, True),
        lambda x: np.sum(x, dtype=np.complex128),
    ],
    "swapaxes": [lambda x: np.swapaxes(x, 0, 1), lambda x: np.swapaxes(x, axis1=-1, axis2=0)],
    "take": [
        lambda x: np.take(x, PLACES),
        lambda x: np.take(x, PLACES, 1),
        lambda x: np.take(x, np.array([[0, 1], [1, 1]]), axis=0),
        lambda x: np.take(x, PLACES, axis=-1, mode="raise"),
        lambda x: np.take(x, 4),
        lambda x: np.take(x, [0, 1], 1),
    ],
    "take_along_axis": [
        lambda x: np.take_along_axis(x, np.array([[2, 0], [1, 1]]), 1),
        lambda x: np.take_along_axis(x, np.array([[1, 0, 1]]), axis=0),
        lambda x: np.take_along_axis(x, PLACES, None),
    ],
    "tensordot": [
        lambda x: np.tensordot(x, C),
        lambda x: np.tensordot(x, C, ([0], [0])),
        lambda x: np.tensordot(x, C, axes=0),
        lambda x: np.tensordot(x, C, (1, 1)),
        lambda x: np.linalg.tensordot(x, CUBE, axes=[0, 0]),
    ],
    "tile": [lambda x: np.tile(x, 2), lambda x: np.tile(x, (2, 1, 2))],
    "trace": [
        lambda x: np.trace(x),
        lambda x: np.trace(x, 1),
        lambda x: np.trace(x[..., None] * C[0], 0, 1, 2),
        lambda x: np.linalg.trace(x[..., None] * C[0], offset=-1),
    ],
    "transpose": [
        lambda x: np.transpose(x),
        lambda x: np.transpose(x, (1, 0)),
        lambda x: np.transpose(x[None], axes=[-1, 0, 1]),
    ],
    "permute_dims": [lambda x: np.permute_dims(x, (1, 0))],
    "matrix_transpose": [
        lambda x: np.matrix_transpose(x),
        lambda x: np.linalg.matrix_transpose(x[None]),
    ],
    "tril": [lambda x: np.tril(x), lambda x: np.tril(x, -1), lambda x: np.tril(x, k=1)],
    "triu": [lambda x: np.triu(x), lambda x: np.triu(x, 1), lambda x: np.triu(m=x, k=-1)],
    "unstack": [lambda x: np.unstack(x), lambda x: np.unstack(x, axis=1)],
    "var": [
        lambda x: np.var(x),
        lambda x: np.var(x, 0, ddof=1),
        lambda x: np.var(x, -1, None, None, 0, True),
    ],
    "vecdot": [lambda x: np.vecdot(x, C), lambda x: np.linalg.vecdot(C, x, axis=0)],
    "matmul": [lambda x: np.matmul(x, C.T), lambda x: np.linalg.matmul(C.T, x)],
    "where": [lambda x: np.where(C > 1, x, 0.5), lambda x: np.where(x > 0.5, x * x, x)],
    "around": [lambda x: np.around(x * 10) * x],
    "round": [lambda x: np.round(x, 1) * x],
    "real": [lambda x: np.real(x * (1 + 2j))],
    "imag": [lambda x: np.imag(x * (1 + 2j))],
    "array_equal": [lambda x: x * np.array_equal(x, x)],
    "zeros_like": [lambda x: x + np.zeros_like(x, shape=(3,)) + np.ones_like(x)],
    "argmax": [lambda x: x[0, np.argmax(x, 1)]],
}
MATRICES = {
    "cholesky": [
        lambda a: np.linalg.cholesky(a @ a.T),
        lambda a: np.linalg.cholesky(a @ a.T, upper=True),
    ],
    "det": [np.linalg.det],
    "eigvalsh": [lambda a: np.linalg.eigvalsh(a + a.T)],
    "eigh": [lambda a: np.linalg.eigh(a + a.T)[0], lambda a: np.linalg.eigh(a + a.T).eigenvalues],
    "inv": [np.linalg.inv],
    "matrix_power": [
        lambda a: np.linalg.matrix_power(a, 3),
        lambda a: np.linalg.matrix_power(a, -2),
    ],
    "pinv": [
        lambda a: np.linalg.pinv(a[:, :2]),
        lambda a: np.linalg.pinv(a, 1e-3),
        lambda a: np.linalg.pinv(a, rcond=1e-3),
        lambda a: np.linalg.pinv(a, rtol=1e-3),
    ],
    "qr": [
        lambda a: np.linalg.qr(a),
        lambda a: np.linalg.qr(a[:, :2], "reduced").R,
        lambda a: np.linalg.qr(a, mode="complete").Q,
    ],
    "slogdet": [lambda a: np.linalg.slogdet(a)[1], lambda a: np.linalg.slogdet(a).logabsdet],
    "solve": [lambda a: np.linalg.solve(a, C.T), lambda a: np.linalg.solve(a, a[0])],
    "svd": [
        lambda a: np.linalg.svd(a, False)[1],
        lambda a: np.linalg.svd(a, compute_uv=False),
        lambda a: np.linalg.svd(a[:, :2], full_matrices=False).S,
        lambda a: (lambda u, s, vh: (u * s) @ vh)(*np.linalg.svd(a, full_matrices=False)),
    ],
    "svdvals": [lambda a: np.linalg.svdvals(a)],
}

# -- methods


def changed(change):
    def call(x):
        y = x * 2.0
        change(y)
        return y

    return call


OF_ARRAYS = {
    "astype": [
        lambda x: x.astype(np.complex128),
        lambda x: x.astype(dtype="complex128"),
        lambda x: x.astype(float, copy=False),
    ],
    "clip": [
        lambda x: x.clip(0.2, 0.6),
        lambda x: x.clip(min=0.4),
        lambda x: x.clip(max=0.6),
        lambda x: x.clip(None, 0.6),
    ],
    "conj": [lambda x: (x * 1j).conj()],
    "conjugate": [lambda x: (x * 1j).conjugate()],
    "copy": [lambda x: x.copy()],
    "cumprod": [lambda x: x.cumprod(), lambda x: x.cumprod(1)],
    "cumsum": [lambda x: x.cumsum(), lambda x: x.cumsum(axis=0)],
    "diagonal": [lambda x: x.diagonal(), lambda x: x.diagonal(1)],
    "dot": [lambda x: x.dot(C.T), lambda x: x[0].dot(C[0])],
    "fill": [
        changed(lambda y: y.fill(y[0, 0].copy())),
        lambda x: (lambda y: (y.fill(0.5), y * x)[1])(x.copy()),
    ],
    "flatten": [lambda x: x.flatten(), lambda x: x.T.flatten(order="C")],
    "max": [lambda x: x.max(), lambda x: x.max(0), lambda x: x.max(axis=1, keepdims=True)],
    "mean": [lambda x: x.mean(), lambda x: x.mean(1)],
    "min": [lambda x: x.min(), lambda x: x.min(0)],
    "prod": [lambda x: x.prod(), lambda x: x.prod(1)],
    "ravel": [lambda x: x.ravel(), lambda x: x.T.ravel("C")],
    "repeat": [lambda x: x.repeat(2), lambda x: x.repeat(2, 0), lambda x: x.repeat(2, axis=1)],
    "reshape": [
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape((3, 2)),
        lambda x: x.reshape(-1),
        lambda x: x.reshape([6, 1]),
        lambda x: x.reshape(3, -1, order="C"),
    ],
    "sort": [changed(lambda y: y.sort()), changed(lambda y: y.sort(0))],
    "squeeze": [lambda x: x[None].squeeze(), lambda x: x[None].squeeze(0)],
    "std": [lambda x: x.std(), lambda x: x.std(0, ddof=1)],
    "sum": [lambda x: x.sum(), lambda x: x.sum(0), lambda x: x.sum(axis=-1, keepdims=True)],
    "swapaxes": [lambda x: x.swapaxes(0, 1), lambda x: x[None].swapaxes(-1, 0)],
    "take": [lambda x: x.take(PLACES), lambda x: x.take(PLACES, axis=1)],
    "trace": [lambda x: x.trace(), lambda x: x.trace(1)],
    "transpose": [
        lambda x: x.transpose(),
        lambda x: x.transpose(1, 0),
        lambda x: x.transpose((1, 0)),
        lambda x: x.transpose(None),
    ],
    "var": [lambda x: x.var(), lambda x: x.var(1, ddof=1)],
    "all": [lambda x: x * x.all()],
    "any": [lambda x: x * (x > 0).any()],
    "argmax": [lambda x: x.ravel()[x.argmax()], lambda x: x[0, x.argmax(axis=1)]],
    "argmin": [lambda x: x.ravel()[x.argmin()]],
    "argsort": [lambda x: x[0][x[0].argsort()], lambda x: x[:, x[0].argsort(kind="stable")]],
    "nonzero": [lambda x: x[x.nonzero()]],
    "round": [lambda x: x * (10 * x).round(), lambda x: x * x.round(1)],
    "searchsorted": [lambda x: x * x[0].searchsorted(0.5)],
    "T": [lambda x: x.T, lambda x: x[None].T],
    "mT": [lambda x: x.mT],
    "real": [lambda x: (x * (2 + 1j)).real],
    "imag": [lambda x: (x * (2 + 1j)).imag],
    "itemsize": [lambda x: x * x.itemsize],
    "nbytes": [lambda x: x * x.nbytes],
}
ATTRIBUTES = ("T", "mT", "real", "imag", "itemsize", "nbytes")
