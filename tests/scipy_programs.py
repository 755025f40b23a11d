"""Programs of SciPy's functions on traced arrays; as a script, with SCIPY_ARRAY_API=1, they run.

It prints, of each program, how far its gradient is from differences, or what it raised.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import scipy
import scipy.cluster
import scipy.differentiate
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.optimize.elementwise
import scipy.signal
import scipy.spatial
import scipy.special
import scipy.stats

import unidiff as ud

special, stats, fft, signal = scipy.special, scipy.stats, scipy.fft, scipy.signal
integrate, optimize, linalg, ndimage = (
    scipy.integrate,
    scipy.optimize,
    scipy.linalg,
    scipy.ndimage,
)
Rotation = scipy.spatial.transform.Rotation
X = np.array([0.31, 0.72, 0.18, 0.55, 0.93, 0.44])
GRID = np.array([0.0, 0.2, 0.5, 0.9, 1.4, 2.0])
W = np.array([0.5, 1.0, 2.0, 1.5, 0.7, 1.1])


def rows(x):
    return x.reshape(2, 3)


def constant(x):
    """W, as an array of x's kind: SciPy refuses arrays of two namespaces."""
    return W + 0 * x


WORKS = {
    # special
    "erf": lambda x: special.erf(x),
    "erfc": lambda x: special.erfc(x),
    "expit": lambda x: special.expit(x),
    "logit": lambda x: special.logit(x),
    "gammaln": lambda x: special.gammaln(x),
    "psi": lambda x: special.psi(x),
    "digamma": lambda x: special.digamma(x),
    "ndtr": lambda x: special.ndtr(x),
    "log_ndtr": lambda x: special.log_ndtr(x),
    "xlogy": lambda x: special.xlogy(x, x * x),
    "xlogy of a constant": lambda x: special.xlogy(constant(x), x),
    "logsumexp": lambda x: special.logsumexp(x),
    "logsumexp along an axis": lambda x: special.logsumexp(rows(x), axis=1, keepdims=True),
    "logsumexp with weights": lambda x: special.logsumexp(x, b=constant(x)),
    "softmax": lambda x: special.softmax(x),
    "softmax along an axis": lambda x: special.softmax(rows(x), axis=0),
    "log_softmax": lambda x: special.log_softmax(rows(x), axis=1),
    # optimize, differentiate
    "rosen": lambda x: optimize.rosen(x),
    # integrate
    "trapezoid": lambda x: integrate.trapezoid(x, dx=0.3),
    "trapezoid over places": lambda x: integrate.trapezoid(x, W),
    "trapezoid over traced places": lambda x: integrate.trapezoid(x * x, x),
    "cubature": lambda x: integrate.cubature(lambda t: t * t, x[:1], x[1:2] + 1).estimate,
    "cumulative_trapezoid": lambda x: integrate.cumulative_trapezoid(x, dx=0.3),
    # stats
    "zscore": lambda x: stats.zscore(x),
    "skew": lambda x: stats.skew(x),
    "skew, corrected": lambda x: stats.skew(x, bias=False),
    "kurtosis": lambda x: stats.kurtosis(x),
    "gmean": lambda x: stats.gmean(x),
    "hmean": lambda x: stats.hmean(x),
    "pmean": lambda x: stats.pmean(x, 3),
    "moment": lambda x: stats.moment(x, order=3),
    "sem": lambda x: stats.sem(x),
    "gstd": lambda x: stats.gstd(x),
    "circmean": lambda x: stats.circmean(x),
    "circstd": lambda x: stats.circstd(x),
    "gzscore": lambda x: stats.gzscore(x),
    "zmap": lambda x: stats.zmap(x, x * x),
    "kstat": lambda x: stats.kstat(x),
    "kstatvar": lambda x: stats.kstatvar(x),
    "tvar": lambda x: stats.tvar(x),
    "tsem": lambda x: stats.tsem(x),
    "describe": lambda x: stats.describe(x).variance,
    "trim_mean": lambda x: stats.trim_mean(x, 0.1),
    "quantile": lambda x: stats.quantile(x, 0 * x[:1] + 0.3),
    "lmoment": lambda x: stats.lmoment(x),
    "rankdata": lambda x: stats.rankdata(x) * x,
    "skew along an axis": lambda x: stats.skew(rows(x), axis=1),
    # cluster
    "whiten": lambda x: scipy.cluster.vq.whiten(x.reshape(3, 2)),
    # fft
    "fft": lambda x: fft.fft(x),
    "fft of another length": lambda x: fft.fft(x, 9, norm="ortho"),
    "ifft": lambda x: fft.ifft(x),
    "rfft": lambda x: fft.rfft(x),
    "irfft": lambda x: fft.irfft(x),
    "fftn": lambda x: fft.fftn(rows(x)),
    "rfftn": lambda x: fft.rfftn(rows(x), axes=(0,)),
    "fft2": lambda x: fft.fft2(rows(x)),
    "hfft": lambda x: fft.hfft(x + 0j),
    "fftshift": lambda x: fft.fftshift(x),
    "hilbert": lambda x: signal.hilbert(x),
    "a window": lambda x: signal.get_window("hann", 6) * x,
    # signal
    "fftconvolve": lambda x: signal.fftconvolve(x, constant(x)),
    "fftconvolve of two": lambda x: signal.fftconvolve(x, x * x, mode="same"),
    "oaconvolve": lambda x: signal.oaconvolve(x, constant(x)),
    # spatial
    "rotation by a vector": lambda x: Rotation.from_rotvec(x[:3]).as_matrix(),
    "rotation by quaternions": lambda x: Rotation.from_quat(x[:4]).as_matrix(),
    "a rotated vector": lambda x: Rotation.from_rotvec(x[:3]).apply(x[3:]),
    "two rotations": lambda x: (
        Rotation.from_rotvec(x[:3]) * Rotation.from_rotvec(x[3:])
    ).as_rotvec(),
    "a power of a rotation": lambda x: (Rotation.from_rotvec(x[:3]) ** 2.5).as_quat(),
    "a rotation by its matrix": lambda x: Rotation.from_matrix(
        Rotation.from_rotvec(x[:3]).as_matrix()
    ).as_rotvec(),
    "Rodrigues' parameters": lambda x: Rotation.from_mrp(x[:3]).as_mrp(),
    "an inverse rotation": lambda x: Rotation.from_rotvec(x[:3]).inv().as_quat(),
    "the angle of a rotation": lambda x: Rotation.from_rotvec(x[:3]).magnitude(),
}

MIXED = {
    "variation": lambda x: stats.variation(x),
    "tmean": lambda x: stats.tmean(x),
    "ttest_1samp": lambda x: stats.ttest_1samp(x, 0.1).statistic,
    "pearsonr": lambda x: stats.pearsonr(x[:3], x[3:] ** 2).statistic,
    "xlogy with a plain array": lambda x: special.xlogy(W, x),
    "logsumexp with plain weights": lambda x: special.logsumexp(x, b=W),
    "fftconvolve with a plain array": lambda x: signal.fftconvolve(x, W),
    "entropy of two": lambda x: stats.entropy(x, x * x),
    "iqr": lambda x: stats.iqr(x),
    "differentiate.derivative": lambda x: scipy.differentiate.derivative(lambda t: t**3, x).df,
    "find_minimum": lambda x: (
        optimize.elementwise.find_minimum(
            lambda t, c: (t - c) ** 2, (0 * x - 1, 0 * x, 0 * x + 2), args=(x,)
        ).x
    ),
    "angles of a rotation": lambda x: Rotation.from_quat(x[:4]).as_euler("xyz"),
    "a rotation by angles": lambda x: Rotation.from_euler("xyz", x[:3]).as_quat(),
}
"""SciPy compares the namespaces of all arrays, its own constants among them."""

LOUD = {
    "rosen_der": lambda x: optimize.rosen_der(x),
    "simpson": lambda x: integrate.simpson(x, dx=0.3),
    "cumulative_simpson": lambda x: integrate.cumulative_simpson(x, dx=0.3),
    "find_root": lambda x: (
        optimize.elementwise.find_root(
            lambda t, c: t**3 - c, (0 * x + 0.1, 0 * x + 1.5), args=(x,)
        ).x
    ),
    "tanhsinh": lambda x: integrate.tanhsinh(lambda t: t * t, 0 * x, x).integral,
    "detrend": lambda x: signal.detrend(x, type="constant"),
    "convolve": lambda x: signal.convolve(x, x * x),
    "entropy": lambda x: stats.entropy(x),
    "expectile": lambda x: stats.expectile(x),
    "linalg.inv": lambda x: linalg.inv(x[:4].reshape(2, 2)),
    "linalg.solve": lambda x: linalg.solve(x[:4].reshape(2, 2), x[4:]),
    "linalg.expm": lambda x: linalg.expm(x[:4].reshape(2, 2)),
    "linalg.logm": lambda x: linalg.logm(x[:4].reshape(2, 2)),
    "linalg.cholesky": lambda x: linalg.cholesky(x[:1].reshape(1, 1)),
    "linalg.lu_factor": lambda x: linalg.lu_factor(x[:4].reshape(2, 2))[0],
    "linalg.svd": lambda x: linalg.svd(x[:4].reshape(2, 2))[1],
    "linalg.norm": lambda x: linalg.norm(x),
    "linalg.eigh": lambda x: linalg.eigh(x[:1].reshape(1, 1))[0],
    "linalg.det": lambda x: linalg.det(x[:4].reshape(2, 2)),
    "linalg.solve_sylvester": lambda x: linalg.solve_sylvester(*[x[:1].reshape(1, 1)] * 3),
    "linalg.toeplitz": lambda x: linalg.toeplitz(x),
    "norm.logpdf": lambda x: stats.norm.logpdf(x),
    "norm.cdf": lambda x: stats.norm.cdf(0.5, loc=x),
    "multivariate_normal.logpdf": lambda x: stats.multivariate_normal.logpdf(x, cov=1.0),
    "gaussian_kde": lambda x: stats.gaussian_kde(x)(0.3),
    "CubicSpline": lambda x: interpolated(scipy.interpolate.CubicSpline, GRID, x),
    "CubicSpline at a traced place": lambda x: interpolated(
        scipy.interpolate.CubicSpline, GRID, X, x
    ),
    "interp1d": lambda x: interpolated(scipy.interpolate.interp1d, GRID, x),
    "ndimage.gaussian_filter": lambda x: ndimage.gaussian_filter(x, 1.0),
    "ndimage.convolve": lambda x: ndimage.convolve(x, W[:3]),
    "lfilter": lambda x: signal.lfilter([1.0], [1.0, 0.5], x),
    "savgol_filter": lambda x: signal.savgol_filter(x, 3, 1),
    "minimize": lambda x: optimize.minimize(lambda p: float(np.sum(p**2)), x).x,
    "root": lambda x: optimize.root(lambda p: p * p - 1, x).x,
    "least_squares": lambda x: optimize.least_squares(lambda p: p, x).x,
    "quad": lambda x: integrate.quad(lambda t: x[0] * t, 0, 1)[0],
    "solve_ivp": lambda x: integrate.solve_ivp(lambda t, y: -y, (0, 1), x).y,
    "dct": lambda x: fft.dct(x),
    "pdist": lambda x: scipy.spatial.distance.pdist(x.reshape(3, 2)),
    "special.jv": lambda x: special.jv(1, x),
    "special.gamma": lambda x: special.gamma(x),
    "special.sinc": lambda x: special.sinc(x),
    "special.betaln": lambda x: special.betaln(x, x * x),
    "special.gammainc": lambda x: special.gammainc(x, x * x),
    "special.i0": lambda x: special.i0(x),
    "spearmanr": lambda x: stats.spearmanr(x[:3], x[3:]).statistic,
}


def interpolated(kind, places, values, at=0.3):
    return kind(places, values)(at)


def total(f):
    """Return the program as a real function of x, no derivative of which is special."""

    def value(x):
        y = f(x)
        xp = ud.array_namespace(y)
        return xp.sum(xp.real(y * y)) + xp.sum(xp.sin(xp.real(y)))

    return value


def distance(f):
    """Return how far the gradient is from differences, relative to the largest."""
    g = total(f)
    h, slope = 1e-5, np.empty_like(X)
    for k, e in enumerate(np.eye(len(X))):
        slope[k] = (8 * (g(X + h * e) - g(X - h * e)) - (g(X + 2 * h * e) - g(X - 2 * h * e))) / (
            12 * h
        )
    assert np.any(slope != 0)
    found = ud.grad(g)(X)
    _, dy = ud.jvp(g, (X,), (W,))
    size = np.max(np.abs(slope))
    return float(max(np.max(np.abs(found - slope)), abs(dy - slope @ W)) / size)


VERBS = {
    "grad": lambda f: float(np.sum(ud.grad(total(f))(X))),
    "jvp": lambda f: float(ud.jvp(total(f), (X,), (W,))[1]),
}


def outcome(program):
    try:
        return program()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    found = {name: outcome(lambda f=f: distance(f)) for name, f in WORKS.items()}
    found |= {
        f"{name} by {verb}": outcome(lambda f=f, take=take: take(f))
        for name, f in (LOUD | MIXED).items()
        for verb, take in VERBS.items()
    }
    json.dump(found, sys.stdout)
