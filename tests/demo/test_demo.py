"""The sunspot demo: its numbers, on every backend, and its command line.

References: `STATSMODELS` are the log-likelihood and, by complex steps of 1e-30, its gradient at
`START` from `KalmanFilter` of statsmodels 0.15 with the same matrices, `initialize_known` and
`tolerance=0`. The others are from mpmath with 60 digits: the same filter with the stationary
covariance in closed form, differences of step 1e-12, and four steps of Newton's method; they agree
with statsmodels to the digits that it has.
"""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import unidiff as ud
from unidiff.__main__ import main
from unidiff.demo import Fit, fit
from unidiff.demo._data import sunspots
from unidiff.demo._fit import START
from unidiff.demo._jax import double_precision
from unidiff.demo._model import log_likelihood

STATSMODELS = -1326.3211411538452
STATSMODELS_GRADIENT = (
    8.568162351903267,
    -11.775312759972376,
    58.967677246503385,
    28.450818985492738,
    -0.04477326443910891,
)
MAXIMUM = -1304.4839946807028
MAXIMIZER = (
    -0.50543931911643081,
    -1.1926359034278226,
    5.8608471496384969,
    3.4541745335039090,
    49.704013919196750,
)
STANDARD_ERRORS = (
    0.039639744993461678,
    0.20800368685804302,
    0.17886273496798276,
    0.20377861097311179,
    2.9480267271777136,
)
QUANTITIES = (10.4157218971331, 6.5915141306875, 18.7355647296275, 5.62424809272988, MAXIMIZER[4])


class Run(NamedTuple):
    """What one call of the command did."""

    backend: str
    code: int
    text: str
    picture: Path
    fit: Fit


@pytest.fixture(scope="module", params=["numpy", "jax", "torch"])
def run(request, tmp_path_factory):
    """The command, once on each backend that is installed."""
    pytest.importorskip(request.param)
    picture = tmp_path_factory.mktemp("demo") / "sunspots.png"
    fits = []

    def remembered(backend):
        fits.append(fit(backend))
        return fits[0]

    arguments = ["demo", "--backend", request.param, "--plot", str(picture)]
    with redirect_stdout(StringIO()) as output, pytest.MonkeyPatch.context() as patch:
        patch.setattr("unidiff.demo.fit", remembered)
        code = main(arguments)
    return Run(request.param, code, output.getvalue(), picture, fits[0])


@pytest.fixture(scope="module")
def found(run):
    """The fit that the command made."""
    return run.fit


def test_the_data_are_complete():
    years, numbers = sunspots()

    assert np.array_equal(years, np.arange(1700, 2009))
    assert (numbers[0], numbers[257], numbers[-1]) == (5.0, 190.2, 2.9)


def test_the_log_likelihood_of_plain_arrays_is_that_of_statsmodels():
    value = log_likelihood(np.array(START), sunspots()[1])

    assert value == pytest.approx(STATSMODELS, abs=1e-9)


def test_the_gradient_at_the_start_is_that_of_statsmodels(found):
    assert found.start.log_likelihood == pytest.approx(STATSMODELS, abs=1e-9)
    np.testing.assert_allclose(found.start.gradient, STATSMODELS_GRADIENT, rtol=1e-10)
    assert found.gradient_error < 1e-8


def test_the_maximum_is_reached(found):
    assert found.maximum.log_likelihood == pytest.approx(MAXIMUM, abs=1e-9)
    np.testing.assert_allclose(found.maximum.theta, MAXIMIZER, atol=1e-7)
    assert np.max(np.abs(found.maximum.gradient)) < 1e-7


def test_errors_and_physical_quantities(found):
    errors = np.sqrt(np.diag(found.covariance))
    slopes = np.array([1, 1, 0.5, 0.5, 1])  # of the logarithms of the quantities by theta
    scale = np.array([*QUANTITIES[:4], 1])

    np.testing.assert_allclose(errors, STANDARD_ERRORS, rtol=1e-5)
    np.testing.assert_allclose(found.quantities, QUANTITIES, rtol=1e-7)
    np.testing.assert_allclose(found.standard_errors, slopes * scale * STANDARD_ERRORS, rtol=1e-5)


def test_the_filtered_signal_lies_between_the_observation_and_its_prediction(found):
    r = np.exp(found.maximum.theta[3])
    misses = np.abs(found.numbers - found.signal) / np.sqrt(found.signal_variance)

    assert np.all((found.signal_variance > 0) & (found.signal_variance < r))
    assert np.max(misses) < 2


def test_the_command_prints_the_figures(run):
    assert run.code == 0
    for figure in ("-1326.3211411538", "-1304.4839946807", "10.416", "58.967677", run.backend):
        assert figure in run.text


def test_the_command_draws_the_plot(run):
    assert run.picture.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def single_precision():
    """JAX as it is without its switch."""
    jax = pytest.importorskip("jax")
    before = jax.config.read("jax_enable_x64")
    jax.config.update("jax_enable_x64", False)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.mark.usefixtures("single_precision")
def test_double_precision_lasts_as_long_as_the_command():
    from jax.numpy import ones

    with double_precision("jax"):
        assert ones(1).dtype == "float64"
    assert ones(1).dtype == "float32"


@pytest.mark.usefixtures("single_precision")
def test_the_fit_refuses_single_precision():
    with pytest.raises(ud.PrecisionError, match="jax_enable_x64"):
        fit("jax")


def test_an_unknown_backend_is_named(capsys):
    code = main(["demo", "--backend", "nonesuch"])
    text = capsys.readouterr().err

    assert code == 2
    assert "nonesuch" in text
    assert "Traceback" not in text


def test_a_picture_of_unknown_format_is_refused(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["demo", "--plot", "sunspots.xyz"])

    assert caught.value.code == 2
    assert "sunspots.xyz" in capsys.readouterr().err
