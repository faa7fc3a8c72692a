"""What is answered out of the run store, without a model and without a run."""

from collections.abc import Sequence
from contextlib import closing

import pytest

from pytest_modeleval.history.difference import difference
from pytest_modeleval.history.past import Past
from pytest_modeleval.options.config import project_root
from pytest_modeleval.options.sources import read_options
from pytest_modeleval.reports.diff import diff_lines, write_diff
from pytest_modeleval.reports.history import history


def answer(config: pytest.Config) -> int:
    """Print what --eval-history and --eval-diff ask for; the exit status."""
    every = config.option.verbose > 0
    with closing(Past(project_root(config.invocation_params.dir) / ".modeleval")) as past:
        if config.option.modeleval_history is not None:
            print("\n".join(history(past, config.option.modeleval_history, every=every)))
        if config.option.modeleval_diff is not None:
            print("\n".join(_diff(config, past, config.option.modeleval_diff, every=every)))
    return int(pytest.ExitCode.OK)


def _diff(config: pytest.Config, past: Past, runs: Sequence[str], *, every: bool) -> list[str]:
    options = read_options(config)
    first, second = (past.run(text) for text in runs)
    found = difference(past, (first, second), margin=options.margin)
    # Those in the project's settings are for what a run writes.
    given = config.option
    try:
        if given.modeleval_json and (path := options.json):
            write_diff(path, found)
        if given.modeleval_html and (path := options.html):
            from pytest_modeleval.reports.first_screen import of_difference
            from pytest_modeleval.reports.page import write_page
            from pytest_modeleval.reports.run_plots import of_runs

            folder, screen = past.path.parent, of_difference(past, found)
            write_page(path, folder, screen, of_runs(folder, screen).items())
    except OSError as error:
        raise pytest.UsageError(f"cannot write {path}: {error}") from None
    return diff_lines(found, every=every)
