"""A run that has come to its end, as every report reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_modeleval.asking.spending import Spent
from pytest_modeleval.gate.gate import Decision, Regressed
from pytest_modeleval.items.collect import Drawn
from pytest_modeleval.options.options import Options
from pytest_modeleval.record import INTERRUPTED
from pytest_modeleval.results.levels import LevelRow
from pytest_modeleval.results.results import Results, Row
from pytest_modeleval.results.reuse import Reuse


@dataclass(frozen=True)
class Totals:
    """A run's samples by their outcome, and its answers by whether they are new."""

    right: int
    wrong: int
    measured: int
    errors: int
    unscored: int
    answers: Reuse
    # More than half of the samples, and than the share that is accepted, are errors.
    mostly_errors: bool

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
class FinishedRun:
    """One run, made once at its end; what its samples asked and got stands in the store in ``folder``.

    ``began`` is a clock time in seconds. ``ended`` is ``complete`` or ``interrupted``; ``exit_status`` is that of
    pytest, unless a report cannot be written. ``selected`` counts the items, ``reported`` those that came to their end.
    ``is_gated`` says that a gate or a baseline was asked for; ``decision`` is None where nothing could be decided.
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
    totals: Totals
    rows: Sequence[Row]
    tag_rows: Sequence[Row]
    tags: Mapping[str, Sequence[str]]
    # A collection's, and its table.
    collection: Drawn | None
    levels: Sequence[LevelRow]
    is_gated: bool
    decision: Decision | None
    regressed: Sequence[Regressed]
    # The baseline that it wrote.
    blessed: Path | None
    spent: Spent | None
    # Which stored answers served, or would have, a line each.
    remarks: Sequence[str]
    # The store holds answers for the same command to go on with.
    kept: bool
    # Benchmarks without data, and why.
    without_data: Mapping[str, str]

    @property
    def is_interrupted(self) -> bool:
        """Whether it was broken off."""
        return self.ended == INTERRUPTED
