"""What is said of a whole run in a line each, in every report."""

from collections.abc import Collection, Iterator

from pytest_modeleval.foreign import harmless
from pytest_modeleval.reports import budget, collection
from pytest_modeleval.reports.columns import counted
from pytest_modeleval.results.finished import Comparison, FinishedRun

# So many reasons of a benchmark are told.
_REASONS = 3


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
        *_unscored(run),
        *(f"{benchmark}: no {metric}, {harmless(why)}" for (benchmark, metric), why in run.lacking.items()),
    ]


def _unscored(run: FinishedRun) -> Iterator[str]:
    """Why samples are unscored, a line a reason, of a benchmark with many reasons the commonest."""
    by_benchmark: dict[str, list[tuple[str, int]]] = {}
    for (benchmark, why), number in sorted(run.reasons.items(), key=lambda each: -each[1]):
        by_benchmark.setdefault(benchmark, []).append((why, number))
    for benchmark, reasons in by_benchmark.items():
        yield from (f"{benchmark}: {number:,} unscored: {harmless(why)}" for why, number in reasons[:_REASONS])
        if others := reasons[_REASONS:]:
            number = sum(number for _, number in others)
            yield f"{benchmark}: {number:,} more unscored, for {len(others):,} other reasons (-rs shows all)"


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
    for why, _, names in left_out(run):
        yield f"not run, because {why}: {', '.join(names)}"
    if run.collection is not None:
        yield from collection.not_run(run.collection)


def left_out(run: FinishedRun) -> Iterator[tuple[str, str, Collection[str]]]:
    """Why benchmarks that nobody named were not asked, what helps, and which they are."""
    for why, helps, names in (
        ("they have no data", "--eval-data DIR", run.without_data),
        ("they need a judge", "--model judge=NAME", run.without_judge),
        ("the Python of programs lacks what they import", "run.sandbox_python", run.without_modules),
    ):
        if names:
            yield why, helps, names


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
        left = f", {counted(run.selected - run.reported, 'test')} left" if run.selected else ""
        yield f"{counted(run.kept, 'answer')} kept{left}; the same command goes on{same}"
