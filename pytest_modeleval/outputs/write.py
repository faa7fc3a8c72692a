"""A finished run's files, and what is said when one cannot be written."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.foreign import one_line
from pytest_modeleval.history.past import SHORT
from pytest_modeleval.options.sources import allure_results
from pytest_modeleval.reports.export import write_json
from pytest_modeleval.reports.junit import tell_suite
from pytest_modeleval.reports.samples import export
from pytest_modeleval.reports.summary import write_summary
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.sample import StopRun
from pytest_modeleval.store.store import Store

if TYPE_CHECKING:
    from pytest_modeleval.reports.first_screen import FirstScreen


def write(run: FinishedRun, session: pytest.Session, store: Store) -> None:
    """Write the files that were asked for, and hand the run to the conftests' hooks.

    Each file that cannot be written fails the run in one line of its own.
    """
    options = run.options
    answers = [] if run.sections else run.totals.answers.properties
    tell_suite(session.config, [("ended", run.ended), *answers])
    if options.json:
        with _told(session, options.json):
            write_json(options.json, run)
    if options.summary:
        with _told(session, options.summary):
            write_summary(options.summary, run)
    with _told(session, "the run store"):
        store.flush()
        # What reads the store would lack what is not in it.
        _write_samples(run, session)
    _announce(run, session)


def _write_samples(run: FinishedRun, session: pytest.Session) -> None:
    """Write the files that show every sample."""
    options = run.options
    # Load tests have none: an earlier run's would be gone for nothing.
    if (path := options.export) and not run.sections:
        with _told(session, path):
            _tell_missing(session, path, run.totals.done - export(path, run.folder, run.id))
    allure = allure_results(session.config, options)
    if not (options.html or allure):
        return
    with _told(session, options.html or allure):
        # Only a run with a flag for them pays for reading these.
        from pytest_modeleval.reports import first_screen, run_plots

        screen = first_screen.of_run(run)
        plots = run_plots.of_runs(run.folder, screen)
        for section in run.sections:
            plots |= section.plots()
        if path := options.html:
            from pytest_modeleval.reports.page import write_page

            with _told(session, path):
                _tell_missing(session, path, run.totals.done - write_page(path, run.folder, screen, plots.items()))
        if path := allure:
            with _told(session, path):
                _write_allure(run, session, path, screen, plots)


@contextlib.contextmanager
def _told(session: pytest.Session, what: Path | str | None) -> Iterator[None]:
    """What cannot be written fails the run in one line, and what is written after it is written."""
    try:
        yield
    except OSError as error:
        fail(session, f"cannot write {what}: {error}")
    except StopRun as error:
        fail(session, str(error))


def _announce(run: FinishedRun, session: pytest.Session) -> None:
    """Hand the run to the conftests' hooks; what one raises fails the run in one line."""
    try:
        session.config.hook.pytest_modeleval_finished(run=run)
    # A report of the user's own must not take pytest's with it.
    except Exception as error:  # noqa: BLE001 - whatever it is
        fail(session, f"pytest_modeleval_finished: {type(error).__name__}: {one_line(str(error))}")


def _tell_missing(session: pytest.Session, path: Path, missing: int) -> None:
    if missing > 0:
        # A worker writes its scores some hundreds at a time.
        _say(session, f"{path} lacks {missing} samples: their worker crashed before it had stored their scores")


def _write_allure(
    run: FinishedRun, session: pytest.Session, results: Path, screen: "FirstScreen", plots: Mapping[str, str]
) -> None:
    """Write Allure's results, and the report that they make."""
    from pytest_modeleval.reports.allure import command, report

    config = session.config
    # The report's own folder: another run's results would be retries of this one's. Of load tests it holds theirs.
    if not (config.getoption("allure_report_dir", None) or config.pluginmanager.has_plugin("allure_listener")):
        shutil.rmtree(results, ignore_errors=True)
    kept = report.write(results, run, screen, plots)
    line = f"Allure results in {results}"
    if folder := run.options.report:
        name = f"{', '.join(run.models)}, run {run.id[:SHORT]}"
        page = command.generate(command.found(run.root), results, folder, name)
        line = f"report in {page}"
    config.get_terminal_writer().line(f"\n{': '.join([line, *kept.lines])}")


def _say(session: pytest.Session, what: str) -> None:
    session.config.get_terminal_writer().line(f"\n{what}", red=True)


def fail(session: pytest.Session, why: str) -> None:
    """Say in one line what went wrong at the end."""
    _say(session, why)
    session.exitstatus = pytest.ExitCode.USAGE_ERROR
