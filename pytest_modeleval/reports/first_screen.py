"""What a reader sees first of a run, or of two, as plain data: scores, the gate, what got worse, who is better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from pytest_modeleval.gate.gate import GateDecision, Regressed
from pytest_modeleval.history.difference import Difference, records
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.reports.gate import gate, lines
from pytest_modeleval.reports.notes import not_run, notes
from pytest_modeleval.results.finished import Comparison, FinishedRun, GateLine
from pytest_modeleval.results.levels import LevelRow
from pytest_modeleval.results.results import Figures, Results, TableRow
from pytest_modeleval.results.tally import OVER_REPEATS


@dataclass(frozen=True)
class Scores:
    """One run's table; ``rows`` has a benchmark's parts behind it, ``tags`` the samples of a tag as a ``part``."""

    run: Run
    rows: Sequence[TableRow]
    tags: Sequence[TableRow] = ()


@dataclass(frozen=True)
class FirstScreen:
    """Everything that stands above the samples. ``exit_status`` is None where nothing was run.

    ``title`` is that of a run that is no evaluation; ``tables`` are texts by their titles.
    """

    scores: Sequence[Scores]
    title: str = ""
    tables: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    gate: Sequence[GateLine] = ()
    regressed: Sequence[Regressed] = ()
    comparisons: Sequence[Comparison] = ()
    notes: Sequence[str] = ()
    exit_status: int | None = None


def of_run(run: FinishedRun) -> FirstScreen:
    """That of a run which ends; its scores are in the store."""
    drawn = run.collection
    # By its id among all runs: one that scored nothing is none of those that `Past.run` knows.
    stored = Run(run.id, run.began)
    tags = [_as_row(row) for row in run.levels if row.level == "tag"] if drawn else run.tag_rows
    return FirstScreen(
        scores=[Scores(stored, _shown(run.rows), tags)],
        title=", ".join(each.title for each in run.sections if each.title),
        tables={title: cells for each in run.sections for title, cells in each.tables().items()},
        gate=gate(run),
        regressed=run.regressed,
        comparisons=run.comparisons,
        notes=[*notes(run), *not_run(run)],
        exit_status=run.exit_status,
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
        gate=lines(GateDecision([part.verdict for part in found.parts if part.is_comparison])),
        regressed=sorted(regressed, key=lambda each: each.flaky),
        notes=[note for part in found.parts for note in part.notes],
    )


def of_stored(
    past: Past, runs: Sequence[Run], tables: Mapping[str, Sequence[Sequence[str]]], notes: Sequence[str]
) -> FirstScreen:
    """That of stored runs: their scores, and tables and lines that were made of them."""
    return FirstScreen(scores=[_stored(past, run) for run in runs], tables=tables, notes=notes)


def _stored(past: Past, run: Run) -> Scores:
    results = Results()
    for record in records(past, run):
        results.add(record)
    return Scores(run, _shown(results.rows()))


def _shown(rows: Sequence[TableRow]) -> list[TableRow]:
    """The rows without a part's metrics over repeats, as in the terminal."""
    return [row for row in rows if not (row.part and row.metric.startswith(OVER_REPEATS))]


def _as_row(row: LevelRow) -> TableRow:
    """A collection's line of a tag as a row of the table."""
    shared = {field.name: getattr(row, field.name) for field in fields(Figures)}
    return TableRow(benchmark="", part=row.name[0], score=row.micro, **shared)
