"""The end of a run: the gate's judgement and exit status, and the files that were asked for."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.gate.judge import Exit, Judgement
from pytest_modeleval.history.past import SHORT
from pytest_modeleval.options import allure_results
from pytest_modeleval.reports import budget, stored, thoughts
from pytest_modeleval.reports.collection import document
from pytest_modeleval.reports.export import write_json
from pytest_modeleval.reports.gate import test_reports
from pytest_modeleval.reports.junit import tell_suite
from pytest_modeleval.reports.notes import notes
from pytest_modeleval.reports.samples import export
from pytest_modeleval.reports.summary import write_summary
from pytest_modeleval.results import COMPLETE, INTERRUPTED
from pytest_modeleval.resuming import bless, refuse_changed
from pytest_modeleval.sample import StopRun
from pytest_modeleval.store import Store

if TYPE_CHECKING:
    from pytest_modeleval.evaluation import Evaluation
    from pytest_modeleval.reports.first_screen import FirstScreen


# pytest's exit statuses of a session that went to its end.
ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


def conclude(evaluation: "Evaluation", session: pytest.Session, store: Store, exit_status: int) -> None:
    """Tell whether the run is complete, judge it, and write what was asked for."""
    if exit_status in ENDED and not evaluation.expected.left:
        evaluation.ended = COMPLETE
    evaluation.judgement = _judge(evaluation, session, store, exit_status)
    new = store.rows("select 1 from completions where run = ? limit 1", (evaluation.run,))
    evaluation.kept = evaluation.options.cache.writes and bool(new or evaluation.results.reuse.stored)
    evaluation.remarks = [
        *stored.lines(store, evaluation.rules, evaluation.models),
        *thoughts.lines(store, evaluation.run),
    ]
    _write(evaluation, session, store)


def _judge(evaluation: "Evaluation", session: pytest.Session, store: Store, exit_status: int) -> Judgement | None:
    """What the gate says, which decides the exit status; None without a gate or where nothing can be judged.

    A run that was broken off is neither judged nor blessed, and its exit status is not 0, whoever broke it off.
    """
    gate, options, results = evaluation.gate, evaluation.options, evaluation.results
    # A failed test that is no sample stays a failure.
    samples_only = session.testsfailed <= results.wrong + results.errors
    if evaluation.ended == INTERRUPTED:
        failed_by_samples = exit_status == pytest.ExitCode.TESTS_FAILED and samples_only and evaluation.gate.judges
        if exit_status == pytest.ExitCode.OK or failed_by_samples:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        return None
    if exit_status == pytest.ExitCode.NO_TESTS_COLLECTED:
        return None
    if evaluation.spent is not None and evaluation.spent.ran_out:
        # What was asked before is no sample of the whole: it is neither judged nor blessed.
        session.exitstatus = int(Exit.BUDGET_SPENT) if samples_only else exit_status
        return None
    if results.mostly_errors(options.max_error_rate):
        session.exitstatus = int(Exit.MOSTLY_ERRORS) if samples_only else exit_status
        return None
    passes = options.gate_on_inconclusive == "pass"
    try:
        refuse_changed(store, evaluation.run)
        judgement = gate.judge() if gate.is_active else None
        # What fails could otherwise take the place of the baseline that it fails by, and would pass the next time.
        if options.save_baseline and (
            judgement is None or judgement.exit_status(inconclusive_passes=passes) == Exit.PASSED
        ):
            bless(store, evaluation.run)
            gate.save(options.save_baseline)
            evaluation.blessed = options.save_baseline
        if judgement is None:
            return None
    except (pytest.UsageError, OSError) as error:
        _fail(session, str(error))
        return None
    if samples_only:
        session.exitstatus = int(judgement.exit_status(inconclusive_passes=passes))
    for reports in test_reports(judgement, inconclusive_passes=passes):
        # What the terminal's share of tests is of.
        session.testscollected += 1
        for report in reports:
            session.config.hook.pytest_runtest_logreport(report=report)
    return judgement


def _write(evaluation: "Evaluation", session: pytest.Session, store: Store) -> None:
    """Write the files that were asked for; one that cannot be written fails the run in one line."""
    options, drawn, rows = evaluation.options, evaluation.collector.drawn, evaluation.results.rows()
    tell_suite(session.config, [("ended", evaluation.ended), *evaluation.results.reuse.properties])
    try:
        if path := options.json:
            answers = asdict(evaluation.results.reuse)
            run = {"id": evaluation.run, "exit_status": int(session.exitstatus)}
            run |= {"ended": evaluation.ended, "answers": answers}
            if evaluation.spent is not None:
                run["budget"] = budget.document(evaluation.spent)
            write_json(path, rows, run, collection=document(drawn, evaluation.levels.rows()) if drawn else None)
        if path := options.summary:
            write_summary(path, rows, evaluation.judgement, notes(evaluation))
        if path := options.export:
            store.flush()
            _tell_missing(session, path, evaluation.results.done - export(path, evaluation.folder, evaluation.run))
        allure = allure_results(session.config, options)
        if (path := options.html or allure) and not _has_loads(session):
            # Only a run with a flag for them pays for reading these.
            from pytest_modeleval.reports import first_screen, run_plots

            store.flush()
            screen = first_screen.of_run(evaluation, int(session.exitstatus))
            plots = run_plots.of_runs(evaluation.folder, screen)
            if path := options.html:
                from pytest_modeleval.reports.page import write_page

                written = write_page(path, evaluation.folder, screen, plots.items())
                _tell_missing(session, path, evaluation.results.done - written)
            if path := allure:
                _write_allure(evaluation, session, path, screen, plots)
    except OSError as error:
        _fail(session, f"cannot write {path}: {error}")
    except StopRun as error:
        _fail(session, str(error))


def _has_loads(session: pytest.Session) -> bool:
    """Whether it is a run of load tests, which have a page and a report of their own (perf/hooks.py)."""
    from pytest_modeleval.perf.items import is_load

    return any(map(is_load, session.items))


def _tell_missing(session: pytest.Session, path: Path, missing: int) -> None:
    if missing > 0:
        # A worker writes its scores some hundreds at a time.
        _say(session, f"{path} lacks {missing} samples: their worker crashed before it had stored their scores")


def _write_allure(
    evaluation: "Evaluation", session: pytest.Session, results: Path, screen: "FirstScreen", plots: Mapping[str, str]
) -> None:
    """Write Allure's results, and the report that they make."""
    from pytest_modeleval.reports.allure import command, report

    if not session.config.getoption("allure_report_dir", None):
        # The folder is the report's own: another run's results would be retries of this one's.
        shutil.rmtree(results, ignore_errors=True)
    kept = report.write(results, evaluation, screen, plots)
    lines = [f"Allure results in {results}: {kept.said}"]
    if folder := evaluation.options.report:
        name = f"{', '.join(spec.name for spec in evaluation.models)}, run {evaluation.run[:SHORT]}"
        page = command.generate(command.found(evaluation.root), results, folder, name)
        lines = [f"report in {page}: {kept.said}"]
    for line in lines:
        session.config.get_terminal_writer().line(f"\n{line}")


def _say(session: pytest.Session, what: str) -> None:
    session.config.get_terminal_writer().line(f"\n{what}", red=True)


def _fail(session: pytest.Session, why: str) -> None:
    """Say in one line what went wrong at the end."""
    _say(session, why)
    session.exitstatus = pytest.ExitCode.USAGE_ERROR
