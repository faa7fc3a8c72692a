"""A run that has come to its end, as every report reads it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pytest_modeleval.asking.spending import Spent
from pytest_modeleval.gate.gate import GateDecision, Regressed
from pytest_modeleval.items.collect import Drawn
from pytest_modeleval.judging.judged import Calibration
from pytest_modeleval.options.options import Options
from pytest_modeleval.record import INTERRUPTED
from pytest_modeleval.results.levels import LevelRow
from pytest_modeleval.results.results import AxisRow, Results, TableRow
from pytest_modeleval.results.reuse import Reuse


@dataclass(frozen=True)
class Totals:
    """A run's samples by their outcome, and its answers by whether they are new."""

    right: int = 0
    wrong: int = 0
    measured: int = 0
    errors: int = 0
    unscored: int = 0
    answers: Reuse = field(default_factory=Reuse)
    # More than half of the samples, and than the share that is accepted, are errors.
    mostly_errors: bool = False

    @classmethod
    def of(cls, results: Results, accepted: float) -> "Totals":
        """What was counted."""
        counts = results.right, results.wrong, results.measured, results.errors, results.unscored
        return cls(*counts, results.reuse, results.mostly_errors(accepted))

    @property
    def done(self) -> int:
        """The samples with an outcome."""
        return self.right + self.wrong + self.measured + self.errors + self.unscored


@dataclass(frozen=True)
class GateLine:
    """One gate: ``result`` is passed, failed, inconclusive or invalid, ``why`` the figures it rests on."""

    result: str
    name: str
    why: str
    # The scores that were compared, where there are two.
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Two models on the samples that both scored: the second's mean less the first's, and its 95% interval.

    An end is None where there is none: for very few samples whose scores' range has no end either.
    """

    benchmark: str
    models: tuple[str, str]
    samples: int
    change: float
    low: float | None
    high: float | None
    first_better: int
    second_better: int


class Section(Protocol):
    """What a run found that is no scored sample, for every report: of load tests, or beside the scores of samples."""

    @property
    def title(self) -> str:
        """What the run is called: "Load test of qwen3"; empty for what stands beside scores."""

    def document(self) -> Mapping[str, object]:
        """Its part of the written table (JSON), by keys that no other has."""

    def tables(self) -> Mapping[str, Sequence[Sequence[str]]]:
        """Tables of texts by their titles, the first line of each that of its columns."""

    def gate(self) -> Iterable[GateLine]:
        """What was judged."""

    def figures(self) -> Iterable[tuple[str, Mapping[str, float]]]:
        """Of each step whose figures they are, and the figures by name, for a tracker."""

    def notes(self) -> Iterable[str]:
        """What else is said of it, in a line each."""

    def plots(self) -> Mapping[str, str]:
        """SVG texts by title."""


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """One run, made once at its end; what its samples asked and got stands in the store in ``folder``.

    ``began`` is a clock time in seconds. ``ended`` is ``complete`` or ``interrupted``; ``exit_status`` is that of
    pytest, unless a report cannot be written. ``stopped`` says why nothing more was asked, or judged. ``selected``
    counts the items, ``reported`` those that came to their end. ``is_gated`` says that a gate or a baseline was asked
    for; ``decision`` is None where nothing could be decided.
    A run of load tests scores no samples: what it measured is its section.
    """

    id: str
    root: Path
    folder: Path
    began: float
    options: Options
    models: Sequence[str]
    ended: str
    exit_status: int
    selected: int
    reported: int
    stopped: str = ""
    totals: Totals = Totals()
    rows: Sequence[TableRow] = ()
    # The same of every subset, and of every value of an axis.
    subset_rows: Sequence[TableRow] = ()
    axis_rows: Sequence[AxisRow] = ()
    tag_rows: Sequence[TableRow] = ()
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # A collection's, and its table.
    collection: Drawn | None = None
    levels: Sequence[LevelRow] = ()
    is_gated: bool = False
    decision: GateDecision | None = None
    # What people's labels say of the judges, of each model and benchmark that was judged.
    calibrations: Sequence[Calibration] = ()
    regressed: Sequence[Regressed] = ()
    # The run that the baseline is of.
    baseline_run: str = ""
    comparisons: Sequence[Comparison] = ()
    # The baseline that it wrote.
    blessed: Path | None = None
    spent: Spent | None = None
    # Which stored answers served, or would have, a line each.
    remarks: Sequence[str] = ()
    # The answers in the store that the same command goes on with.
    kept: int = 0
    # How many samples are unscored, by their benchmark and the reason.
    reasons: Mapping[tuple[str, str], int] = field(default_factory=dict)
    # Benchmarks without data, and why.
    without_data: Mapping[str, str] = field(default_factory=dict)
    # Those that need a judge in a run without one, and why.
    without_judge: Mapping[str, str] = field(default_factory=dict)
    # Those whose programs import what the sandbox's Python lacks, and why.
    without_modules: Mapping[str, str] = field(default_factory=dict)
    # How it was asked for, as JSON (`results.setup`).
    setup: Mapping[str, Any] = field(default_factory=dict)
    sections: Sequence[Section] = ()

    @property
    def is_evaluation(self) -> bool:
        """Whether it scored samples, or let them meet in battles: of load tests each section names the run."""
        return bool(self.totals.done) or not any(section.title for section in self.sections)

    @property
    def is_interrupted(self) -> bool:
        """Whether it was broken off."""
        return self.ended == INTERRUPTED


# Writes a run to a path; says how many samples the file has, where it shows all. Raises `OSError` where it cannot.
Writer = Callable[[Path, FinishedRun], int | None]
