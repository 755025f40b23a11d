"""The command line: `python -m unidiff demo`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from unidiff import backend


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a command and return its exit code.

    0: done. 1: a file cannot be written. 2: the command line is wrong, or something it asks for,
    such as a backend, is not installed (argparse itself raises SystemExit(2)).
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except ImportError as error:
        return _failed(options, error, 2)
    except OSError as error:
        return _failed(options, error, 1)
    return 0


def _failed(options: argparse.Namespace, error: Exception, code: int) -> int:
    print(f"unidiff {options.command}: error: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m unidiff", description="Derivatives of array code.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    demo = commands.add_parser(
        "demo",
        help="fit a stochastic oscillator to 309 years of sunspots",
        description="Fit a stochastic oscillator to the annual sunspot numbers 1700-2008 by "
        "maximum likelihood, with the derivatives of a Kalman filter by unidiff.",
    )
    demo.add_argument(
        "--backend",
        default="numpy",
        metavar="NAME",
        help="numpy (the default), jax, torch, or another installed one",
    )
    demo.add_argument(
        "--plot", type=_picture, metavar="FILE", help="draw the fit: FILE.png, .pdf or .svg"
    )
    demo.set_defaults(run=_demo)
    return parser


def _picture(path: str) -> str:
    if not path.endswith((".png", ".pdf", ".svg")):
        msg = f"{path!r} does not end in .png, .pdf or .svg"
        raise argparse.ArgumentTypeError(msg)
    return path


def _demo(options: argparse.Namespace) -> None:
    from rich.console import Console

    from unidiff.demo import fit
    from unidiff.demo._jax import double_precision
    from unidiff.demo._report import report

    if options.plot:
        from unidiff.demo._plot import plot
    backend(options.backend)
    with double_precision(options.backend):
        found = fit(options.backend)
    console = Console()
    report(found, console)
    if options.plot:
        plot(found, options.plot)
        console.print(f"plot: {options.plot}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
