"""What is said of a whole run in a line each, in every report."""

from collections.abc import Iterator

from pytest_modeleval.reports import budget
from pytest_modeleval.results.finished import FinishedRun


def notes(run: FinishedRun) -> list[str]:
    """How many answers are new, which stored ones served or would have, what was spent, what was judged or blessed."""
    answers = run.totals.answers.said(run.began)
    return [
        *([f"answers: {answers}"] if answers else []),
        *run.remarks,
        *([budget.line(run.spent)] if run.spent else []),
        *broken_off(run),
        *_blessed(run),
        *(note for section in run.sections for note in section.notes()),
    ]


def _blessed(run: FinishedRun) -> Iterator[str]:
    if run.blessed:
        yield f"baseline saved: {run.blessed}"
    elif run.options.save_baseline and run.decision:
        yield "no baseline saved: the gate did not pass"


def broken_off(run: FinishedRun) -> Iterator[str]:
    """Why nothing was judged, and how to go on; nothing of a run that came to its end."""
    totals = run.totals
    if run.is_interrupted and run.selected:
        why = f"interrupted: {run.reported:,} of {run.selected:,} selected tests were reported"
    elif run.spent is not None and run.spent.ran_out:
        why = "the budget ran out"
    elif totals.mostly_errors:
        asked = totals.right + totals.wrong + totals.errors
        why = f"{totals.errors:,} of {asked:,} samples are errors, which is most of them"
    else:
        return
    yield why + ("; no gate was judged and no baseline saved" if run.is_gated else "")
    if run.is_interrupted and run.reported < run.selected and run.kept:
        same = ", where the same model answers" if run.is_gated else ""
        left = run.selected - run.reported
        yield f"{run.kept:,} answers kept, {left:,} tests left; the same command goes on{same}"
