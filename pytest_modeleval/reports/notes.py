"""What is said of a whole run in a line each, in every report."""

from collections.abc import Iterator

from pytest_modeleval.foreign import harmless
from pytest_modeleval.reports import budget, collection
from pytest_modeleval.results.finished import Comparison, FinishedRun


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


def compared(found: Comparison) -> str:
    """Two models on a benchmark, by the samples that both scored."""
    first, second = map(harmless, found.models)
    change = f"{found.change * 100:+.1f} pp"
    if found.low is not None and found.high is not None:
        change = f"{change} [{found.low * 100:+.1f}, {found.high * 100:+.1f}]"
    better = f"{found.second_better:,} better and {found.first_better:,} worse of {found.samples:,}"
    return f"{found.benchmark}: {second} less {first} {change}, {better}"


def not_run(run: FinishedRun) -> Iterator[str]:
    """What is here or in the collection, and was not asked."""
    if run.without_data:
        yield f"not run, because they have no data: {', '.join(run.without_data)}"
    if run.without_judge:
        yield f"not run, because they need a judge: {', '.join(run.without_judge)}"
    if run.collection is not None:
        yield from collection.not_run(run.collection)


def _blessed(run: FinishedRun) -> Iterator[str]:
    if run.blessed:
        yield f"baseline saved: {run.blessed}"
    elif run.options.save_baseline and run.decision:
        yield "no baseline saved: the gate did not pass"


def not_judged(run: FinishedRun) -> list[str]:
    """Why a gate that was asked for has nothing to say; empty where it has, and where there is none."""
    if not run.is_gated or run.decision is not None or (run.options.save_baseline and run.blessed):
        return []
    return [line for line in (run.stopped, *broken_off(run)) if line]


def broken_off(run: FinishedRun) -> Iterator[str]:
    """Why nothing was judged, and how to go on; nothing of a run that came to its end."""
    totals = run.totals
    if run.is_interrupted and (run.selected or run.kept):
        # Workers ask before they have told how many there are.
        of = f"{run.reported:,} of {run.selected:,} selected tests were" if run.selected else "no test was"
        why = f"interrupted: {of} reported"
    elif run.spent is not None and run.spent.ran_out:
        why = "the budget ran out"
    elif totals.mostly_errors:
        asked = totals.done - totals.unscored
        why = f"{totals.errors:,} of {asked:,} samples are errors, which is most of them"
    else:
        return
    yield why + ("; no gate was judged and no baseline saved" if run.is_gated else "")
    if run.is_interrupted and (run.reported < run.selected or not run.selected) and run.kept:
        same = ", where the same model answers" if run.is_gated else ""
        left = f", {run.selected - run.reported:,} tests left" if run.selected else ""
        yield f"{run.kept:,} answers kept{left}; the same command goes on{same}"
