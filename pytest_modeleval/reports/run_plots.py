"""The plots of one run: scores, how models compare, answers' lengths, latencies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from pytest_modeleval.history.past import Past
from pytest_modeleval.reports import plots
from pytest_modeleval.reports.first_screen import FirstScreen
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.results.results import TableRow

# The title of the plot that a page opens with.
SCORES = "Scores"


class Measured(NamedTuple):
    """One scored sample: its own score, the tokens of its answer and the seconds that it took."""

    model: str
    score: float
    tokens: int | None
    seconds: float | None


Named = TypeVar("Named", Measured, TableRow)


def of_runs(folder: Path, screen: FirstScreen) -> dict[str, str]:
    """The plots of the runs on the first screen, as SVG texts by title; of two runs, a model is called by each."""
    before = {each.run: f"{each.run.short} " if len(screen.scores) > 1 else "" for each in screen.scores}
    samples: list[Measured] = []
    with closing(Past(folder)) as past:
        for run in before:
            scored = [each for each in past.attempts(run) if each.has_verdict and not each.scale]
            found = [
                Measured(before[run] + each.model, each.value or 0.0, each.tokens, each.seconds) for each in scored
            ]
            samples += _by_name(found)
    scores = [
        replace(each, rows=[replace(row, model=before[each.run] + row.model) for row in _by_name(each.rows)])
        for each in screen.scores
    ]
    return drawn(replace(screen, scores=scores), samples)


def _by_name(found: Iterable[Named]) -> list[Named]:
    """What there is by its model: one has the same colour in all plots, however they were answered."""
    return sorted(found, key=lambda each: each.model)


def plots_of(run: FinishedRun, screen: FirstScreen) -> dict[str, str]:
    """All plots of a run as SVG texts by title, its sections' among them."""
    found = of_runs(run.folder, screen)
    for section in run.sections:
        found |= section.plots()
    return found


def drawn(screen: FirstScreen, samples: Sequence[Measured]) -> dict[str, str]:
    """The plots for which there are data, as SVG by title."""
    return dict(_drawn(screen, samples))


def _drawn(screen: FirstScreen, samples: Sequence[Measured]) -> Iterator[tuple[str, str]]:
    rows = [row for scores in screen.scores for row in scores.rows if row.metric == "main" and row.is_share]
    # Parts and tags are in the tables: of a plot of 57 nobody reads one.
    if whole := [row for row in rows if not row.part and row.score is not None]:
        yield SCORES, plots.intervals(f"{SCORES} (95% interval)", [_interval(row) for row in whole])
    if screen.comparisons:
        pairs = [
            plots.Interval(
                f"{each.benchmark}: {each.models[1]} less {each.models[0]}", each.change, each.low, each.high
            )
            for each in screen.comparisons
        ]
        yield "Comparison", plots.intervals("Comparison of models (95% interval)", pairs, axis="change", line=0.0)
    yield from _distributions(samples)


def _interval(row: TableRow) -> plots.Interval:
    return plots.Interval(row.benchmark, row.score or 0.0, row.low, row.high, row.model)


def _distributions(samples: Sequence[Measured]) -> Iterator[tuple[str, str]]:
    tokens = _by_model([(s.model, s.tokens) for s in samples])
    if tokens:
        scores = _by_model([(s.model, s.score) for s in samples if s.tokens is not None])
        yield "Score against length", plots.against_length(tokens, scores)
        yield "Tokens", plots.distribution("Tokens of the answers", "tokens", tokens)
    if seconds := _by_model([(s.model, s.seconds) for s in samples]):
        yield "Latency", plots.distribution("Latency of the answers", "seconds", seconds)


def _by_model(values: Sequence[tuple[str, float | None]]) -> Mapping[str, Sequence[float]]:
    found: dict[str, list[float]] = {}
    for model, value in values:
        if value is not None:
            found.setdefault(model, []).append(value)
    return found
