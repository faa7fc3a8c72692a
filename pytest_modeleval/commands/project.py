"""The project of the current folder: its settings, its runs, where its data are."""

from pathlib import Path

import pytest

from pytest_modeleval.datasets import Place
from pytest_modeleval.history.past import Past
from pytest_modeleval.options.config import project_root
from pytest_modeleval.options.options import FLAGS, Options
from pytest_modeleval.options.sources import options_in
from pytest_modeleval.perf.options.options import FLAGS as PERF_FLAGS


def root() -> Path:
    """The nearest folder with a config file."""
    return project_root(Path.cwd())


def options() -> Options:
    """What [run] and [gate] say."""
    keys = {flag.key for flag in (*FLAGS, *PERF_FLAGS)}
    return options_in(root(), keys)


def past() -> Past:
    """The runs that are kept; `pytest.UsageError` where none are."""
    return Past(root() / ".modeleval")


def place(benchmark: str, settings: Options, data: Path | None = None) -> Place:
    """Where a benchmark's data may be, without a hub: in ``data``, or in the folder of the settings."""
    above = data or settings.data
    folder = above / benchmark if above else None
    lock = root() / ".modeleval" / "datasets.json"
    return Place(benchmark, folder, lock, settings.hub, offline=True, chosen=False)


def refuse_written(path: Path) -> None:
    """`pytest.UsageError` for a file that is there: somebody's labels, or a page that somebody is at."""
    if path.exists():
        raise pytest.UsageError(f"{path} is there already: name another file by --write, or move it away")
