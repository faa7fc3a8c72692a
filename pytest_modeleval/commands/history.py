"""modeleval history: every run of a sample such as gsm8k[main-00042], or the flakiest samples of gsm8k."""

import argparse
from collections.abc import Sequence
from contextlib import closing

from pytest_modeleval.commands.project import past
from pytest_modeleval.reports.history import history


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("name", metavar="NAME", help="a benchmark, or a sample as pytest shows it")
    parser.add_argument("--all", action="store_true", help="all samples that changed, not the first 20")


def lines(asked: argparse.Namespace) -> Sequence[str]:
    """What happened to it."""
    with closing(past()) as runs:
        return history(runs, asked.name, every=asked.all)
