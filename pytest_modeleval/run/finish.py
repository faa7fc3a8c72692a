"""The end of a run: the gate's decision and exit status, and the files that were asked for."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.asking.resuming import bless, refuse_changed
from pytest_modeleval.foreign import one_line
from pytest_modeleval.gate.gate import Decision, Exit
from pytest_modeleval.history.past import SHORT
from pytest_modeleval.options.sources import allure_results
from pytest_modeleval.record import COMPLETE, INTERRUPTED
from pytest_modeleval.reports import stored, thoughts
from pytest_modeleval.reports.export import write_json
from pytest_modeleval.reports.gate import test_reports
from pytest_modeleval.reports.junit import tell_suite
from pytest_modeleval.reports.samples import export
from pytest_modeleval.reports.summary import write_summary
from pytest_modeleval.results.finished import FinishedRun, Totals
from pytest_modeleval.sample import StopRun
from pytest_modeleval.store.store import Store

if TYPE_CHECKING:
    from pytest_modeleval.reports.first_screen import FirstScreen
    from pytest_modeleval.run.evaluation import Evaluation


# pytest's exit statuses of a session that went to its end.
ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


def conclude(evaluation: "Evaluation", session: pytest.Session, store: Store, exit_status: int) -> FinishedRun:
    """Tell whether the run is complete, and judge it."""
    # Two Ctrl-C in a row leave the status that a session begins with, also before it knows its items.
    is_known = bool(evaluation.expected.total) or exit_status == pytest.ExitCode.NO_TESTS_COLLECTED
    is_complete = exit_status in ENDED and is_known and not evaluation.expected.left
    decision, blessed = _judge(evaluation, session, store, exit_status, is_complete=is_complete)
    remarks = [*stored.lines(store, evaluation.rules, evaluation.models), *thoughts.lines(store, evaluation.run)]
    remarks += evaluation.gate.left_out if decision else []
    new = store.rows("select 1 from completions where run = ? limit 1", (evaluation.run,))
    kept = evaluation.options.cache.writes and bool(new or evaluation.results.reuse.stored)
    ended, status = COMPLETE if is_complete else INTERRUPTED, int(session.exitstatus)
    return finished(evaluation, ended, status, decision=decision, blessed=blessed, remarks=remarks, kept=kept)


def finished(
    evaluation: "Evaluation",
    ended: str,
    exit_status: int,
    *,
    decision: Decision | None = None,
    blessed: Path | None = None,
    remarks: Sequence[str] = (),
    kept: bool = False,
) -> FinishedRun:
    """The run as it stands."""
    results, expected = evaluation.results, evaluation.expected
    return FinishedRun(
        id=evaluation.run,
        root=evaluation.root,
        folder=evaluation.folder,
        began=evaluation.began,
        options=evaluation.options,
        models=[spec.name for spec in evaluation.models],
        ended=ended,
        exit_status=exit_status,
        selected=expected.total,
        reported=expected.total - expected.left,
        totals=Totals.of(results, evaluation.options.max_error_rate),
        rows=results.rows(),
        tag_rows=results.tag_rows(),
        tags=results.tags,
        collection=evaluation.collector.drawn,
        levels=evaluation.levels.rows(),
        is_gated=evaluation.gate.decides,
        decision=decision,
        regressed=evaluation.gate.regressed,
        blessed=blessed,
        spent=evaluation.spent,
        remarks=remarks,
        kept=kept,
        without_data=evaluation.collector.without_data,
    )


def _judge(
    evaluation: "Evaluation", session: pytest.Session, store: Store, exit_status: int, *, is_complete: bool
) -> tuple[Decision | None, Path | None]:
    """What the gate says, which decides the exit status, and the baseline that was written; None where nothing was.

    A run that was broken off is neither judged nor blessed, and its exit status is not 0, whoever broke it off.
    """
    gate, options, results = evaluation.gate, evaluation.options, evaluation.results
    # A failed test that is no sample stays a failure.
    samples_only = session.testsfailed <= evaluation.failed_samples
    if not is_complete:
        failed_by_samples = exit_status == pytest.ExitCode.TESTS_FAILED and samples_only and evaluation.gate.decides
        if exit_status == pytest.ExitCode.OK or failed_by_samples:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        return None, None
    if exit_status == pytest.ExitCode.NO_TESTS_COLLECTED:
        return None, None
    if evaluation.spent is not None and evaluation.spent.ran_out:
        # What was asked before is no sample of the whole: it is neither judged nor blessed.
        session.exitstatus = int(Exit.BUDGET_SPENT) if samples_only else exit_status
        return None, None
    if results.mostly_errors(options.max_error_rate):
        session.exitstatus = int(Exit.MOSTLY_ERRORS) if samples_only else exit_status
        return None, None
    passes = options.gate_on_inconclusive == "pass"
    blessed = None
    try:
        refuse_changed(store, evaluation.run)
        decision = gate.decide() if gate.is_active else None
        # What fails could otherwise take the place of the baseline that it fails by, and would pass the next time.
        if options.save_baseline and (
            decision is None or decision.exit_status(inconclusive_passes=passes) == Exit.PASSED
        ):
            bless(store, evaluation.run)
            gate.save(options.save_baseline)
            blessed = options.save_baseline
        if decision is None:
            return None, blessed
    except (pytest.UsageError, OSError) as error:
        _fail(session, str(error))
        return None, blessed
    if samples_only:
        session.exitstatus = int(decision.exit_status(inconclusive_passes=passes))
    for reports in test_reports(decision, inconclusive_passes=passes):
        # What the terminal's share of tests is of.
        session.testscollected += 1
        for report in reports:
            session.config.hook.pytest_runtest_logreport(report=report)
    return decision, blessed


def write(run: FinishedRun, session: pytest.Session, store: Store) -> None:
    """Write the files that were asked for; each that cannot be written fails the run in one line of its own."""
    options = run.options
    tell_suite(session.config, [("ended", run.ended), *run.totals.answers.properties])
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


def _write_samples(run: FinishedRun, session: pytest.Session) -> None:
    """Write the files that show every sample."""
    options = run.options
    if path := options.export:
        with _told(session, path):
            _tell_missing(session, path, run.totals.done - export(path, run.folder, run.id))
    allure = allure_results(session.config, options)
    if not (options.html or allure) or _has_loads(session):
        return
    with _told(session, options.html or allure):
        # Only a run with a flag for them pays for reading these.
        from pytest_modeleval.reports import first_screen, run_plots

        screen = first_screen.of_run(run)
        plots = run_plots.of_runs(run.folder, screen)
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
        _fail(session, f"cannot write {what}: {error}")
    except StopRun as error:
        _fail(session, str(error))


def announce(run: FinishedRun, session: pytest.Session) -> None:
    """Hand the run to the conftests' hooks; what one raises fails the run in one line."""
    try:
        session.config.hook.pytest_modeleval_finished(run=run)
    # A report of the user's own must not take pytest's with it.
    except Exception as error:  # noqa: BLE001 - whatever it is
        _fail(session, f"pytest_modeleval_finished: {type(error).__name__}: {one_line(str(error))}")


def _has_loads(session: pytest.Session) -> bool:
    """Whether it is a run of load tests, which have a page and a report of their own (perf/run/hooks.py)."""
    from pytest_modeleval.perf.run.items import is_load

    return any(map(is_load, session.items))


def _tell_missing(session: pytest.Session, path: Path, missing: int) -> None:
    if missing > 0:
        # A worker writes its scores some hundreds at a time.
        _say(session, f"{path} lacks {missing} samples: their worker crashed before it had stored their scores")


def _write_allure(
    run: FinishedRun, session: pytest.Session, results: Path, screen: "FirstScreen", plots: Mapping[str, str]
) -> None:
    """Write Allure's results, and the report that they make."""
    from pytest_modeleval.reports.allure import command, report

    if not session.config.getoption("allure_report_dir", None):
        # The folder is the report's own: another run's results would be retries of this one's.
        shutil.rmtree(results, ignore_errors=True)
    kept = report.write(results, run, screen, plots)
    lines = [f"Allure results in {results}: {kept.said}"]
    if folder := run.options.report:
        name = f"{', '.join(run.models)}, run {run.id[:SHORT]}"
        page = command.generate(command.found(run.root), results, folder, name)
        lines = [f"report in {page}: {kept.said}"]
    for line in lines:
        session.config.get_terminal_writer().line(f"\n{line}")


def _say(session: pytest.Session, what: str) -> None:
    session.config.get_terminal_writer().line(f"\n{what}", red=True)


def _fail(session: pytest.Session, why: str) -> None:
    """Say in one line what went wrong at the end."""
    _say(session, why)
    session.exitstatus = pytest.ExitCode.USAGE_ERROR
