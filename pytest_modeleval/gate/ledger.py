"""Per-sample outcomes of a run: what a baseline keeps and a gate compares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pytest_modeleval.results import ERROR, Record


class Outcome(NamedTuple):
    """One sample's: the hash of its content, its mean score over so many repeats, the spread within them."""

    content: str
    score: float
    repeats: int
    variance: float


@dataclass(slots=True)
class _Scores:
    content: str = ""
    values: list[float] = field(default_factory=list)


@dataclass
class Outcomes:
    """What one run knows of one model on one benchmark; samples go by ``subset-00042``."""

    pins: Mapping[str, str] = field(default_factory=dict)
    errors: int = 0
    asked: int = 0
    _scores: dict[str, _Scores] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Count one record."""
        self.pins = record.pins or self.pins
        self.asked += bool(record.scores) or record.outcome == ERROR
        self.errors += record.outcome == ERROR
        for metric, value, _ in record.scores:
            if metric == "main":
                scores = self._scores.setdefault(f"{record.subset}-{record.index:05}", _Scores(record.sample))
                scores.values.append(value)

    @property
    def samples(self) -> dict[str, Outcome]:
        """The scored samples, in the order of their names."""
        return {name: _outcome(scores) for name, scores in sorted(self._scores.items())}


def _outcome(scores: _Scores) -> Outcome:
    n = len(scores.values)
    mean = sum(scores.values) / n
    variance = sum((value - mean) ** 2 for value in scores.values) / (n - 1) if n > 1 else 0.0
    return Outcome(scores.content, round(mean, 9), n, round(variance, 9))


class Ledger:
    """The outcomes of every model and benchmark of a run."""

    def __init__(self) -> None:
        self.outcomes: dict[tuple[str, str], Outcomes] = {}

    def add(self, record: Record) -> None:
        """Count one record."""
        self.outcomes.setdefault((record.model, record.benchmark), Outcomes()).add(record)
