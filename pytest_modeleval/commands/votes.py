"""modeleval votes: a page on which people vote on a run's battles, blind."""

import argparse
from collections.abc import Iterator
from contextlib import closing

import pytest

from pytest_modeleval.commands.project import past, refuse_written
from pytest_modeleval.history.past import SHORT
from pytest_modeleval.options.parsers import at_least, whole, written
from pytest_modeleval.options.where import Where


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("run", metavar="RUN", help="a run of --eval-arena: its id, its beginning, last or last~1")
    parser.add_argument("--sample", metavar="N", default="100", help="battles to vote on, drawn by the seed (100)")
    parser.add_argument("--seed", metavar="N", default="0", help="seed of the draw and of the answers' order (0)")
    parser.add_argument("--write", metavar="FILE", help="the page (default: votes-RUN.html)")


def lines(asked: argparse.Namespace) -> Iterator[str]:
    """Where the page is, and how its votes become a judge's."""
    from pytest_modeleval.arena.voting import write_votes_page

    most, seed = at_least(1)(Where("--sample"), asked.sample), whole(Where("--seed"), asked.seed)
    with closing(past()) as runs:
        run = runs.run(asked.run)
        path = written(Where("--write"), asked.write or f"votes-{run.id[:SHORT]}.html")
        if path.suffix != ".html":
            raise pytest.UsageError(f"--write takes FILE.html, not {path.name!r}")
        refuse_written(path)
        try:
            drawn, total = write_votes_page(path, runs, run, most, seed)
        except OSError as error:
            raise pytest.UsageError(f"cannot write {path}: {error}") from None
    yield f"{drawn:,} of {total:,} battles of run {run.short} in {path}"
    yield "its votes are one more judge of the same answers: pytest … --eval-arena --model judge=votes:FILE"
