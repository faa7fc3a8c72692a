"""modeleval diff: two runs, sample by sample."""

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from pytest_modeleval.commands.project import options, past
from pytest_modeleval.history.difference import Difference, difference
from pytest_modeleval.history.past import Past
from pytest_modeleval.options.parsers import written
from pytest_modeleval.options.where import Where
from pytest_modeleval.reports.diff import diff_lines, write_diff


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    for name in ("first", "second"):
        parser.add_argument(name, metavar="RUN", help="a run's id, its beginning, last or last~1")
    parser.add_argument("--all", action="store_true", help="all samples that changed, not the first 20 of a kind")
    parser.add_argument(
        "--write", metavar="FILE", action="append", default=[],
        help="write it to FILE too: .json, or .html, a page for a browser; may be repeated",
    )  # fmt: skip


def lines(asked: argparse.Namespace) -> Sequence[str]:
    """What changed from the first to the second."""
    paths = [written(Where("--write"), name) for name in asked.write]
    for path in paths:
        if path.suffix not in (".json", ".html"):
            raise pytest.UsageError(f"--write takes FILE.json or FILE.html, not {path.name!r}")
    with closing(past()) as runs:
        found = difference(runs, (runs.run(asked.first), runs.run(asked.second)), margin=options().margin)
        for path in paths:
            try:
                _write(path, runs, found)
            except OSError as error:
                raise pytest.UsageError(f"cannot write {path}: {error}") from None
    return [*diff_lines(found, every=asked.all), *(f"written to {path}" for path in paths)]


def _write(path: Path, runs: Past, found: Difference) -> None:
    if path.suffix == ".json":
        write_diff(path, found)
        return
    from pytest_modeleval.reports.first_screen import of_difference
    from pytest_modeleval.reports.page import write_page
    from pytest_modeleval.reports.run_plots import of_runs

    folder, screen = runs.path.parent, of_difference(runs, found)
    write_page(path, folder, screen, of_runs(folder, screen).items())
