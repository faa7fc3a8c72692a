"""A finished run's files, and what is said when one cannot be written."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_modeleval.foreign import one_line, reason
from pytest_modeleval.history.past import SHORT
from pytest_modeleval.options.parsers import ROWS
from pytest_modeleval.options.sources import WHY, allure_results, handed_outputs
from pytest_modeleval.outputs.endings import SUMMARY, TABLES, writers
from pytest_modeleval.reports.columns import decimal, interval
from pytest_modeleval.reports.junit import tell_suite, tell_unjudged
from pytest_modeleval.reports.track import track
from pytest_modeleval.results.finished import FinishedRun, Writer
from pytest_modeleval.sample import StopRun
from pytest_modeleval.store.store import Store

# What went wrong at the end, a line each.
FAILURES = pytest.StashKey[list[str]]()


def write(run: FinishedRun, session: pytest.Session, store: Store) -> None:
    """Write the files that were asked for, say so, and hand the run to the conftests' hooks.

    Each file that cannot be written fails the run in one line of its own.
    """
    config = session.config
    answers = run.totals.answers.properties if run.is_evaluation else []
    tell_suite(config, [("ended", run.ended), *answers])
    tell_unjudged(run, config)
    known, handed = writers(config.hook), handed_outputs(config)
    # Load tests have no samples: an earlier run's would be gone for nothing.
    paths = [path for path in (*run.options.write, *handed) if run.is_evaluation or path.suffix not in ROWS]
    done = [path for path in paths if path.suffix in TABLES and _wrote(known[path.suffix], path, run, session)]
    with _told(session, "the run store"):
        store.flush()
        # What reads the store would lack what is not in it.
        rest = [path for path in paths if path.suffix not in TABLES]
        done += [path for path in rest if _wrote(known[path.suffix], path, run, session)]
        if path := allure_results(config, run.options):
            with _told(session, path):
                _write_allure(run, session, path)
    if (where := run.options.track) and (run.rows or run.sections):
        with _told(session, where):
            config.get_terminal_writer().line(f"\nlogged to {where} as {track(where, run)}")
    for path in done:
        if path not in handed:
            config.get_terminal_writer().line(f"\nwritten to {path}")
    _announce(run, session)


def tell_refused(run: FinishedRun, session: pytest.Session) -> None:
    """Say where a gate's verdict is looked for why a run asked nothing: an earlier run's would be taken for its own."""
    tell_unjudged(run, session.config)
    for path in run.options.write:
        if path.suffix == SUMMARY and _wrote(writers(session.config.hook)[SUMMARY], path, run, session):
            session.config.get_terminal_writer().line(f"\nwritten to {path}")


def _wrote(writer: Writer, path: Path, run: FinishedRun, session: pytest.Session) -> bool:
    """Write one file, and whether that went well."""
    with _told(session, path):
        shown = writer(path, run)
        if shown is not None:
            _tell_missing(session, path, run.totals.done - shown)
        return True
    return False


@contextlib.contextmanager
def _told(session: pytest.Session, what: Path | str | None) -> Iterator[None]:
    """What cannot be written fails the run in one line, and what is written after it is written."""
    try:
        yield
    except OSError as error:
        fail(session, f"cannot write {what}: {error}")
    except StopRun as error:
        fail(session, str(error))
    # A conftest's writer, or ours over what nobody foresaw: the other files are not to be lost with this one.
    except Exception as error:  # noqa: BLE001 - whatever it is
        fail(session, f"cannot write {what}: {type(error).__name__}: {reason(error)}")


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


def _write_allure(run: FinishedRun, session: pytest.Session, results: Path) -> None:
    """Write Allure's results, and the report that they make."""
    from pytest_modeleval.reports.allure import command, report
    from pytest_modeleval.reports.first_screen import of_run
    from pytest_modeleval.reports.run_plots import plots_of

    config = session.config
    # The report's own folder: another run's results would be retries of this one's. Of load tests it holds theirs.
    if not (config.getoption("allure_report_dir", None) or config.pluginmanager.has_plugin("allure_listener")):
        shutil.rmtree(results, ignore_errors=True)
    screen = of_run(run)
    kept = report.write(results, run, screen, plots_of(run, screen))
    line = f"Allure results in {results}"
    if folder := run.options.report:
        name = f"{', '.join(run.models)}, run {run.id[:SHORT]}"
        # Above all of Allure's own counts.
        name = "; ".join([name, *_headline(run), *([] if kept.is_all else kept.lines)])
        page = command.generate(command.found(run.root), results, folder, name)
        line = f"report in {page}"
    config.get_terminal_writer().line(f"\n{': '.join([line, *kept.lines])}")


def _headline(run: FinishedRun) -> list[str]:
    """The first few scores."""
    whole = [row for row in run.rows if not row.part and row.metric == "main"]
    return [f"{row.benchmark} {decimal(row.score)} {interval(row.low, row.high)}" for row in whole[:3]]


def _say(session: pytest.Session, what: str) -> None:
    session.config.get_terminal_writer().line(f"\n{what}", red=True)


def fail(session: pytest.Session, why: str) -> None:
    """End with exit status 4 for what went wrong at the end, said in one line below the summary, to `evaluate` too."""
    session.config.stash.setdefault(FAILURES, []).append(why)
    if handed := session.config.option.modeleval_handed:
        with Path(handed).with_name(WHY).open("a", encoding="utf-8") as file:
            file.write(f"{one_line(why)}\n")
    session.exitstatus = pytest.ExitCode.USAGE_ERROR
