"""The end of an evaluation: the gate's decision and exit status, and the run as a value."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.arena.section import Arena
from pytest_modeleval.asking.resuming import bless, refuse_changed
from pytest_modeleval.gate.gate import Exit, GateDecision
from pytest_modeleval.gate.verdict import Advice
from pytest_modeleval.history.compared import comparisons, told
from pytest_modeleval.history.past import Run
from pytest_modeleval.judging.judged import Calibration
from pytest_modeleval.options.sources import settings_of
from pytest_modeleval.outputs.write import fail
from pytest_modeleval.record import COMPLETE, INTERRUPTED
from pytest_modeleval.reports import calibration, judges, recorded, roles, stored, thoughts
from pytest_modeleval.reports.gate import test_reports
from pytest_modeleval.results.expected import ENDED
from pytest_modeleval.results.finished import FinishedRun, Section, Totals
from pytest_modeleval.results.setup import setup_of
from pytest_modeleval.run.judges import idle_votes, partial_judges, passed_over
from pytest_modeleval.run.labels import calibrated
from pytest_modeleval.run.thinking import judges_of_thoughts, with_thinking
from pytest_modeleval.sample import StopRun
from pytest_modeleval.store.store import Store

if TYPE_CHECKING:
    from pytest_modeleval.run.evaluation import Evaluation


def conclude(evaluation: "Evaluation", session: pytest.Session, store: Store, exit_status: int) -> FinishedRun:
    """Tell whether the run is complete, and judge it."""
    # Two Ctrl-C in a row leave the status that a session begins with, also before it knows its items.
    is_known = bool(evaluation.expected.total) or exit_status == pytest.ExitCode.NO_TESTS_COLLECTED
    is_complete = exit_status in ENDED and is_known and not evaluation.expected.left
    found = _calibrations(evaluation, session, store) if is_complete else []
    decision, blessed = None, None
    if found is not None:
        advice = {(each.model, each.benchmark): Advice(each.why, each.corrected) for each in found}
        decision, blessed = _judge(evaluation, session, store, exit_status, advice, is_complete=is_complete)
    remarks = [
        *stored.lines(store, evaluation.rules, [*evaluation.models, *evaluation.others]),
        *thoughts.lines(store, evaluation.run),
    ]
    remarks += evaluation.gate.left_out if decision else []
    counts, of_thoughts = evaluation.results.counts, judges_of_thoughts(store, evaluation.run)
    # A judge that gave no reply at all was asked too.
    told = {**of_thoughts, **counts.judges}
    others = [spec for spec in evaluation.others if spec.name in counts.roles or spec.name not in told]
    remarks += roles.lines(counts.roles, others, is_sure=is_complete and not evaluation.results.errors)
    remarks += of_thoughts.values()
    panel, battles = evaluation.roles.get("judge", ()), bool(evaluation.battles.pairs)
    # In the order in which they are named, whichever was first.
    used = {judge.name: counts.judges[judge.name] for judge in panel if judge.name in counts.judges}
    remarks += judges.lines(used, counts.split, () if battles else evaluation.results.rows(), battles=battles)
    remarks += passed_over(evaluation.judges) if battles else []
    remarks += idle_votes(panel, counts.judges)
    remarks += calibration.lines(found or (), evaluation.labels.path if evaluation.labels else None)
    remarks += partial_judges(evaluation.models, panel)
    if is_complete and any(spec.way.is_recorded for spec in evaluation.models):
        store.flush()
        remarks += recorded.lines(evaluation.folder, evaluation.run, evaluation.models)
    ((new,),) = store.rows("select count(*) from completions where run = ?", (evaluation.run,))
    kept = new + evaluation.results.reuse.stored if evaluation.options.cache.writes else 0
    ended, status = COMPLETE if is_complete else INTERRUPTED, int(session.exitstatus)
    run = finished(evaluation, ended, status, decision=decision, blessed=blessed, remarks=remarks, kept=kept)
    run = replace(run, calibrations=found or ())
    if evaluation.is_of_loads:
        return run
    return with_thinking(_read_again(run, store), evaluation.models, settings_of(evaluation.config), store)


def _calibrations(evaluation: "Evaluation", session: pytest.Session, store: Store) -> list[Calibration] | None:
    """What people's labels say of the judges; None where they cannot be read, so that nothing is judged by them."""
    # Of battles people's votes are a judge, whose agreement the arena tells.
    if evaluation.is_of_loads or evaluation.battles.pairs:
        return []
    run, rows = Run(evaluation.run, evaluation.began), evaluation.results.rows()
    try:
        return calibrated(store, evaluation.folder, run, evaluation.judges, evaluation.labels, rows)
    except (pytest.UsageError, StopRun) as error:
        evaluation.stopped = str(error)
        fail(session, evaluation.stopped)
        return None


def _read_again(run: FinishedRun, store: Store) -> FinishedRun:
    """The run with what only the store knows of it; without, where that cannot be written: who writes files says so."""
    if len(run.models) < 2 and not run.regressed:
        return run
    with contextlib.suppress(StopRun):
        store.flush()
        pairs = comparisons(run.folder, Run(run.id, run.began), run.models)
        return replace(run, comparisons=pairs, regressed=told(run.folder, run.id, run.regressed))
    return run


def _sections(evaluation: "Evaluation") -> Sequence[Section]:
    """What stands beside the scores."""
    battles, programs = evaluation.battles, evaluation.programs
    arena = [Arena(battles.standings())] if battles.has_some else []
    return [*arena, programs] if programs.tools or programs.lacking else arena


def finished(
    evaluation: "Evaluation",
    ended: str,
    exit_status: int,
    *,
    decision: GateDecision | None = None,
    blessed: Path | None = None,
    remarks: Sequence[str] = (),
    kept: int = 0,
) -> FinishedRun:
    """The run as it stands."""
    results, expected = evaluation.results, evaluation.expected
    battles = evaluation.battles
    # Of battles the section tells, by model; a row would be of two.
    has_rows = not battles.pairs
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
        stopped=evaluation.stopped,
        totals=Totals.of(results, evaluation.options.max_error_rate),
        rows=results.rows() if has_rows else (),
        subset_rows=results.subset_rows() if has_rows else (),
        axis_rows=results.axis_rows() if has_rows else (),
        tag_rows=results.tag_rows() if has_rows else (),
        tags=results.tags,
        sections=_sections(evaluation),
        collection=evaluation.collector.drawn,
        levels=evaluation.levels.rows(),
        is_gated=evaluation.gate.decides,
        decision=decision,
        regressed=evaluation.gate.regressed,
        baseline_run=evaluation.gate.baseline.run if evaluation.gate.baseline else "",
        blessed=blessed,
        spent=evaluation.spent,
        remarks=remarks,
        kept=kept,
        reasons=results.reasons,
        without_data=evaluation.collector.without_data,
        without_judge=evaluation.collector.without_judge,
        without_modules=evaluation.collector.without_modules,
        setup=setup_of(
            evaluation.config,
            evaluation.models,
            evaluation.options,
            evaluation.collector.lock,
            {name.partition(" (")[0] for name in results.benchmarks},
            evaluation.hashes,
        ),
    )


def _cut_short(evaluation: "Evaluation") -> Exit | None:
    """Why what was scored is no sample of the whole, so that it is neither judged nor blessed; None where it is."""
    if evaluation.spent is not None and evaluation.spent.ran_out:
        return Exit.BUDGET_SPENT
    is_mostly_errors = evaluation.results.mostly_errors(evaluation.options.max_error_rate)
    return Exit.MOSTLY_ERRORS if is_mostly_errors else None


def _judge(
    evaluation: "Evaluation",
    session: pytest.Session,
    store: Store,
    exit_status: int,
    advice: Mapping[tuple[str, str], Advice],
    *,
    is_complete: bool,
) -> tuple[GateDecision | None, Path | None]:
    """What the gate says, which decides the exit status, and the baseline that was written; None where nothing was.

    A run that was broken off is neither judged nor blessed, and its exit status is not 0, whoever broke it off.
    """
    if evaluation.is_of_loads:
        # They judge themselves.
        return None, None
    gate, options = evaluation.gate, evaluation.options
    # A failed test that is no sample stays a failure.
    samples_only = session.testsfailed <= evaluation.failed_samples
    if not is_complete:
        failed_by_samples = exit_status == pytest.ExitCode.TESTS_FAILED and samples_only and gate.decides
        if exit_status == pytest.ExitCode.OK or failed_by_samples:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        return None, None
    if exit_status == pytest.ExitCode.NO_TESTS_COLLECTED:
        return None, None
    if (cut := _cut_short(evaluation)) is not None:
        session.exitstatus = int(cut) if samples_only else exit_status
        return None, None
    passes = options.gate_on_inconclusive == "pass"
    blessed = None
    try:
        refuse_changed(store, evaluation.run)
        decision = gate.decide(advice) if gate.is_active else None
        # What fails could otherwise take the place of the baseline that it fails by, and would pass the next time.
        if options.save_baseline and (
            decision is None or decision.exit_status(inconclusive_passes=passes) == Exit.PASSED
        ):
            bless(store, evaluation.run)
            gate.save(options.save_baseline, evaluation.run)
            blessed = options.save_baseline
        if decision is None:
            return None, blessed
    except (pytest.UsageError, OSError) as error:
        evaluation.stopped = str(error)
        fail(session, evaluation.stopped)
        return None, blessed
    if samples_only:
        session.exitstatus = int(decision.exit_status(inconclusive_passes=passes))
    for reports in test_reports(decision, inconclusive_passes=passes):
        # What the terminal's share of tests is of.
        session.testscollected += 1
        for report in reports:
            session.config.hook.pytest_runtest_logreport(report=report)
    return decision, blessed
