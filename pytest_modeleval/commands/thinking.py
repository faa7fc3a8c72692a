"""modeleval thinking: how models used what they thought in stored runs."""

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.commands.project import past, root
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.items.collect import ARENA
from pytest_modeleval.models.spec import read_aliases
from pytest_modeleval.options.config import read_config
from pytest_modeleval.options.parsers import written
from pytest_modeleval.options.where import Where
from pytest_modeleval.reports.columns import titled
from pytest_modeleval.thinking.measured import measured
from pytest_modeleval.thinking.section import Thinking

_ENDINGS = (".html", ".json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("run", metavar="RUN", nargs="+", help="a run's id, its beginning, last or last~1")
    parser.add_argument(
        "--by", metavar="LEVEL", default="",
        help="subset, group, or an axis of the samples (default: group where there are several, else subset)",
    )  # fmt: skip
    parser.add_argument(
        "--write", metavar="FILE", action="append", default=[],
        help="write it to FILE too: .json, or .html, a page for a browser with the plots; may be repeated",
    )  # fmt: skip


def lines(asked: argparse.Namespace) -> Sequence[str]:
    """The measures level by level, models side by side."""
    paths = [written(Where("--write"), name) for name in asked.write]
    for path in paths:
        if path.suffix not in _ENDINGS:
            raise pytest.UsageError(f"--write takes FILE{' or FILE'.join(_ENDINGS)}, not {path.name!r}")
    with closing(past()) as runs:
        named = [runs.run(text) for text in dict.fromkeys(asked.run)]
        _refuse_axis(runs, named, asked.by)
        folder = runs.path.parent
        found = measured(folder, list(dict.fromkeys(named)), (), read_aliases(read_config(root())["models"]), asked.by)
        if not found.levels:
            raise pytest.UsageError(_nothing_measured(runs, named))
        for path in paths:
            try:
                _write(path, runs, named, found)
            except OSError as error:
                raise pytest.UsageError(f"cannot write {path}: {error}") from None
    return [*titled(found.tables()), *found.notes(), *(f"written to {path}" for path in paths)]


def _nothing_measured(runs: Past, named: Sequence[Run]) -> str:
    for run in named:
        if any(each.benchmark.endswith(f" ({ARENA})") for each in runs.attempts(run)):
            return (
                f"run {run.short} is an arena, whose thoughts are not measured: a run of its models without "
                "--eval-arena, which is given their stored answers, has them"
            )
    return f"no answer of run {', '.join(run.short for run in named)} has a thought"


def _refuse_axis(runs: Past, named: Sequence[Run], by: str) -> None:
    """`pytest.UsageError` for a level that no sample of the runs has."""
    if by in ("", "subset", "group"):
        return
    axes = sorted({axis for run in named for axis in runs.axes(run.id)})
    if by not in axes:
        raise pytest.UsageError(f"--by takes {', '.join(['subset', 'group', *axes])}, not {by!r}")


def _write(path: Path, runs: Past, named: Sequence[Run], found: Thinking) -> None:
    if path.suffix == ".json":
        write_whole(path, json.dumps(found.document(), indent=1) + "\n")
        return
    from pytest_modeleval.reports.first_screen import of_stored
    from pytest_modeleval.reports.page import write_page

    screen = of_stored(runs, named, found.tables(), found.notes())
    write_page(path, runs.path.parent, screen, found.plots().items())
