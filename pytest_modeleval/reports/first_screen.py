"""What a reader sees first of a run, or of two, as plain data: scores, the gate, what got worse, who is better."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from pytest_modeleval.gate.judge import Gate, Judgement
from pytest_modeleval.gate.ledger import Outcomes
from pytest_modeleval.gate.verdict import compared
from pytest_modeleval.history.difference import Difference, outcomes, records
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.levels import LevelRow
from pytest_modeleval.reports.collection import not_run
from pytest_modeleval.reports.gate import lines
from pytest_modeleval.reports.notes import notes
from pytest_modeleval.reports.plots import lacking
from pytest_modeleval.results import OVER_REPEATS, Results, Row

if TYPE_CHECKING:
    from pytest_modeleval.evaluation import Evaluation


@dataclass(frozen=True)
class Scores:
    """One run's table; ``rows`` has a benchmark's parts behind it, ``tags`` the samples of a tag as a ``part``."""

    run: Run
    rows: Sequence[Row]
    tags: Sequence[Row] = ()


@dataclass(frozen=True)
class GateLine:
    """One gate: ``result`` is passed, failed or inconclusive, ``why`` the figures it rests on."""

    result: str
    name: str
    why: str


@dataclass(frozen=True)
class Regressed:
    """A sample that scored less than before. ``flaky`` is its history's word, where that was looked at."""

    model: str
    benchmark: str
    sample: str
    before: float
    after: float
    flaky: bool = False


@dataclass(frozen=True)
class Comparison:
    """Two models on the samples that both scored: the second's mean less the first's, and its 95% interval."""

    benchmark: str
    models: tuple[str, str]
    samples: int
    change: float
    low: float
    high: float
    first_better: int
    second_better: int


@dataclass(frozen=True)
class FirstScreen:
    """Everything that stands above the samples. ``exit_status`` is None where nothing was run."""

    scores: Sequence[Scores]
    gate: Sequence[GateLine] = ()
    regressed: Sequence[Regressed] = ()
    comparisons: Sequence[Comparison] = ()
    notes: Sequence[str] = ()
    exit_status: int | None = None


def of_run(evaluation: "Evaluation", exit_status: int) -> FirstScreen:
    """That of the run which ends; its scores are in the store."""
    results, drawn = evaluation.results, evaluation.collector.drawn
    levels = [row for row in evaluation.levels.rows() if row.level == "tag"]
    with closing(Past(evaluation.folder)) as past:
        run = Run(evaluation.run, evaluation.began)
        of_models = outcomes(past, run) if len(evaluation.models) > 1 else {}
    without = evaluation.collector.without_data
    said = [
        *notes(evaluation),
        *([f"not run, because they have no data: {', '.join(without)}"] if without else []),
        *(not_run(drawn) if drawn else []),
        *(lacking() if results.done else []),
    ]
    return FirstScreen(
        scores=[Scores(run, _shown(results.rows()), [_as_row(row) for row in levels] if drawn else results.tag_rows())],
        gate=_gate(evaluation.judgement),
        regressed=list(_regressed(evaluation.gate)),
        comparisons=list(_comparisons([spec.name for spec in evaluation.models], of_models)),
        notes=said,
        exit_status=exit_status,
    )


def of_difference(past: Past, found: Difference) -> FirstScreen:
    """That of two stored runs: their scores out of the store, which keeps no weights, so of each sample's own alone."""
    regressed = [
        Regressed(each.models[1], each.benchmark, each.sample, each.before.score, each.after.score, each.flaky)
        for each in found.changes
        if each.regressed
    ]
    return FirstScreen(
        scores=[_stored(past, run) for run in found.runs],
        gate=_gate(Judgement([part.verdict for part in found.parts if part.is_comparison])),
        regressed=sorted(regressed, key=lambda each: each.flaky),
        notes=[
            f"{part.benchmark}: {part.asked_differently:,} samples ask or expect something else than before"
            for part in found.parts
            if part.asked_differently
        ]
        + [
            f"{part.benchmark}: {part.same_answers:,} samples were judged by the same stored answers twice"
            for part in found.parts
            if part.same_answers
        ]
        + lacking(),
    )


def _stored(past: Past, run: Run) -> Scores:
    results = Results()
    for record in records(past, run):
        results.add(record)
    return Scores(run, _shown(results.rows()))


def _shown(rows: Sequence[Row]) -> list[Row]:
    """The rows without a part's metrics over repeats, as in the terminal."""
    return [row for row in rows if not (row.part and row.metric.startswith(OVER_REPEATS))]


def _gate(judgement: Judgement | None) -> list[GateLine]:
    return [GateLine(result.value, name, why) for result, name, why in (lines(judgement) if judgement else ())]


def _regressed(gate: Gate) -> Iterator[Regressed]:
    """The samples that scored less than in the baseline; called as in items' ids, like everywhere else."""
    if gate.baseline is None:
        return
    for (model, benchmark), now in gate.ledger.outcomes.items():
        part = gate.baseline.parts.get(benchmark)
        before = part.samples if part else {}
        for name, outcome in now.samples.items():
            if name in before and outcome.score < before[name].score:
                yield Regressed(model, benchmark, name, before[name].score, outcome.score)


def _comparisons(models: Sequence[str], of_models: Mapping[tuple[str, str], Outcomes]) -> Iterator[Comparison]:
    benchmarks = list(dict.fromkeys(benchmark for _, benchmark in of_models))
    samples = {key: found.samples for key, found in of_models.items()}
    for one, two in combinations(models, 2):
        for benchmark in benchmarks:
            if (one, benchmark) not in samples or (two, benchmark) not in samples:
                continue
            # Both ends at 2.5 % are a 95 % interval.
            found = compared(benchmark, samples[one, benchmark], samples[two, benchmark], margin=0.01, alpha=0.025)
            if found.n:
                better = found.regressions, found.fixes
                yield Comparison(benchmark, (one, two), found.n, found.change, found.low, found.high, *better)


def _as_row(row: LevelRow) -> Row:
    """A collection's line of a tag as a row of the table."""
    return Row(
        model=row.model,
        benchmark="",
        part=row.name[0],
        metric=row.metric,
        samples=row.samples,
        errors=row.errors,
        unscored=row.unscored,
        score=row.micro,
        standard_error=row.standard_error,
        low=row.low,
        high=row.high,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        seconds=row.seconds,
        new=row.new,
        stored=row.stored,
        oldest=row.oldest,
    )
